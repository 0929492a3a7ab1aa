"""Banks of words to search in, and the neighbours that a naive ranking finds."""

import numpy as np

from tasks.words.unit_rows import unit_rows


def directions(*degrees: float) -> np.ndarray:
    angles = np.radians(np.array(degrees))
    return np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)


def random_bank(words: int, width: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    labels = np.where(rng.random(words) < 0.85, 0, rng.integers(1, 5, words))
    return unit_rows(rng.normal(size=(words, width)).astype(np.float32)), labels


def clustered_bank(words: int, width: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """As a tagger's bank: labels lie in regions, most words far inside the region of label 0."""
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(5, width)) * 2
    labels = np.where(rng.random(words) < 0.85, 0, rng.integers(1, 5, words))
    return unit_rows((centres[labels] + rng.normal(size=(words, width))).astype(np.float32)), labels


def naive_nearest(
    bank: np.ndarray, k: int, queries: np.ndarray | None = None, rows: np.ndarray | None = None
) -> np.ndarray:
    """[Q, K] the bank's rows by falling cosine in float64, equally near ones in their order.

    Without `queries` words of the bank ask: those in `rows`, or all.
    """
    inside = np.arange(len(bank)) if rows is None else rows
    cosines = (bank[inside] if queries is None else queries).astype(np.float64) @ bank.T.astype(np.float64)
    if queries is None:
        cosines[np.arange(len(inside)), inside] = -np.inf
    return np.argsort(-cosines, axis=1, kind="stable")[:, : min(k, len(bank) - (queries is None))]


def naive_counts(bank: np.ndarray, labels: np.ndarray, k: int) -> np.ndarray:
    return (labels[naive_nearest(bank, k)] == labels[:, None]).sum(axis=1)
