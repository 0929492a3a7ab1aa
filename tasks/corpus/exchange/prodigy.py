"""Prodigy's JSON lines: a text, its tokens as objects, spans with offsets of characters and of tokens."""

from collections.abc import Sequence
from typing import Any

from tasks.corpus.documents import Document, Mark
from tasks.corpus.exchange.fields import list_of, mark_of, text_of, words_of

ANSWER = "answer"
REFUSED = ("reject", "ignore")
_ANSWERS = ("accept", *REFUSED)


def is_example(row: Any) -> bool:
    """Whether a record is one of Prodigy's: a text, and spans or tokens as objects, or an answer."""
    if not isinstance(row, dict) or not isinstance(row.get("text"), str):
        return False
    tokens = row.get("tokens")
    return row.get(ANSWER) in _ANSWERS or (
        isinstance(tokens, list) and any(isinstance(each, dict) for each in tokens[:1])
    )


def read_example(row: Any, number: int, place: str, names: Sequence[str] | None) -> Document:
    """A text with its spans.

    Raises:
        InputError: if it is not what it should be.
    """
    spans = list_of(row, "spans", place)
    marks = [mark_of(each, f"{place}: span {i}", names) for i, each in enumerate(spans)]
    return Document(text_of(row, "text", place), marks, number, words_of(row, place))


def write_example(words: Sequence[str], text: str, marks: Sequence[Mark]) -> dict[str, Any]:
    """A sentence; the offsets of tokens have inclusive ends, as Prodigy wants them."""
    starts, at = [], 0
    for word in words:
        starts.append(at)
        at += len(word) + 1
    tokens = [
        {"text": word, "start": start, "end": start + len(word), "id": i, "ws": i + 1 < len(words)}
        for i, (word, start) in enumerate(zip(words, starts, strict=True))
    ]
    first = {start: i for i, start in enumerate(starts)}
    last = {start + len(word): i for i, (word, start) in enumerate(zip(words, starts, strict=True))}
    spans = [
        {
            "start": mark.start,
            "end": mark.end,
            "token_start": first[mark.start],
            "token_end": last[mark.end],
            "label": mark.label,
        }
        for mark in marks
    ]
    return {"text": text, "tokens": tokens, "spans": spans, "answer": "accept"}
