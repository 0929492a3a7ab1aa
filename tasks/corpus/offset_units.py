"""What offsets count: characters, or the UTF-16 units in which JavaScript, and so many annotation pages, count them.

They differ behind a character beyond U+FFFF, such as an emoji: it is one character and two units.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import accumulate

from tasks.corpus.formats import CorpusFormat

_LAST_OF_ONE_UNIT = "\uffff"
_SURE = 0.9


@dataclass(frozen=True)
class Mark:
    """An entity as a file gives it: offsets in characters, label, and its text where the file repeats it."""

    start: int
    end: int
    label: str
    surface: str | None = None


def in_characters(texts: Sequence[str], marks: Sequence[Sequence[Mark]], format: CorpusFormat) -> list[Sequence[Mark]]:
    """The entities of texts with offsets in characters.

    Unless the format says what they count, they are UTF-16 units where, of the entities for which it makes a
    difference, nine in ten then fit (are the text that the file repeats, or begin and end with a word), and more than
    if characters are counted. An offset inside a character, or behind the text, stays as it is.

    Args:
        texts: as the file has them.
        marks: the entities of each.
        format: `offsets` says what they count, if it is known.
    """
    if format.offsets == "characters":
        return list(marks)
    turned = [_of_units(text, its_marks) for text, its_marks in zip(texts, marks, strict=True)]
    if format.offsets == "utf-16":
        return turned
    differing = fit_units = fit_characters = 0
    for text, before, after in zip(texts, marks, turned, strict=True):
        for one, other in zip(before, after, strict=True):
            if one != other:
                differing += 1
                fit_characters += _fits(text, one)
                fit_units += _fits(text, other)
    return turned if fit_units > fit_characters and fit_units >= _SURE * differing else list(marks)


def _of_units(text: str, marks: Sequence[Mark]) -> Sequence[Mark]:
    if text.isascii() or max(text) <= _LAST_OF_ONE_UNIT:
        return marks
    ends = accumulate((1 + (char > _LAST_OF_ONE_UNIT) for char in text), initial=0)
    place = {units: characters for characters, units in enumerate(ends)}
    return [replace(mark, start=place.get(mark.start, mark.start), end=place.get(mark.end, mark.end)) for mark in marks]


def _fits(text: str, mark: Mark) -> bool:
    start, end = mark.start, mark.end
    if not 0 <= start < end <= len(text):
        return False
    if mark.surface is not None:
        return text[start:end] == mark.surface
    inside = text[start].isspace() or text[end - 1].isspace()
    return not inside and not _in_word(text, start) and not _in_word(text, end)


def _in_word(text: str, place: int) -> bool:
    """Whether a word goes on over a place."""
    return 0 < place < len(text) and text[place - 1].isalnum() and text[place].isalnum()
