"""doccano's JSON lines, in both forms; also CLUENER's, whose labels hold texts, and lists of spans beside a text.

{"text": "Ida ruft", "label": [[0, 3, "PER"]]}
{"text": "Ida ruft", "entities": [{"id": 1, "label": "PER", "start_offset": 0, "end_offset": 3}], "relations": []}
{"text": "Ida ruft", "label": {"name": {"Ida": [[0, 2]]}}}
"""

from collections.abc import Sequence
from typing import Any

from artifacts.errors import InputError
from tasks.corpus.documents import Document, Mark
from tasks.corpus.exchange.fields import list_of, mark_of, shown, text_of, words_of

MARK_KEYS = ("label", "labels", "entities", "spans", "annotation", "annotations", "ner")


def marks_keys(row: Any) -> list[str]:
    """The keys under which a record with a text may have entities: lists, or objects."""
    if not isinstance(row, dict) or not isinstance(row.get("text"), str):
        return []
    return [key for key in MARK_KEYS if isinstance(row.get(key), list | dict)]


def filled_keys(row: Any) -> list[str]:
    """Those of them that have entities: not an empty list, nor other values such as the topics of a text."""
    present = {key: row[key] for key in marks_keys(row)}
    return [key for key, of in present.items() if of and (isinstance(of, dict) or isinstance(of[0], list | dict))]


def read_row(row: Any, key: str | None, number: int, place: str, names: Sequence[str] | None) -> Document:
    """A text with entities under a key; without a key, the text alone.

    Raises:
        InputError: if it is not what it should be.
    """
    text = text_of(row, "text", place)
    if key is None:
        return Document(text, [], number, words_of(row, place))
    if isinstance(row.get(key), dict):
        return Document(text, _by_label(row[key], place), number, words_of(row, place))
    values = list_of(row, key, place)
    # Argilla 1 has the label first.
    turned = [[*each[1:3], each[0]] if _label_first(each) else each for each in values]
    marks = [mark_of(each, f"{place}: entity {i} of {key}", names) for i, each in enumerate(turned)]
    return Document(text, marks, number, words_of(row, place))


def write_row(words: Sequence[str], text: str, marks: Sequence[Mark]) -> dict[str, Any]:
    """A sentence; doccano keeps the words, which it does not need, among its metadata."""
    return {"text": text, "label": [[mark.start, mark.end, mark.label] for mark in marks], "tokens": list(words)}


def _label_first(value: Any) -> bool:
    return isinstance(value, list) and len(value) >= 3 and isinstance(value[0], str) and type(value[2]) is int


def _by_label(labels: dict[str, Any], place: str) -> list[Mark]:
    marks = []
    for label, texts in labels.items():
        for surface, bounds in texts.items() if isinstance(texts, dict) else [("", None)]:
            for each in bounds if isinstance(bounds, list) else [None]:
                if not isinstance(each, list) or len(each) != 2 or not all(type(bound) is int for bound in each):
                    raise InputError(
                        f"{place}: {label} has {shown(each)}; expected texts with lists of [start, end]; fix it"
                    )
                marks.append(Mark(each[0], each[1], label, surface))
    return marks
