"""What offsets count: characters, or the UTF-16 units in which JavaScript, and so many annotation pages, count them.

They differ behind a character beyond U+FFFF, such as an emoji: it is one character and two units.
"""

from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate

from artifacts.errors import InputError
from tasks.corpus.formats import CorpusFormat
from tasks.corpus.visible import quoted

_LAST_OF_ONE_UNIT = "\uffff"
_SURE = 0.9
_CLEARLY = 2


@dataclass(frozen=True)
class Mark:
    """An entity as a file gives it: offsets in characters, label, and its text where the file repeats it."""

    start: int
    end: int
    label: str
    surface: str | None = None


def in_characters(
    texts: Sequence[str],
    marks: Sequence[Sequence[Mark]],
    bounds: Callable[[int], Container[int]],
    where: Callable[[int], str],
    format: CorpusFormat,
) -> list[Sequence[Mark]]:
    """The entities of texts with offsets in characters.

    Unless the format says what they count, it is told from the entities for which it makes a difference: UTF-16 units
    where nine in ten then fit (are the text that the file repeats, or begin and end with a word), and twice as many as
    if characters are counted; characters where twice as many fit these. Where ends may be either, exclusive ones are
    looked at first. Where none fits either way, they are characters, inside words. An offset inside a character, or
    behind the text, stays as it is.

    Args:
        texts: as the file has them.
        marks: the entities of each.
        bounds: where words begin and end in the text of a number, in characters; asked where it makes a difference.
        where: what to call that text in an error.
        format: `offsets` says what they count, if it is known.

    Raises:
        InputError: if it is not known, and neither of two that fit does so clearly better.
    """
    if format.offsets == "characters":
        return list(marks)
    turned = [_of_units(text, its_marks) for text, its_marks in zip(texts, marks, strict=True)]
    if format.offsets == "utf-16":
        return turned
    differing = []
    for number, (text, before, after) in enumerate(zip(texts, marks, turned, strict=True)):
        pairs = [(one, other) for one, other in zip(before, after, strict=True) if one != other]
        its_bounds = bounds(number) if pairs else ()
        differing += [(number, text, its_bounds, *pair) for pair in pairs]
    if not differing:
        return list(marks)
    counts = []
    for last in {"exclusive": (0,), "inclusive": (1,)}.get(format.span_ends, (0, 1)):
        fit_characters = sum(_fits(text, one, last, its_bounds) for _, text, its_bounds, one, _ in differing)
        fit_units = sum(_fits(text, other, last, its_bounds) for _, text, its_bounds, _, other in differing)
        if fit_characters and fit_characters >= _CLEARLY * fit_units:
            return list(marks)
        if fit_units >= _SURE * len(differing) and fit_units >= _CLEARLY * fit_characters:
            return turned
        counts.append((fit_characters, fit_units))
    if not any(map(any, counts)):
        return list(marks)
    number, text, _, one, other = differing[0]
    (fit_characters, fit_units), shown = counts[0], [quoted(text[each.start : each.end]) for each in (one, other)]
    raise InputError(
        f"{where(number)}: the entity {one.label!r} from {one.start} to {one.end} is {shown[0]} if offsets count "
        f"characters, and {shown[1]} if they count UTF-16 units; of {len(differing):,} entities behind an emoji, or "
        f"another character that is two units, {fit_characters:,} begin and end with a word in the first case, "
        f"{fit_units:,} in the second; expected it to be plain which is meant; set offsets to characters or utf-16"
    )


def _of_units(text: str, marks: Sequence[Mark]) -> Sequence[Mark]:
    if text.isascii() or max(text) <= _LAST_OF_ONE_UNIT:
        return marks
    ends = accumulate((1 + (char > _LAST_OF_ONE_UNIT) for char in text), initial=0)
    place = {units: characters for characters, units in enumerate(ends)}
    return [replace(mark, start=place.get(mark.start, mark.start), end=place.get(mark.end, mark.end)) for mark in marks]


def _fits(text: str, mark: Mark, last: int, bounds: Container[int]) -> bool:
    """Whether an entity is its text, or begins and ends with a word; `last` is 1 where its end is inside."""
    start, end = mark.start, mark.end + last
    if not 0 <= start < end <= len(text):
        return False
    piece = text[start:end]
    whole = piece == piece.strip()
    if mark.surface is not None:
        return piece == mark.surface or (whole and piece.split() == mark.surface.split())
    return whole and all(each in bounds or not _in_letters(text, each) for each in (start, end))


def _in_letters(text: str, place: int) -> bool:
    """Whether letters or digits stand on both sides of a place."""
    return 0 < place < len(text) and text[place - 1].isalnum() and text[place].isalnum()
