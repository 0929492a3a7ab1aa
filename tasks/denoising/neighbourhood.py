"""The neighbours that decided how far a word's label is trusted, found again for people to look at."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from tasks.denoising.neighbours.bank import Bank
from tasks.denoising.reliability import Reliability, match_groups


class Neighbourhood(NamedTuple):
    """A word's neighbours, nearest first.

    Attributes:
        label_id: the word's label.
        words: [K] int, numbers of the neighbours among the text's words.
        cosines: [K] float32 their similarities.
        label_ids: [K] int, their labels.
        matches: [K] bool, whether a neighbour speaks for the word's label.
    """

    label_id: int
    words: np.ndarray
    cosines: np.ndarray
    label_ids: np.ndarray
    matches: np.ndarray


def neighbourhood(bank: Bank, word: int, labels: Sequence[str], config: Reliability) -> Neighbourhood:
    """Finds a word's neighbours as `score_reliability` does.

    Args:
        bank: that `make_bank` made of the step's inputs.
        word: its number among all words of the text.
        labels: C names.
        config: K, what counts as a match, whether duplicates are left out.
    """
    words, cosines = bank.nearest(word, config.neighbours, config.exclude_duplicates)
    groups = match_groups(labels, config.match)
    label_id, label_ids = int(bank.label_ids[word]), np.asarray(bank.label_ids[words])
    return Neighbourhood(label_id, words, cosines, label_ids, groups[label_ids] == groups[label_id])
