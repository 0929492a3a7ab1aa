"""Texts cut into pieces, such that what belongs together in two texts has one colour."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from tasks.translation.marked.brackets import cut_at_brackets
from tasks.translation.marked.markers import Pieces, cut, form_of
from tasks.words.spans import spans_of

Row = dict[str, Any]
Span = tuple[int, int, int, str]


@dataclass(frozen=True)
class Piece:
    """A part of a text.

    Attributes:
        text: its words.
        number: what belongs together has one; None for what belongs to nothing.
        note: a few letters behind it, such as its type.
        title: more about it.
    """

    text: str
    number: int | None = None
    note: str = ""
    title: str = ""


def in_spans(words: Sequence[str], spans: Sequence[Span]) -> tuple[Piece, ...]:
    """Words in pieces: those of each span together, the others one by one.

    Args:
        words: of a sentence.
        spans: first word, the word behind the last, number and note of each; of overlapping ones the first counts.
    """
    pieces, done = [], 0
    for start, end, number, note in sorted(spans):
        if start < done or not 0 <= start < end <= len(words):
            continue
        pieces += [Piece(word) for word in words[done:start]]
        pieces.append(Piece(" ".join(words[start:end]), number, note))
        done = end
    return (*pieces, *(Piece(word) for word in words[done:]))


def tagged(words: Sequence[str], tags: Sequence[str], numbers: Sequence[int] | None = None) -> tuple[Piece, ...]:
    """A tagged sentence in pieces; its entities are numbered in their order, or as told."""
    spans = spans_of(tags)
    given = range(len(spans)) if numbers is None else numbers
    return in_spans(words, [(start, end, n, kind) for (start, end, kind), n in zip(spans, given, strict=False)])


def marked(text: str) -> tuple[Piece, ...]:
    """A text with markers in pieces: what stands between two markers of a number has that number."""
    return _between(cut(text, str.split, form_of(text)))


def bracketed(text: str, entities: Sequence[int]) -> tuple[Piece, ...]:
    """A text with brackets in pieces; those between the brackets are these entities, in order.

    Without entities nothing says which they are: the text is shown as it is.
    """
    found = cut_at_brackets(text, str.split, len(entities))
    if found.broken or len(found.numbers) != 2 * len(entities):
        return _between(cut_at_brackets(text, str.split, 0))
    return _between(replace(found, numbers=[entities[number] for number in found.numbers]))


def _between(found: Pieces) -> tuple[Piece, ...]:
    pieces, open_now = [], dict[int, None]()
    for number, segment in zip([None, *found.numbers], found.segments, strict=True):
        if number is not None:
            if number in open_now:
                del open_now[number]
            else:
                open_now[number] = None
        if segment:
            pieces.append(Piece(" ".join(segment), next(reversed(open_now), None)))
    return tuple(pieces)


def entity_numbers(output: str, entities: int) -> list[int]:
    """Which entity of the source each entity of a marked translation is, by its marker, in the translation's order."""
    numbers = list(dict.fromkeys(cut(output, str.split, form_of(output)).numbers))
    return numbers if len(numbers) == entities else list(range(entities))


def projected_places(row: Row) -> list[Span]:
    """Where the entities of a projection stand in the raw sentence; one word each in a sentence that was dropped."""
    ends = {start: end for start, end, _ in spans_of(row["tags"])}
    numbers = entity_numbers(row["output"], len(row["entities"]))
    return [
        (at, ends.get(at, at + 1), number, kind)
        for at, number, kind in zip(row["matches"], numbers, row["entity_types"], strict=True)
        if at >= 0
    ]


def pair_places(row: Row, start: str, end: str) -> list[Span]:
    """The spans of conjugate pairs that were kept, on one side: `starts` or `translated_starts`."""
    kept = [n for n, reason in enumerate(row["reasons"]) if not reason]
    return [(row[start][n], row[end][n], n, "") for n in kept]
