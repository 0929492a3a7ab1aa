"""Argilla 2's records: texts under `fields`, entities as the value of a question's response, else of its suggestion."""

from collections.abc import Sequence
from typing import Any

from artifacts.errors import InputError
from tasks.corpus.documents import Document, Mark
from tasks.corpus.exchange.fields import mark_of, text_of, words_of

QUESTION = "entities"


def is_record(row: Any) -> bool:
    """Whether a record is one of Argilla 2's."""
    fields = row.get("fields") if isinstance(row, dict) else None
    return isinstance(fields, dict) and ("responses" in row or "suggestions" in row)


def read_record(row: Any, number: int, place: str) -> Document:
    """A text with the entities of the first response that has some, else of the suggestion.

    A question that was answered, with no entity, has none, whatever was suggested.

    Raises:
        InputError: if it has no text, or several, or an entity is not what it should be.
    """
    fields = row["fields"]
    texts = ["text"] if "text" in fields else [key for key, value in fields.items() if isinstance(value, str)]
    if len(texts) != 1:
        raise InputError(f"{place}: fields has {len(texts)} texts; expected one, under text; export one of them")
    responses, suggestions = _spans(row.get("responses")), _spans(row.get("suggestions"))
    said = [*responses.values(), *(spans for question, spans in suggestions.items() if question not in responses)]
    values = next(filter(None, said), [])
    marks = [mark_of(each, f"{place}: entity {i}", None) for i, each in enumerate(values)]
    return Document(text_of(fields, texts[0], place), marks, number, words_of(row.get("metadata"), place))


def write_record(words: Sequence[str], text: str, marks: Sequence[Mark]) -> dict[str, Any]:
    """A sentence; Argilla keeps its words among the metadata.

    Its entities are a suggestion, which `argilla.Record.from_dict` takes as it is: a response needs the id of a user.
    """
    value = [{"start": mark.start, "end": mark.end, "label": mark.label} for mark in marks]
    return {
        "fields": {"text": text},
        "metadata": {"tokens": list(words)},
        "suggestions": {QUESTION: {"value": value}},
        "responses": {},
    }


def _spans(questions: Any) -> dict[str, list[Any]]:
    """By question the first list of spans among its answers, which may be empty if no answer has one."""
    found: dict[str, list[Any]] = {}
    for question, answers in questions.items() if isinstance(questions, dict) else ():
        for answer in answers if isinstance(answers, list) else [answers]:
            value = answer.get("value") if isinstance(answer, dict) else None
            if isinstance(value, list) and all(isinstance(each, dict) and "start" in each for each in value):
                found[question] = found.get(question) or value
    return found
