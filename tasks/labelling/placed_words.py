"""The text that words make, and where each stands in it."""

from collections.abc import Callable, Sequence
from typing import NamedTuple


class PlacedWords(NamedTuple):
    """Words of a sentence in their text.

    text    as a person writes it
    places  [words] start and end (exclusive) of each word, in code points
    """

    text: str
    places: list[tuple[int, int]]


def placed_words(words: Sequence[str], detokenize: Callable[[Sequence[str]], str]) -> PlacedWords:
    """Joins words as a person writes them; with a space between two where that would change a word or add a sign.

    Args:
        words: of a sentence.
        detokenize: joins words; what it gives is taken if all words stand in it, in order, with spaces alone between.
    """
    text = detokenize(words)
    places = _places(text, words)
    if places is not None:
        return PlacedWords(text, places)
    starts, at = [], 0
    for word in words:
        starts.append(at)
        at += len(word) + 1
    return PlacedWords(" ".join(words), [(start, start + len(word)) for start, word in zip(starts, words, strict=True)])


def _places(text: str, words: Sequence[str]) -> list[tuple[int, int]] | None:
    """Where words stand in a text that has spaces beside them and nothing else; None if it is not so."""
    places, at = [], 0
    for word in words:
        while text[at : at + 1] == " " and not text.startswith(word, at):
            at += 1
        if not text.startswith(word, at):
            return None
        places.append((at, at + len(word)))
        at += len(word)
    return None if text[at:].strip(" ") else places
