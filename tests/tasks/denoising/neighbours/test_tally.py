"""Neighbours by class, worked by hand."""

from typing import Any

import numpy as np
import pytest
from banks import clustered_bank, directions, naive_nearest, random_bank

from tasks.denoising.neighbours import tally
from tasks.denoising.neighbours.by_faiss import has_faiss
from tasks.denoising.neighbours.search import Search
from tasks.denoising.neighbours.tally import class_tally

ENGINES = ["torch", pytest.param("faiss", marks=pytest.mark.skipif(not has_faiss(gpu=False), reason="no faiss"))]


@pytest.mark.parametrize("engine", ENGINES)
def test_neighbours_are_counted_and_summed_by_class(engine: Any) -> None:
    # Bank at 0, 60, 90 with classes 2, 0, 2; the query at 0 has cosines 1, 1/2, 0. K = 3:
    #   counts: class 0 one, class 1 none, class 2 two;  sums: 1/2, 0, 1 + 0
    bank, classes, how = directions(0, 60, 90), np.array([2, 0, 2]), Search(engine=engine)
    counts = class_tally(bank, classes, 3, 3, queries=directions(0), search=how)
    sums = class_tally(bank, classes, 3, 3, measure="similarity", queries=directions(0), search=how)
    assert counts.tolist() == [[1, 0, 2]]
    assert sums == pytest.approx(np.array([[0.5, 0, 1]]), abs=1e-6)


def test_a_score_of_glode_is_the_share_of_neighbours_of_a_class() -> None:
    # Eq. 9 for K = 2: the query at 5 has the neighbours 0 and 10 of classes 0 and 1: scores 1/2, 1/2.
    found = class_tally(directions(0, 10, 80), np.array([0, 1, 1]), 2, 2, queries=directions(5.1))
    assert (found / 2).tolist() == [[0.5, 0.5]]


def test_the_banks_own_rows_do_not_count_for_themselves() -> None:
    # Angles 0, 1, 90, 91 with classes 0, 1, 2, 0: K = 1 finds each one's partner.
    assert class_tally(directions(0, 1, 90, 91), np.array([0, 1, 2, 0]), 3, 1).tolist() == [
        [0, 1, 0],
        [1, 0, 0],
        [1, 0, 0],
        [0, 0, 1],
    ]


def test_duplicates_that_are_left_out_count_for_no_class() -> None:
    # The two words at 0 have one neighbour left, of class 1, with cosine cos 60 = 1/2.
    bank, classes, how = directions(0, 0, 60), np.array([0, 0, 1]), Search(exclude_duplicates=True)
    assert class_tally(bank, classes, 2, 2, search=how)[:2].tolist() == [[0, 1], [0, 1]]
    sums = class_tally(bank, classes, 2, 2, measure="similarity", search=how)
    assert sums[:2] == pytest.approx(np.array([[0, 0.5], [0, 0.5]]), abs=1e-6)


def test_a_random_bank_is_tallied_as_its_naive_ranking() -> None:
    bank, classes = random_bank(700, 12)
    queries = random_bank(50, 12, seed=1)[0]
    expected = np.zeros((50, 5))
    for row, found in enumerate(naive_nearest(bank, 30, queries)):
        np.add.at(expected[row], classes[found], 1)
    assert (class_tally(bank, classes, 5, 30, queries=queries) == expected).all()


@pytest.mark.parametrize("every", [1, 7])
def test_rows_whose_neighbours_all_have_the_frequent_class_are_counted_without_a_search(
    monkeypatch: pytest.MonkeyPatch, every: int
) -> None:
    bank, classes = clustered_bank(1200, 16)
    rows = np.random.default_rng(2).permutation(1200)[::every]
    expected = np.zeros((1200, 5))
    for row, cosines in enumerate(bank @ bank.T):
        cosines[row] = -np.inf
        np.add.at(expected[row], classes[np.argsort(-cosines)[:20]], 1)
    searched = []
    search = tally.nearest_unordered

    def watched(*arguments: Any, **options: Any) -> Any:
        searched.extend(options["rows"])
        return search(*arguments, **options)

    monkeypatch.setattr(tally, "nearest_unordered", watched)
    monkeypatch.setattr(tally, "WORTHWHILE_COST", np.inf)  # So small a bank is searched as fast.
    assert (class_tally(bank, classes, 5, 20, rows=rows) == expected[rows]).all()
    assert set(searched) < set(rows) and 0 < len(searched) < len(rows) / 2
    # How near they are in sum is not known without.
    searched.clear()
    class_tally(bank, classes, 5, 20, rows=rows, measure="similarity")
    assert sorted(searched) == sorted(rows)


def test_no_query_gives_no_row() -> None:
    none = np.empty((0, 2), dtype=np.float32)
    assert class_tally(directions(0, 1), np.array([0, 1]), 2, 1, queries=none).shape == (0, 2)


@pytest.mark.parametrize("label_ids", [[0, 2], [0, -1], [0]])
def test_classes_that_do_not_fit_are_an_error(label_ids: list[int]) -> None:
    with pytest.raises(ValueError, match="class"):
        class_tally(directions(0, 1), np.array(label_ids), 2, 1)
