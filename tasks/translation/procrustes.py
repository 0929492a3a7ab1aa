"""Map the vectors of one language into the space of another (UniTrans, Eq. 1-2; Lample et al., 2018)."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from tasks.translation.csls import mutual_neighbours
from tasks.words.unit_rows import unit_rows

Normalisation = Literal["none", "unit", "centred"]


@dataclass(frozen=True)
class Refinement:
    """One round of refinement: how many mutual neighbours it found, and their mean CSLS in [-4, 4]."""

    pairs: int
    mean_csls: float


def normalise(vectors: np.ndarray, normalisation: Normalisation) -> np.ndarray:
    """Prepare the vectors of one language for alignment.

    Args:
        vectors: [N, d] float.
        normalisation: "none"; "unit": every row has length 1; "centred": the same, then the mean of all rows is
            taken away and every row has length 1 again.

    Returns:
        [N, d] float32.
    """
    if normalisation == "none":
        return np.asarray(vectors, dtype=np.float32)
    rows = unit_rows(vectors)
    if normalisation == "unit":
        return rows
    return unit_rows(rows - rows.mean(axis=0, keepdims=True))


def procrustes(source: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Find the orthogonal P that brings P s_i nearest to t_i for all pairs i (Eq. 1).

    Eq. 2: P = U V^T with U Sigma V^T = SVD(T S^T), where the columns of S and T are the vectors of the pairs.

    Args:
        source: [D, d] float, row i is s_i (the transpose of S).
        target: [D, d] float, row i is t_i (the transpose of T).

    Returns:
        [d, d] float64, P^T P = I. A vector x is mapped to P x; the rows of a matrix X are mapped by X @ P.T.
    """
    left, _, right = np.linalg.svd(np.asarray(target, dtype=np.float64).T @ np.asarray(source, dtype=np.float64))
    mapping: np.ndarray = left @ right
    return mapping


def map_rows(vectors: np.ndarray, mapping: np.ndarray) -> np.ndarray:
    """Map each row x to P x and divide it by its length.

    Args:
        vectors: [N, d] float.
        mapping: [d, d] float, P.

    Returns:
        [N, d] float32 rows of length 1, ready for CSLS.
    """
    return unit_rows(np.asarray(vectors, dtype=np.float32) @ mapping.T.astype(np.float32))


def align(
    source: np.ndarray,
    target: np.ndarray,
    seed: np.ndarray,
    *,
    refinements: int,
    refine_words: int,
    neighbours: int,
    device: str = "cpu",
    advance: Callable[[int], None] | None = None,
) -> tuple[np.ndarray, list[Refinement]]:
    """Learn P from seed pairs, then again from the mutual neighbours it finds, and so on.

    Args:
        source: [N, d] float32, most frequent word first.
        target: [M, d] float32, most frequent word first.
        seed: [D, 2] int rows of source and target, D > 0.
        refinements: how often to look for mutual neighbours and solve Eq. 2 again.
        refine_words: only this many of the most frequent words of each side are looked at.
        neighbours: K of CSLS.
        device: where similarities are taken.
        advance: called with 1 after the seed and after each refinement.

    Returns:
        [d, d] float64 P, and what each refinement found. Refinement stops early when no pair is mutual.
    """
    mapping = procrustes(source[seed[:, 0]], target[seed[:, 1]])
    frequent_source, frequent_target = source[:refine_words], target[:refine_words]
    unit_target = unit_rows(frequent_target)
    history: list[Refinement] = []
    if advance:
        advance(1)
    for _ in range(refinements):
        pairs, scores = mutual_neighbours(map_rows(frequent_source, mapping), unit_target, neighbours, device=device)
        if not len(pairs):
            break
        mapping = procrustes(frequent_source[pairs[:, 0]], frequent_target[pairs[:, 1]])
        history.append(Refinement(len(pairs), float(scores.mean(dtype=np.float64))))
        if advance:
            advance(1)
    return mapping, history
