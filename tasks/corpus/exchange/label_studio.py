"""Label Studio's JSON of texts with labels: tasks with `data` and `annotations`, and the short form (JSON-MIN)."""

from collections.abc import Sequence
from typing import Any

from artifacts.errors import InputError
from tasks.corpus.documents import Document, Mark
from tasks.corpus.exchange.fields import list_of, mark_of, shown, text_of, words_of


def is_task(row: Any) -> bool:
    """Whether a record is a task."""
    return (
        isinstance(row, dict) and isinstance(row.get("data"), dict) and ("annotations" in row or "predictions" in row)
    )


def is_short_task(row: Any) -> bool:
    """Whether a record is a task of the short form: labels are lists inside each span."""
    spans = row.get("label") if isinstance(row, dict) else None
    return isinstance(spans, list) and bool(spans) and isinstance(spans[0], dict) and "labels" in spans[0]


def are_short_tasks(rows: Sequence[Any], sample: Sequence[Any]) -> bool:
    """Whether any record is such a task, and the first ones are others of the short form or texts without a label."""
    return any(map(is_short_task, rows)) and all(is_short_task(row) or _is_unlabelled(row) for row in sample)


def is_cancelled(row: Any) -> bool:
    """Whether a record is a task all of whose annotations were cancelled: somebody skipped it."""
    made = _annotations(row) if is_task(row) else []
    return bool(made) and all(each.get("was_cancelled") for each in made)


def remarks(rows: Sequence[Any]) -> tuple[str, ...]:
    """What to say of tasks: how many nobody has annotated."""
    untouched = sum(not _annotations(row) for row in rows if is_task(row))
    return (f"{untouched:,} tasks have no annotation, and count as sentences without entities",) if untouched else ()


def read_task(row: Any, number: int, place: str) -> Document:
    """A text with the entities of its last annotation that was not cancelled; without any, those of no one.

    Raises:
        InputError: if its data has no text, or several, or a result is not what it should be.
    """
    data = row["data"]
    texts = ["text"] if "text" in data else [key for key, value in data.items() if isinstance(value, str)]
    if len(texts) != 1:
        raise InputError(f"{place}: data has {len(texts)} texts; expected one, under text; export one of them")
    list_of(row, "annotations", place)
    made = [each for each in _annotations(row) if not each.get("was_cancelled")]
    marks: list[Mark] = []
    for i, each in enumerate(list_of(made[-1], "result", place) if made else []):
        value = each.get("value") if isinstance(each, dict) else None
        if isinstance(value, dict) and "labels" in value:
            marks += _marks(value, f"{place}: result {i}")
    return Document(text_of(data, texts[0], place), marks, number, words_of(data, place))


def read_short_task(row: Any, number: int, place: str) -> Document:
    """A text with entities, of the short form.

    Raises:
        InputError: if it is not what it should be.
    """
    marks: list[Mark] = []
    for i, each in enumerate(list_of(row, "label", place)):
        marks += _marks(each, f"{place}: label {i}")
    return Document(text_of(row, "text", place), marks, number, words_of(row, place))


def write_task(words: Sequence[str], text: str, marks: Sequence[Mark]) -> dict[str, Any]:
    """A sentence as a task; its words stand beside the text, where Label Studio does not look."""
    results = [
        {
            "from_name": "label",
            "to_name": "text",
            "type": "labels",
            "value": {
                "start": mark.start,
                "end": mark.end,
                "text": text[mark.start : mark.end],
                "labels": [mark.label],
            },
        }
        for mark in marks
    ]
    return {"data": {"text": text, "tokens": list(words)}, "annotations": [{"result": results}]}


def _annotations(task: Any) -> list[dict[str, Any]]:
    made = task.get("annotations")
    return [each for each in made if isinstance(each, dict)] if isinstance(made, list) else []


def _is_unlabelled(row: Any) -> bool:
    return isinstance(row, dict) and isinstance(row.get("text"), str) and not row.get("label")


def _marks(value: Any, place: str) -> list[Mark]:
    labels = value.get("labels") if isinstance(value, dict) else None
    if not isinstance(labels, list):
        raise InputError(f"{place} has labels {shown(labels)}; expected a list; fix it")
    return [mark_of({**value, "label": label}, place, None) for label in labels]
