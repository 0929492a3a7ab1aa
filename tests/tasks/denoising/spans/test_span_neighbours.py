"""The local level by hand: who is in the repository, and what a span's neighbours are."""

import numpy as np
import pytest

from artifacts.errors import InputError
from tasks.denoising.neighbours.search import Search
from tasks.denoising.neighbours.tally import class_tally
from tasks.denoising.spans.neighbours import Repository, kept_spans, local_similarities, repository

EAST, NORTH, NORTH_EAST = [1.0, 0.0], [0.0, 1.0], [0.8, 0.6]


def one_block(*vectors):
    """All spans at once."""
    yield np.arange(len(vectors)), np.array(vectors, dtype=np.float32).reshape(-1, 2)


def test_all_entities_are_kept_and_a_share_of_the_others() -> None:
    classes = np.tile([0, 0, 0, 1], 5000)
    kept = kept_spans(classes, 0.03, np.random.default_rng(1))
    assert kept[3::4].all()
    assert kept[classes == 0].mean() == pytest.approx(0.03, abs=0.005)
    assert kept_spans(classes, 1.0, np.random.default_rng(1)).all()
    assert not kept_spans(np.zeros(9, dtype=int), 0.0, np.random.default_rng(1)).any()


def test_the_repository_has_source_then_target_and_knows_where_target_spans_are() -> None:
    bank = repository(
        one_block(EAST, NORTH), np.array([1, 0]), one_block(NORTH, EAST, NORTH_EAST), np.array([0, 2, 1]),
        (np.array([True, False]), np.array([False, True, True])),
    )  # fmt: skip
    assert bank.vectors.tolist() == np.array([EAST, EAST, NORTH_EAST], dtype=np.float32).tolist()
    assert (bank.classes.tolist(), bank.own.tolist()) == ([1, 2, 1], [-1, 1, 2])


def test_similarities_are_shares_of_the_nearest_by_hand() -> None:
    # Target span 0 (north-east, not in the repository): nearest are east (LOC) and itself-like PER row 2, cos 1.
    vectors = np.array([EAST, NORTH, NORTH_EAST], dtype=np.float32)
    bank = Repository(vectors, np.array([1, 0, 2]), np.array([-1, 2]))
    found = local_similarities(bank, one_block(NORTH_EAST, NORTH_EAST), 3, 2)
    assert found[0].tolist() == [0, 0.5, 0.5]
    # Target span 1 is row 2 itself: its neighbours are the other two.
    assert found[1].tolist() == [0.5, 0.5, 0]


def test_the_first_row_of_the_repository_may_be_a_target_span_and_two_rows_are_enough() -> None:
    none = np.zeros(0, dtype=int)
    both = (none.astype(bool), np.array([True, True, False]))
    bank = repository(one_block(), none, one_block(EAST, NORTH, NORTH_EAST), np.array([1, 0, 0]), both)
    assert bank.own.tolist() == [0, 1, -1]
    # The nearest of each other one: of east it is north, never itself; north-east is nearer to east.
    found = local_similarities(bank, one_block(EAST, NORTH, NORTH_EAST), 2, 1)
    assert found.tolist() == [[1, 0], [0, 1], [0, 1]]


def test_neighbours_are_looked_for_as_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def tally(*asking, **how):
        asked.append(how["search"])
        return class_tally(*asking, **how)

    monkeypatch.setattr("tasks.denoising.spans.neighbours.class_tally", tally)
    bank = Repository(np.array([EAST, NORTH], dtype=np.float32), np.array([1, 0]), np.array([0, -1]))
    search = Search(product="bf16")
    local_similarities(bank, one_block(EAST, NORTH), 2, 1, search)
    assert asked == [search, search]


def test_k_above_the_repository_takes_all_others() -> None:
    vectors = np.array([EAST, NORTH, NORTH_EAST], dtype=np.float32)
    bank = Repository(vectors, np.array([1, 0, 1]), np.array([-1, 2]))
    found = local_similarities(bank, one_block(EAST, NORTH_EAST), 2, 300)
    np.testing.assert_allclose(found, [[1 / 3, 2 / 3], [1 / 2, 1 / 2]])


def test_a_repository_of_one_span_is_refused() -> None:
    none = np.zeros(0, dtype=int)
    with pytest.raises(InputError, match="has 1 spans, expected at least 2"):
        repository(one_block(), none, one_block(EAST), np.array([1]), (none.astype(bool), np.array([True])))
