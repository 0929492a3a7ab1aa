"""Translations of words by how often they come together in parallel sentences."""

from array import array
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

_WORDS_AT_A_TIME = 1024


def word_associations(
    sentences: Iterable[tuple[Sequence[str], Sequence[str]]], minimum_dice: float, most: int = 2
) -> dict[str, frozenset[str]]:
    """Words that are each among the other's best partners by the Dice coefficient.

        dice(s, t) = 2 n(s, t) / (n(s) + n(t)),     n = number of sentence pairs that have the word, or both

    Several partners allow for inflection (German: deutsche, deutschen). Of each sentence the numbers of its words stay
    in memory, four bytes a word.

    Args:
        sentences: words of each source sentence, and of its translation; the latter are compared in lower case.
        minimum_dice: from 0 to 1; 1 = the two words always come together.
        most: partners of a word, in each direction. Of equally good ones the alphabet's first are taken.

    Returns:
        Source word -> partners in lower case. Words without a letter, and pairs that come together once, are left out.
    """
    source, target = _Incidence(), _Incidence()
    for words, translation in sentences:
        source.add(words)
        target.add([word.lower() for word in translation])
    left_words, left = source.matrix()
    right_words, right = target.matrix()
    if not left_words or not right_words:
        return {}
    rows, columns, together = _together(left.T.tocsr(), right)
    counts = np.asarray(left.sum(axis=0)).ravel(), np.asarray(right.sum(axis=0)).ravel()
    dice = 2 * together / (counts[0][rows] + counts[1][columns])
    kept = _ranked_below(most, rows, columns, dice) & _ranked_below(most, columns, rows, dice) & (dice >= minimum_dice)
    partners: dict[str, set[str]] = defaultdict(set)
    for i, j in zip(rows[kept].tolist(), columns[kept].tolist(), strict=True):
        partners[left_words[i]].add(right_words[j])
    return {word: frozenset(found) for word, found in partners.items()}


def _together(left: Any, right: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Pairs of words that come together more than once, and how often; most come once, so only some rows at a time."""
    found: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
    for first in range(0, left.shape[0], _WORDS_AT_A_TIME):
        both = (left[first : first + _WORDS_AT_A_TIME] @ right).tocoo()
        enough = both.data > 1
        found.append((both.row[enough] + first, both.col[enough], both.data[enough]))
    rows, columns, together = (np.concatenate(each) for each in zip(*found, strict=True))
    return rows, columns, together


class _Incidence:
    """Which sentence has which words."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}
        self._words, self._ends = array("i"), array("q", [0])

    def add(self, words: Sequence[str]) -> None:
        """A sentence; only its words with a letter count."""
        found = {word for word in words if any(map(str.isalpha, word))}
        self._words.extend(self._numbers.setdefault(word, len(self._numbers)) for word in sorted(found))
        self._ends.append(len(self._words))

    def matrix(self) -> tuple[list[str], Any]:
        """The words, sorted, and a sparse [sentences, words] with 1 where a sentence has the word."""
        from scipy import sparse

        words = sorted(self._numbers)
        places = np.empty(len(words), dtype=np.int32)
        places[[self._numbers[word] for word in words]] = np.arange(len(words))
        columns = places[np.frombuffer(self._words, dtype=np.intc)] if words else np.zeros(0, dtype=np.int32)
        ones = np.ones(len(columns), dtype=np.int32)
        ends = np.frombuffer(self._ends, dtype=np.int64)
        return words, sparse.csr_matrix((ones, columns, ends), shape=(len(ends) - 1, len(words)))


def _ranked_below(most: int, groups: np.ndarray, others: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """Marks the `most` best-scored entries of each group; of equal ones those with the smallest number in `others`."""
    order = np.lexsort((others, -scores, groups))
    ordered = groups[order]
    starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]]) if len(order) else order
    ranks = np.arange(len(order)) - np.repeat(starts, np.diff(np.r_[starts, len(order)]))
    marked = np.zeros(len(order), dtype=bool)
    marked[order] = ranks < most
    return marked
