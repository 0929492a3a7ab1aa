"""Translations of words by how often they come together in parallel sentences."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np


def word_associations(
    source: Sequence[Sequence[str]], target: Sequence[Sequence[str]], minimum_dice: float, most: int = 2
) -> dict[str, frozenset[str]]:
    """Words that are each among the other's best partners by the Dice coefficient.

        dice(s, t) = 2 n(s, t) / (n(s) + n(t)),     n = number of sentence pairs that have the word, or both

    Several partners allow for inflection (German: deutsche, deutschen).

    Args:
        source: words of each source sentence.
        target: words of each translation; they are compared in lower case.
        minimum_dice: from 0 to 1; 1 = the two words always come together.
        most: partners of a word, in each direction. Of equally good ones the alphabet's first are taken.

    Returns:
        Source word -> partners in lower case. Words without a letter, and pairs that come together once, are left out.
    """
    left_words, left = _incidence(source)
    right_words, right = _incidence([[word.lower() for word in words] for words in target])
    if not left_words or not right_words:
        return {}
    both = (left.T @ right).tocoo()
    enough = both.data > 1
    rows, columns, together = both.row[enough], both.col[enough], both.data[enough]
    counts = np.asarray(left.sum(axis=0)).ravel(), np.asarray(right.sum(axis=0)).ravel()
    dice = 2 * together / (counts[0][rows] + counts[1][columns])
    kept = _ranked_below(most, rows, columns, dice) & _ranked_below(most, columns, rows, dice) & (dice >= minimum_dice)
    partners: dict[str, set[str]] = defaultdict(set)
    for i, j in zip(rows[kept].tolist(), columns[kept].tolist(), strict=True):
        partners[left_words[i]].add(right_words[j])
    return {word: frozenset(found) for word, found in partners.items()}


def _incidence(sentences: Sequence[Sequence[str]]) -> tuple[list[str], Any]:
    """The words with a letter, sorted, and a sparse [sentences, words] with 1 where a sentence has the word."""
    from scipy import sparse

    lists = [sorted({word for word in words if any(map(str.isalpha, word))}) for words in sentences]
    words = sorted({word for found in lists for word in found})
    number = {word: i for i, word in enumerate(words)}
    columns = np.array([number[word] for found in lists for word in found], dtype=np.int64)
    ends = np.cumsum([0, *map(len, lists)])
    ones = np.ones(len(columns), dtype=np.int32)
    return words, sparse.csr_matrix((ones, columns, ends), shape=(len(lists), len(words)))


def _ranked_below(most: int, groups: np.ndarray, others: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """Marks the `most` best-scored entries of each group; of equal ones those with the smallest number in `others`."""
    order = np.lexsort((others, -scores, groups))
    ordered = groups[order]
    starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]]) if len(order) else order
    ranks = np.arange(len(order)) - np.repeat(starts, np.diff(np.r_[starts, len(order)]))
    marked = np.zeros(len(order), dtype=bool)
    marked[order] = ranks < most
    return marked
