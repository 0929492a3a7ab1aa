"""Equations 7, 8, 10 and 11 of GLoDe, by hand; classes O, LOC, PER."""

import numpy as np
import pytest

from tasks.denoising.spans.directions import (
    beta_after,
    class_thresholds,
    directions,
    refined_labels,
    update_decisions,
)


def test_thresholds_are_the_means_of_a_class_similarity_to_itself() -> None:
    # O: .8 and .4; LOC: .3 alone; PER has no span.
    similarities = np.array([[0.8, 0.1, 0.9], [0.4, 0.9, 0.2], [0.7, 0.3, 0.1]])
    found = class_thresholds(similarities, np.array([0, 0, 1]))
    assert found.tolist() == [pytest.approx(0.6), 0.3, np.inf]


def test_no_span_leaves_all_thresholds_out_of_reach() -> None:
    assert class_thresholds(np.zeros((0, 2)), np.zeros(0, dtype=int)).tolist() == [np.inf, np.inf]


def test_directions_are_all_classes_above_their_thresholds() -> None:
    similarities = np.array([[0.5, 0.7, 0.9], [0.1, 0.6, 0.2], [0.3, 0.2, 0.1], [0.3, 0.3, 0.2]])
    found = directions(similarities, np.array([0.6, 0.6, 0.4]))
    # LOC and PER; none, for .6 is not above .6; O because it is most similar, though below; O is first of equals.
    assert found.astype(int).tolist() == [[0, 1, 1], [0, 0, 0], [1, 0, 0], [1, 0, 0]]


def test_o_is_a_direction_above_its_threshold_too() -> None:
    assert directions(np.array([[0.7, 0.9]]), np.array([0.6, 1.0])).tolist() == [[True, False]]


def test_a_class_without_a_pseudo_label_is_no_direction_but_o_can_be_the_most_similar() -> None:
    never = np.array([np.inf, np.inf])
    assert directions(np.array([[0.1, 0.9], [0.9, 0.1]]), never).tolist() == [[False, False], [True, False]]


def test_without_multiple_directions_the_most_similar_class_is_the_one() -> None:
    similarities = np.array([[0.5, 0.7, 0.9], [0.3, 0.2, 0.1]])
    assert directions(similarities, np.full(3, 0.95), "top").astype(int).tolist() == [[0, 0, 1], [1, 0, 0]]


def test_decisions_sum_both_levels() -> None:
    # Figure 2(b): LOC and PER globally, PER locally.
    both = [np.array([[False, True, True]]), np.array([[False, False, True]])]
    assert update_decisions(both).tolist() == [[0, pytest.approx(1 / 3), pytest.approx(2 / 3)]]
    # The published code: (0, 1/2, 1/2) + (0, 0, 1), halved.
    assert update_decisions(both, "each").tolist() == [[0, 0.25, 0.75]]
    assert update_decisions(both[:1]).tolist() == [[0, 0.5, 0.5]]


def test_a_span_without_a_direction_keeps_its_label() -> None:
    decisions = update_decisions([np.zeros((1, 3), dtype=bool)] * 2)
    assert decisions.tolist() == [[0, 0, 0]]
    labels = np.array([[0.2, 0.5, 0.3]], dtype=np.float32)
    np.testing.assert_allclose(refined_labels(labels, decisions, 0.8), labels, rtol=1e-6)


def test_spans_with_and_without_a_direction_side_by_side_in_float32() -> None:
    decisions = update_decisions([np.array([[False, False], [True, False]])])
    labels = np.array([[0.1, 0.9], [0.5, 0.5]], dtype=np.float32)
    refined = refined_labels(labels, decisions, 0.5)
    np.testing.assert_allclose(refined, [[0.1, 0.9], [0.75, 0.25]], rtol=1e-6)
    assert decisions.dtype == refined.dtype == np.float32


def test_labels_move_towards_the_decision() -> None:
    labels = np.array([[0.5, 0.5, 0.0]], dtype=np.float32)
    moved = refined_labels(labels, np.array([[0.0, 0.25, 0.75]], dtype=np.float32), 0.8)
    np.testing.assert_allclose(moved, [[0.4, 0.45, 0.15]], rtol=1e-6)
    assert refined_labels(labels, np.array([[0.0, 0.0, 1.0]], dtype=np.float32), 1.0).tolist() == labels.tolist()


def test_rows_of_refined_labels_sum_to_1() -> None:
    noise = np.random.default_rng(1)
    labels = noise.dirichlet(np.ones(5), 1000).astype(np.float32)
    decisions = update_decisions([noise.random((1000, 5)) < 0.3, noise.random((1000, 5)) < 0.3])
    assert np.abs(refined_labels(labels, decisions, 0.9).sum(axis=1) - 1).max() <= 1e-6


def test_beta_falls_uniformly() -> None:
    assert [beta_after(epoch, 4, 0.95, 0.80) for epoch in (1, 2, 3, 4)] == pytest.approx([0.95, 0.90, 0.85, 0.80])
    assert [beta_after(epoch, 2, 0.95, 0.80) for epoch in (1, 2)] == pytest.approx([0.95, 0.80])
    assert beta_after(1, 1, 0.95, 0.80) == 0.95
