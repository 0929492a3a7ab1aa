"""Counts of matching neighbours, against a naive ranking and across engines."""

import threading
from typing import Any

import numpy as np
import psutil
import pytest
import torch
from banks import clustered_bank, directions, naive_counts, random_bank
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.denoising.neighbours.by_faiss import has_faiss
from tasks.denoising.neighbours.cosines import product_precision
from tasks.denoising.neighbours.matching import matching_neighbours
from tasks.denoising.neighbours.search import Search
from tasks.words.unit_rows import unit_rows

needs_faiss = pytest.mark.skipif(not has_faiss(gpu=False), reason="faiss is not installed")


def test_neighbours_are_counted_by_angle() -> None:
    # Angles 0, 10, 30, 90. Two nearest: of 0: 10, 30; of 10: 0, 30; of 30: 10, 0; of 90: 30, 10.
    bank = directions(0, 10, 30, 90)
    labels = np.array([0, 0, 1, 1])
    # 0: {10: yes, 30: no} -> 1; 10: {0: yes, 30: no} -> 1; 30: {10: no, 0: no} -> 0; 90: {30: yes, 10: no} -> 1
    assert matching_neighbours(bank, labels, 2).matching.tolist() == [1, 1, 0, 1]


def test_with_one_label_every_neighbour_matches() -> None:
    bank, _ = random_bank(60, 8)
    counts = matching_neighbours(bank, np.zeros(60, dtype=np.int64), 7)
    assert (counts.matching == 7).all() and (counts.found == 7).all()


@pytest.mark.parametrize("neighbours", [29, 30, 5000])
@pytest.mark.parametrize("search", ["torch", pytest.param("faiss", marks=needs_faiss)])
def test_k_is_at_most_all_other_words(neighbours: int, search: Any) -> None:
    bank, labels = random_bank(30, 6)
    counts = matching_neighbours(bank, labels, neighbours, Search(engine=search))
    assert counts.neighbours == 29
    # All others are neighbours, so a word of a label with m words has m - 1 matches.
    assert (counts.matching == np.bincount(labels)[labels] - 1).all()


@pytest.mark.parametrize("search", ["torch", pytest.param("faiss", marks=needs_faiss)])
def test_duplicates_are_neighbours_and_only_the_word_itself_is_left_out(search: Any) -> None:
    # Three times the same word with label 0, far from two words of label 1: its duplicates are its two neighbours.
    counts = matching_neighbours(directions(0, 0, 0, 90, 91), np.array([0, 0, 0, 1, 1]), 2, Search(engine=search))
    assert counts.matching[:3].tolist() == [2, 2, 2]


@needs_faiss
def test_more_duplicates_than_neighbours_never_count_the_word_itself() -> None:
    # Ten equal words, each with its own label: whichever neighbours are taken, none matches.
    counts = matching_neighbours(directions(*[5.0] * 10), np.arange(10), 3, Search(engine="faiss"))
    assert (counts.matching == 0).all()


def test_duplicates_can_be_left_out() -> None:
    # For the words at 0 degrees only 90 and 91 are left: 2 found, no match. 90 and 91 keep K = 3.
    bank, labels = directions(0, 0, 0, 90, 91), np.array([0, 0, 0, 1, 1])
    counts = matching_neighbours(bank, labels, 3, Search(exclude_duplicates=True))
    assert counts.found.tolist() == [2, 2, 2, 3, 3]
    assert counts.matching.tolist() == [0, 0, 0, 1, 1]


def test_a_corpus_of_duplicates_alone_has_no_neighbours_left() -> None:
    counts = matching_neighbours(directions(3, 3, 3), np.array([0, 0, 1]), 2, Search(exclude_duplicates=True))
    assert counts.found.tolist() == [0, 0, 0] and counts.matching.tolist() == [0, 0, 0]


@needs_faiss
@pytest.mark.parametrize("make", [random_bank, clustered_bank])
def test_engines_agree_within_one_neighbour(make: Any) -> None:
    bank, labels = make(1500, 32)
    with_torch = matching_neighbours(bank, labels, 50, Search(engine="torch")).matching
    with_faiss = matching_neighbours(bank, labels, 50, Search(engine="faiss")).matching
    assert (np.abs(with_torch - with_faiss) <= 1).mean() >= 0.999


