"""The shortcut past words whose neighbours all share their label."""

from typing import Any

import numpy as np
import pytest
import torch
from banks import clustered_bank, directions, random_bank

from tasks.denoising.neighbours.cosines import Cosines
from tasks.denoising.neighbours.matching import matching_neighbours
from tasks.denoising.neighbours.search import Search
from tasks.denoising.neighbours.unanimous import unanimous_majority


def settled(
    bank: np.ndarray, labels: np.ndarray, k: int, exclude_duplicates: bool = False, worthwhile: float = np.inf
) -> np.ndarray:
    """Words that the shortcut settles; a test's banks are too small for it to pay, so by default it counts as if."""
    done: list[int] = []
    cosines, ids = Cosines.of(bank, "float32", "cpu"), torch.from_numpy(labels)
    words = unanimous_majority(cosines, ids, k, exclude_duplicates, done.append, worthwhile).numpy()
    assert sum(done) == words.sum()
    return words


@pytest.mark.parametrize("make", [random_bank, clustered_bank])
@pytest.mark.parametrize("twice", [False, True])
@pytest.mark.parametrize("exclude_duplicates", [False, True])
def test_a_settled_word_has_k_matches_by_a_full_search(make: Any, twice: bool, exclude_duplicates: bool) -> None:
    bank, labels = make(1200, 16)
    if twice:
        # Every word twice, and some of the pairs with two labels.
        bank[600:] = bank[:600]
        labels[600:900] = labels[:300]
    words = settled(bank, labels, 20, exclude_duplicates)
    full = matching_neighbours(bank, labels, 20, Search(exclude_duplicates=exclude_duplicates), shortcuts=False)
    assert (full.matching[words] == 20).all() and (full.found[words] == 20).all()


@pytest.mark.parametrize("exclude_duplicates", [False, True])
def test_most_words_are_settled_where_labels_form_regions(exclude_duplicates: bool) -> None:
    bank, labels = clustered_bank(1200, 16)
    assert settled(bank, labels, 20, exclude_duplicates)[labels == 0].mean() > 0.9


def test_only_words_that_ask_are_settled() -> None:
    bank, labels = clustered_bank(1200, 16)
    asking, done = np.arange(300, 900), list[int]()
    cosines, ids = Cosines.of(bank, "float32", "cpu"), torch.from_numpy(labels)
    words = unanimous_majority(cosines, ids, 20, False, done.append, np.inf, asking=asking).numpy()
    assert sum(done) == words.sum()
    assert (words == np.isin(np.arange(1200), asking) & settled(bank, labels, 20)).all()
    rare = np.flatnonzero(labels != 0)
    assert not unanimous_majority(cosines, ids, 20, False, done.append, np.inf, asking=rare).any()


def test_duplicates_that_are_left_out_neither_count_nor_stand_in_the_way() -> None:
    # Label 0: 40 words at 0 degrees, 3 at 2. The word of label 1 at 0 is nearer to those at 0 than the ones at 2.
    # With duplicates it settles nothing at 0; without, the 40 have K = 3 others at 2 and no word of label 1 left.
    bank = directions(*[0.0] * 40, 2.0, 2.1, 2.2, 0.0)
    labels = np.array([0] * 43 + [1])
    assert not settled(bank, labels, 3)[:40].any()
    assert settled(bank, labels, 3, exclude_duplicates=True)[:40].all()


def test_a_shortcut_that_costs_more_than_it_saves_is_not_taken() -> None:
    assert not settled(*clustered_bank(1200, 16), 20, worthwhile=0.0).any()


def test_with_one_label_and_duplicates_left_out_words_without_k_others_stay_open() -> None:
    # Each of the 30 equal words has two others left, at 90 degrees; those two have 31.
    bank = directions(*[0.0] * 30, 90.0, 91.0)
    words = settled(bank, np.zeros(32, dtype=np.int64), 3, exclude_duplicates=True)
    assert words.tolist() == [False] * 30 + [True, True]
