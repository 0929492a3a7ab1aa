"""Counts from half the product, against a naive ranking and against a search of every word's own."""

import math
from typing import Any

import numpy as np
import pytest
from banks import clustered_bank, directions, naive_counts, random_bank
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.denoising.neighbours import matching, mirrored, unanimous
from tasks.denoising.neighbours.brackets import Brackets
from tasks.denoising.neighbours.cosines import Cosines, product_precision
from tasks.denoising.neighbours.matching import matching_neighbours
from tasks.denoising.neighbours.mirrored import count_mirrored
from tasks.denoising.neighbours.search import Search


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks so small that a bank of some hundred words crosses their edges."""
    for name, size in {"_BLOCK_ROWS": 48, "_BLOCK_COLUMNS": 200, "_PIECE": 64, "_SAMPLE": 128}.items():
        monkeypatch.setattr(mirrored, name, size)


def mirrored_counts(
    bank: np.ndarray, labels: np.ndarray, k: int, exclude_duplicates: bool = False
) -> tuple[np.ndarray, np.ndarray]:
    done: list[int] = []
    with product_precision("float32", "cpu"):
        counts = count_mirrored(Cosines.of(bank, "float32", "cpu"), labels, k, exclude_duplicates, done.append)
    assert sum(done) == len(bank)
    return counts


@pytest.mark.parametrize("make", [random_bank, clustered_bank])
@pytest.mark.parametrize("k", [1, 7, 60])
def test_counts_are_those_of_a_naive_ranking(make: Any, k: int) -> None:
    bank, labels = make(1500, 16)
    matching_words, certain = mirrored_counts(bank, labels, k)
    assert certain.mean() > 0.98
    assert (matching_words == naive_counts(bank, labels, k))[certain].all()


def test_every_label_of_a_word_may_differ_from_all_others() -> None:
    bank, _ = random_bank(600, 8)
    matching_words, certain = mirrored_counts(bank, np.arange(600), 20)
    assert certain.mean() > 0.95 and (matching_words[certain] == 0).all()


@pytest.mark.parametrize("exclude_duplicates", [False, True])
def test_a_bank_in_which_every_word_is_there_twice(exclude_duplicates: bool) -> None:
    bank, labels = random_bank(1200, 16)
    bank[600:], labels[600:] = bank[:600], labels[:600]
    matching_words, certain = mirrored_counts(bank, labels, 25, exclude_duplicates)
    how = Search(exclude_duplicates=exclude_duplicates)
    full = matching_neighbours(bank, labels, 25, how, shortcuts=False)
    assert (full.matching == matching_words)[certain].all()
    # All neighbours come in pairs. Without its twin a word has 25 of them, and the 25th place is half of a pair; with
    # it, the pairs end at the 25th place.
    assert certain.mean() < 0.02 if exclude_duplicates else certain.mean() > 0.98


def test_equal_words_are_all_uncertain_and_get_a_search_of_their_own() -> None:
    # Whichever K of 399 equally near words are taken, nobody knows how many match.
    bank = np.repeat(directions(3.0), 400, axis=0)
    labels = np.arange(400) % 2
    assert not mirrored_counts(bank, labels, 10)[1].any()


def test_zero_rows_have_cosine_0_with_everything() -> None:
    bank, labels = random_bank(900, 8)
    bank[::9] = 0
    matching_words, certain = mirrored_counts(bank, labels, 12)
    full = matching_neighbours(bank, labels, 12, shortcuts=False).matching
    assert (matching_words == full)[certain].all()
    assert not certain[::9].any() and np.delete(certain, np.s_[::9]).mean() > 0.95


@settings(max_examples=25, deadline=None)
@given(words=st.integers(150, 700), k=st.integers(1, 40), seed=st.integers(0, 10_000), width=st.sampled_from([2, 24]))
def test_certain_counts_are_right_for_any_bank(words: int, k: int, seed: int, width: int) -> None:
    bank, labels = random_bank(words, width, seed)
    # In the plane angles come so close that float64 and float32 rank them differently now and then.
    matching_words, certain = mirrored_counts(bank, labels, k)
    assert np.abs(matching_words - naive_counts(bank, labels, k))[certain].max(initial=0) <= (1 if width == 2 else 0)


@pytest.mark.parametrize("exclude_duplicates", [False, True])
def test_words_that_stay_uncertain_are_counted_all_the_same(
    monkeypatch: pytest.MonkeyPatch, exclude_duplicates: bool
) -> None:
    bank, labels = clustered_bank(1200, 16)
    bank[700:800] = bank[:100]
    monkeypatch.setattr(matching, "relative_cost", lambda cosines, neighbours: 0.0)  # Cheaper than settling first.
    how = Search(exclude_duplicates=exclude_duplicates)
    done: list[int] = []
    counts = matching_neighbours(bank, labels, 30, how, progress=done.append)
    full = matching_neighbours(bank, labels, 30, how, shortcuts=False)
    # Rounding may order words with equal vectors differently at the K-th place.
    assert np.abs(counts.matching - full.matching).max() <= 1
    assert (counts.found == full.found).all()
    assert sum(done) >= 1200


def test_brackets_keep_a_number_of_cosines_that_grows_with_the_root_of_k() -> None:
    # Four deviations of at most sqrt(K) / 2 to both sides, half as many again before they are narrowed, and 32.
    for k in (16, 100, 400):
        assert Brackets(10, k)._kept.shape == (10, int(6 * math.sqrt(k)) + 32)


def test_keys_sort_as_cosines_and_remember_the_label() -> None:
    from tasks.denoising.neighbours.brackets import _cosines, _keys

    cosines = np.array([-1.0000002, -1.0, -1e-30, -0.0, 0.0, 1e-30, 0.3, 1.0, 1.0000002], dtype=np.float32)
    same = np.arange(9) % 2 == 0
    keys = _keys(cosines, same)
    assert (_cosines(keys) == cosines).all() and ((keys & 1) == same).all()
    assert (np.diff(keys >> 1) >= 0).all() and (np.diff(np.delete(keys >> 1, 3)) > 0).all()


@pytest.mark.parametrize(("width", "mirrored"), [(8, False), (600, True)])
def test_settling_goes_first_unless_half_a_wide_product_is_cheaper(
    monkeypatch: pytest.MonkeyPatch, width: int, mirrored: bool
) -> None:
    # By its sample settling costs 0.8 of ranking all words: less than brackets of narrow rows, more than of wide ones.
    bank, labels = clustered_bank(8192, width)
    halved: list[int] = []

    def spy(*arguments: Any) -> tuple[np.ndarray, np.ndarray]:
        halved.append(1)
        return np.zeros(8192, dtype=np.int64), np.ones(8192, dtype=bool)

    monkeypatch.setattr(unanimous, "_relative_cost", lambda *_: 0.8)
    monkeypatch.setattr(matching, "count_mirrored", spy)
    matching_neighbours(bank, labels, 5)
    assert bool(halved) is mirrored