@pytest.mark.parametrize("make", [random_bank, clustered_bank])
def test_bf16_moves_agreement_by_little(make: Any) -> None:
    bank, labels = make(1500, 32)
    exact = matching_neighbours(bank, labels, 50).matching
    rounded = matching_neighbours(bank, labels, 50, Search(product="bf16")).matching
    assert np.abs(exact - rounded).mean() < 1.0
    assert np.abs(exact - rounded).max() <= 5


# Whole numbers on a grid make many equal angles; scaled by powers of two only, so that products are exact.
@settings(max_examples=40, deadline=None)
@given(
    angles=st.lists(st.integers(0, 3599), min_size=2, max_size=40, unique=True),
    seed=st.integers(0, 1000),
    k=st.integers(1, 45),
)
def test_counts_equal_the_naive_ranking(angles: list[int], seed: int, k: int) -> None:
    bank = directions(*[a / 10 for a in angles])
    labels = np.random.default_rng(seed).integers(0, 3, len(angles))
    # Two words at equal angles on both sides of a third tie; the naive ranking of float64 cosines and ours may
    # break this tie differently, which moves the count by one.
    difference = np.abs(matching_neighbours(bank, labels, k).matching - naive_counts(bank, labels, k))
    assert difference.max() <= 1


@settings(max_examples=25, deadline=None)
@given(words=st.integers(3, 60), k=st.integers(1, 60), seed=st.integers(0, 10_000))
def test_counts_equal_the_naive_ranking_without_ties(words: int, k: int, seed: int) -> None:
    bank, labels = random_bank(words, 12, seed)
    assert (matching_neighbours(bank, labels, k).matching == naive_counts(bank, labels, k)).all()


def test_memory_above_the_bank_is_bounded() -> None:
    bank, labels = random_bank(20_000, 256)
    matching_neighbours(bank[:2000], labels[:2000], 100)
    process = psutil.Process()
    before = process.memory_info().rss
    peak, stop = [before], threading.Event()

    def watch() -> None:
        while not stop.wait(0.01):
            peak[0] = max(peak[0], process.memory_info().rss)

    watcher = threading.Thread(target=watch)
    watcher.start()
    matching_neighbours(bank, labels, 500, Search(product="bf16"))
    stop.set()
    watcher.join()
    # A block of 1024 x 20,000 cosines is 82 MB; N x K indices alone would be 80 MB more, N x N 1,600 MB.
    assert peak[0] - before < 400e6


def test_rows_get_length_one_and_zero_rows_stay() -> None:
    rows = unit_rows(np.array([[3.0, 4.0], [0.0, 0.0]], dtype=np.float32))
    assert np.allclose(rows, np.array([[0.6, 0.8], [0.0, 0.0]]))


def test_a_representation_that_is_not_finite_is_named() -> None:
    with pytest.raises(ValueError, match="row 1"):
        unit_rows(np.array([[1.0, 0.0], [np.nan, 1.0]], dtype=np.float32))


@pytest.mark.parametrize(
    ("bank", "labels", "neighbours", "message"),
    [
        (directions(0, 1) * 2, [0, 0], 1, "unit_rows"),
        (directions(0), [0], 1, "at least 2"),
        (directions(0, 1), [0], 1, "label_ids"),
        (directions(0, 1), [0, 0], 0, "neighbours"),
        (directions(0, 1), [0, -1], 1, "negative"),
    ],
)
def test_what_does_not_fit_is_an_error(bank: np.ndarray, labels: list[int], neighbours: int, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        matching_neighbours(bank, np.array(labels), neighbours)


def test_auto_takes_torch_on_a_cpu_and_faiss_refuses_bf16() -> None:
    assert Search().chosen_engine(500) == "torch"
    with pytest.raises(ValueError, match="bf16"):
        Search(engine="faiss", product="bf16").chosen_engine(500)


def test_products_leave_the_precision_as_it_was() -> None:
    before = torch.get_float32_matmul_precision()
    with product_precision("bf16", "cpu"):
        pass
    assert torch.get_float32_matmul_precision() == before


def test_more_than_256_labels_fit() -> None:
    bank = directions(*np.arange(0, 150, 0.5))
    counts = matching_neighbours(bank, np.arange(300), 5)
    assert (counts.matching == 0).all()
