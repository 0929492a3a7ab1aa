"""Map the vectors of one language into the space of another (UniTrans, Eq. 1-2; Lample et al., 2018)."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from tasks.translation.csls import frequent_translations, mutual
from tasks.words.unit_rows import unit_rows

Normalisation = Literal["none", "unit", "centred"]
Keep = Literal["best", "last"]


@dataclass(frozen=True)
class Tried:
    """A map: how many pairs it was learnt from, and the mean cosine of the translations it gives frequent words.

    The mean is in [-1, 1], higher is better; -1 where no frequent word has a frequent translation.
    """

    pairs: int
    mean_cosine: float


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
    keep: Keep = "best",
    device: str = "cpu",
    advance: Callable[[int], None] | None = None,
) -> tuple[np.ndarray, list[Tried], int]:
    """Learn P from seed pairs, then again from the mutual translations it finds, and so on; keep one of the maps.

    Args:
        source: [N, d] float32, most frequent word first.
        target: [M, d] float32, most frequent word first.
        seed: [D, 2] int rows of source and target, D > 0.
        refinements: how often to look for mutual translations and solve Eq. 2 again.
        refine_words: translations of this many of the most frequent words of each side are looked at; they are
            searched among all words, and dropped where they are not frequent themselves.
        neighbours: K of CSLS.
        keep: "best", the map whose translations of frequent source words have the highest mean cosine, of equals the
            first (MUSE's unsupervised criterion, Lample et al., 3.5); or "last".
        device: where similarities are taken.
        advance: called with 1 after each map.

    Returns:
        [d, d] float64 P; all maps, the seed's first; and the place of P among them. Refinement stops early when no pair
        is mutual.
    """
    unit_target = unit_rows(target)
    pairs = np.asarray(seed)
    maps: list[np.ndarray] = []
    history: list[Tried] = []
    while len(pairs) and len(maps) <= refinements:
        maps.append(procrustes(source[pairs[:, 0]], target[pairs[:, 1]]))
        mapped = map_rows(source, maps[-1])
        forward, backward = frequent_translations(mapped, unit_target, refine_words, neighbours, device=device)
        history.append(Tried(len(pairs), _mean_cosine(mapped, unit_target, forward)))
        pairs = mutual(forward, backward)
        if advance:
            advance(1)
    kept = int(np.argmax([tried.mean_cosine for tried in history])) if keep == "best" else len(maps) - 1
    return maps[kept], history, kept


def _mean_cosine(source: np.ndarray, target: np.ndarray, pairs: np.ndarray) -> float:
    if not len(pairs):
        return -1.0
    products = source[pairs[:, 0]].astype(np.float64) * target[pairs[:, 1]]
    return float(products.sum(axis=1).mean())
