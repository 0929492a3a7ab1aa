"""The neighbours themselves: three engines, queries from inside and outside the bank."""

from typing import Any

import numpy as np
import pytest
import torch
from banks import clustered_bank, directions, naive_nearest, random_bank
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.denoising.neighbours import by_threshold
from tasks.denoising.neighbours.by_faiss import has_faiss
from tasks.denoising.neighbours.by_rank import ByRank
from tasks.denoising.neighbours.by_threshold import ByThreshold
from tasks.denoising.neighbours.cosines import Cosines
from tasks.denoising.neighbours.nearest import nearest_unordered
from tasks.denoising.neighbours.search import Search

ENGINES = [
    "torch",
    pytest.param("faiss", marks=pytest.mark.skipif(not has_faiss(gpu=False), reason="faiss is not installed")),
]


def all_nearest(*args: Any, **options: Any) -> tuple[np.ndarray, np.ndarray]:
    """All neighbours by falling cosine, equally near ones in the bank's order."""
    blocks = list(nearest_unordered(*args, **options))
    assert [block.start for block in blocks] == np.cumsum([0] + [len(block.indices) for block in blocks])[:-1].tolist()
    indices = np.concatenate([block.indices.numpy() for block in blocks])
    cosines = np.concatenate([block.similarities.numpy() for block in blocks])
    order = np.lexsort((indices, -cosines))
    return np.take_along_axis(indices, order, 1), np.take_along_axis(cosines, order, 1)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_words_neighbours_come_nearest_first_and_without_itself(engine: Any) -> None:
    # Angles 0, 10, 30, 90: from 10 the nearest are 0 (10 away), 30 (20 away), 90 (80 away).
    indices, cosines = all_nearest(directions(0, 10, 30, 90), 3, search=Search(engine=engine))
    assert indices.tolist() == [[1, 2, 3], [0, 2, 3], [1, 0, 3], [2, 1, 0]]
    assert cosines[1] == pytest.approx(np.cos(np.radians([10, 20, 80])), abs=1e-6)


@pytest.mark.parametrize("engine", ENGINES)
def test_queries_from_outside_keep_every_word_as_a_neighbour(engine: Any) -> None:
    # The query at 10 equals a bank row, which is its nearest: it is another word.
    bank = directions(0, 10, 30)
    indices, cosines = all_nearest(bank, 2, queries=directions(10, 28), search=Search(engine=engine))
    assert indices.tolist() == [[1, 0], [2, 1]]
    assert cosines == pytest.approx(np.cos(np.radians([[0, 10], [2, 18]])), abs=1e-6)


@pytest.mark.parametrize("engine", ENGINES)
def test_some_rows_of_the_bank_can_ask(engine: Any) -> None:
    indices, _ = all_nearest(directions(0, 10, 30, 90), 1, rows=np.array([3, 0]), search=Search(engine=engine))
    assert indices.tolist() == [[2], [1]]


@pytest.mark.parametrize("engine", ENGINES)
def test_k_is_at_most_the_words_that_may_be_neighbours(engine: Any) -> None:
    how = Search(engine=engine)
    assert all_nearest(directions(0, 1, 2), 9, search=how)[0].shape == (3, 2)
    assert all_nearest(directions(0, 1, 2), 9, queries=directions(5), search=how)[0].tolist() == [[2, 1, 0]]


def test_of_equally_near_words_the_first_in_the_bank_are_taken() -> None:
    bank = directions(0, 40, -40, 40, -40, 40)
    assert all_nearest(bank, 3, rows=np.array([0]))[0].tolist() == [[1, 2, 3]]


def test_left_out_duplicates_leave_empty_places() -> None:
    # For the two words at 0 degrees only the one at 90 is left.
    bank = directions(0, 0, 90)
    indices, cosines = all_nearest(bank, 2, search=Search(exclude_duplicates=True))
    assert indices.tolist() == [[2, -1], [2, -1], [0, 1]]
    assert np.isneginf(cosines).tolist() == [[False, True], [False, True], [False, False]]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("outside", [False, True])
def test_a_large_bank_gives_the_neighbours_of_a_naive_ranking(engine: Any, outside: bool) -> None:
    bank, _ = random_bank(9000, 12)
    queries = random_bank(300, 12, seed=1)[0] if outside else None
    rows = None if outside else np.arange(0, 9000, 29)
    indices, _ = all_nearest(bank, 40, queries=queries, rows=rows, search=Search(engine=engine))
    assert (indices == naive_nearest(bank, 40, queries, rows)).mean() > 0.999


def test_a_sample_that_misleads_costs_time_and_no_neighbour() -> None:
    # Every eighth word, and so the whole sample, lies near the query, and nothing else does: the sample says that
    # one word in one is near.
    bank = directions(*np.where(np.arange(9000) % 8 == 0, 1.0, 90 + np.arange(9000) / 100))
    indices, _ = all_nearest(bank, 1300, queries=directions(0.0))
    assert indices.shape == (1, 1300)
    assert set(range(0, 9000, 8)) <= set(indices[0].tolist())


def test_memory_holds_one_block_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(by_threshold, "_CELLS", 10 * 500)
    bank, _ = random_bank(500, 8)
    done: list[int] = []
    sizes = [len(block.indices) for block in nearest_unordered(bank, 5, progress=done.append)]
    assert sizes == [10] * 50 == done


@pytest.mark.parametrize("columns", [7, 64, 4096])
@pytest.mark.parametrize("exclude_duplicates", [False, True])
@pytest.mark.parametrize("outside", [False, True])
def test_the_gpu_ranking_finds_what_the_cpu_threshold_finds(
    columns: int, exclude_duplicates: bool, outside: bool
) -> None:
    bank, _ = clustered_bank(300, 16)
    bank[10:14] = bank[9]
    cosines = Cosines.of(bank, "float32", "cpu")
    own = None if outside else torch.arange(300)
    queries = cosines.of_vectors(clustered_bank(300, 16, seed=1)[0]) if own is None else cosines.of_rows(own)
    on_gpu = ByRank(cosines, 25, exclude_duplicates, columns)(queries, own)[0]
    on_cpu = ByThreshold(cosines, 25, exclude_duplicates)(queries, own)[0]
    same = [set(a) == set(b) for a, b in zip(on_gpu.tolist(), on_cpu.tolist(), strict=True)]
    assert np.mean(same) > 0.97


@settings(max_examples=25, deadline=None)
@given(words=st.integers(2, 60), asking=st.integers(1, 20), k=st.integers(1, 70), seed=st.integers(0, 10_000))
def test_neighbours_equal_the_naive_ranking(words: int, asking: int, k: int, seed: int) -> None:
    bank, queries = random_bank(words, 12, seed)[0], random_bank(asking, 12, seed + 1)[0]
    assert (all_nearest(bank, k, queries=queries)[0] == naive_nearest(bank, k, queries)).all()
    assert (all_nearest(bank, k)[0] == naive_nearest(bank, k)).all()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"queries": directions(0) * 2}, "queries rows must have length 1"),
        ({"queries": np.ones((1, 3), dtype=np.float32)}, "as wide as the bank"),
        ({"queries": directions(0), "rows": np.array([0])}, "exclude each other"),
        ({"search": Search(engine="faiss", exclude_duplicates=True)}, "duplicates"),
    ],
)
def test_what_does_not_fit_is_an_error(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        all_nearest(directions(0, 1), 1, **options)
