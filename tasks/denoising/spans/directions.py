"""Towards which classes the pseudo-label of a span is moved, and how far (GLoDe, Eq. 7, 8, 10 and 11)."""

from typing import Literal

import numpy as np

from tasks.tagging.span_grid import OUTSIDE

DirectionRule = Literal["multiple", "top"]
DirectionSum = Literal["together", "each"]


def class_thresholds(similarities: np.ndarray, classes: np.ndarray) -> np.ndarray:
    """sim_T^c = 1/|Z_c| sum_(z_i in Z_c) sim_i^c, Z_c the spans of pseudo-label c (Eq. 7).

    Args:
        similarities: [S, K] of every span to every class.
        classes: [S] int, the most probable class of each pseudo-label.

    Returns:
        [K] float64; infinite for a class that no span has: nothing says how near is near.
    """
    own = similarities[np.arange(len(classes)), classes]
    count = similarities.shape[1]
    numbers = np.bincount(classes, minlength=count)
    sums = np.bincount(classes, weights=own, minlength=count)
    return np.divide(sums, numbers, out=np.full(count, np.inf), where=numbers > 0)


def directions(similarities: np.ndarray, thresholds: np.ndarray, rule: DirectionRule = "multiple") -> np.ndarray:
    """b_i^c = I(sim_i^c > sim_T^c) (Eq. 8); O as well where it is the most similar class, whatever its threshold.

    Args:
        similarities: [S, K].
        thresholds: [K].
        rule: multiple: Eq. 8; top: the most similar class alone (Table 3, w/o multiple directions).

    Returns:
        [S, K] bool; of equally similar classes the first is the most similar one.
    """
    top = similarities.argmax(axis=1)
    if rule == "top":
        alone: np.ndarray = top[:, None] == np.arange(similarities.shape[1])
        return alone
    chosen: np.ndarray = similarities > thresholds
    chosen[:, OUTSIDE] |= top == OUTSIDE
    return chosen


def update_decisions(levels: list[np.ndarray], summed: DirectionSum = "together") -> np.ndarray:
    """u_i = Normalize(d_i^g + d_i^l) in the L1 norm (Eq. 10).

    Args:
        levels: [S, K] bool directions of each level, one or two.
        summed: together: as in Eq. 10; each: every level is normalised before the sum (the published code).

    Returns:
        [S, K] float32; a row of zeros where no level has a direction.
    """
    parts = [level.astype(np.float64) for level in levels]
    if summed == "each":
        parts = [_l1(part) for part in parts]
    return _l1(np.sum(parts, axis=0)).astype(np.float32)


def refined_labels(labels: np.ndarray, decisions: np.ndarray, beta: float) -> np.ndarray:
    """p_i' = Normalize(beta p_i + (1 - beta) u_i) in the L1 norm (Eq. 11).

    Args:
        labels: [S, K] p, rows sum to 1.
        decisions: [S, K] u.
        beta: the update rate, above 0.

    Returns:
        [S, K] float32; a label with no direction stays, as it is normalised alone.
    """
    return _l1(beta * labels.astype(np.float64) + (1 - beta) * decisions).astype(np.float32)


def beta_after(epoch: int, epochs: int, first: float, last: float) -> float:
    """Beta after an epoch, counted from 1: it falls uniformly from `first` to `last` over the training."""
    return first + (last - first) * (epoch - 1) / max(epochs - 1, 1)


def _l1(rows: np.ndarray) -> np.ndarray:
    sums = rows.sum(axis=1, keepdims=True)
    return np.divide(rows, sums, out=np.zeros_like(rows), where=sums > 0)
