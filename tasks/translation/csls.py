"""Cross-domain similarity local scaling: cosine, corrected for hubs (UniTrans, Eq. 3-5)."""

from collections.abc import Callable, Iterator

import numpy as np
import torch

# Similarities held at once: 2 million float32 are 8 MB, which stays near the caches; larger blocks were slower.
BLOCK_SIMILARITIES = 2_000_000


def local_means(
    queries: np.ndarray,
    bank: np.ndarray,
    neighbours: int,
    *,
    device: str = "cpu",
    advance: Callable[[int], None] | None = None,
) -> np.ndarray:
    """Mean cosine of each query to its K nearest rows of the bank (Eq. 4; Eq. 5 with the sides swapped).

    Args:
        queries: [N, d] float32 rows of length 1.
        bank: [M, d] float32 rows of length 1.
        neighbours: K; at most M rows are there to be used.
        device: where the products are taken.
        advance: called with the number of queries done.

    Returns:
        [N] float32 in [-1, 1]; high for a hub, a word that is near to everything.
    """
    means = np.empty(len(queries), dtype=np.float32)
    for start, similarity in _similarities(queries, bank, device):
        means[start : start + len(similarity)] = _mean_of_top(similarity, neighbours).cpu().numpy()
        if advance:
            advance(len(similarity))
    return means


def csls_neighbours(
    queries: np.ndarray,
    bank: np.ndarray,
    bank_means: np.ndarray,
    neighbours: int,
    candidates: int,
    *,
    device: str = "cpu",
    advance: Callable[[int], None] | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Find the rows of the bank with the highest CSLS for each query.

    Eq. 3: CSLS(Ps, t) = 2 cos(Ps, t) - r_T(Ps) - r_S(t). Only blocks of the [N, M] similarities ever exist.

    Args:
        queries: [N, d] float32 rows of length 1 (Ps).
        bank: [M, d] float32 rows of length 1 (t).
        bank_means: [M] float32, r_S(t): `local_means` of the bank among all words of the queries' language.
        neighbours: K of r_T.
        candidates: how many rows of the bank to return for each query; at most M.
        device: where the products are taken.
        advance: called with the number of queries done.

    Returns:
        [N, C] int64 rows of the bank, best first, and [N, C] float32 their CSLS, in [-4, 4], higher is closer.
    """
    kept = min(candidates, len(bank))
    rows = np.empty((len(queries), kept), dtype=np.int64)
    scores = np.empty((len(queries), kept), dtype=np.float32)
    correction = torch.from_numpy(np.ascontiguousarray(bank_means, dtype=np.float32)).to(device)
    for start, similarity in _similarities(queries, bank, device):
        stop = start + len(similarity)
        query_means = _mean_of_top(similarity, neighbours)
        best, columns = similarity.mul_(2).sub_(correction).topk(kept, dim=1)
        rows[start:stop] = columns.cpu().numpy()
        scores[start:stop] = (best - query_means[:, None]).cpu().numpy()
        if advance:
            advance(len(similarity))
    return rows, scores


def frequent_translations(
    source: np.ndarray, target: np.ndarray, frequent: int, neighbours: int, *, device: str = "cpu"
) -> tuple[np.ndarray, np.ndarray]:
    """The best translations of the most frequent words, both ways, that are themselves frequent (MUSE).

    Each is searched among all words of the other side. Where it is none of that side's most frequent words, there is no
    pair.

    Args:
        source: [N, d] float32 rows of length 1 (already mapped, Ps), most frequent word first.
        target: [M, d] float32 rows of length 1 (t), most frequent word first.
        frequent: how many words of each side count as frequent.
        neighbours: K of Eq. 4 and 5.
        device: where the products are taken.

    Returns:
        [D, 2] int64 rows of source and target: a source word and its translation; and [E, 2] the same of target words.
    """
    to_target = local_means(target, source, neighbours, device=device)
    to_source = local_means(source, target, neighbours, device=device)
    forth, _ = csls_neighbours(source[:frequent], target, to_target, neighbours, 1, device=device)
    back, _ = csls_neighbours(target[:frequent], source, to_source, neighbours, 1, device=device)
    forward = np.stack([np.arange(len(forth)), forth[:, 0]], axis=1)
    backward = np.stack([back[:, 0], np.arange(len(back))], axis=1)
    return forward[forward[:, 1] < frequent], backward[backward[:, 0] < frequent]


def mutual(forward: np.ndarray, backward: np.ndarray) -> np.ndarray:
    """[F, 2] the pairs that are in both, in the order of `forward`."""
    back = np.full(max(forward[:, 1].max(initial=-1), backward[:, 1].max(initial=-1)) + 1, -1)
    back[backward[:, 1]] = backward[:, 0]
    pairs: np.ndarray = forward[back[forward[:, 1]] == forward[:, 0]]
    return pairs


def _similarities(queries: np.ndarray, bank: np.ndarray, device: str) -> Iterator[tuple[int, torch.Tensor]]:
    """Yield (first row, [rows, M] cosines), a block of queries at a time."""
    columns = torch.from_numpy(np.ascontiguousarray(bank, dtype=np.float32)).to(device).T
    rows = max(1, BLOCK_SIMILARITIES // max(1, len(bank)))
    for start in range(0, len(queries), rows):
        block = np.ascontiguousarray(queries[start : start + rows], dtype=np.float32)
        yield start, torch.from_numpy(block).to(device) @ columns


def _mean_of_top(similarity: torch.Tensor, neighbours: int) -> torch.Tensor:
    return similarity.topk(min(neighbours, similarity.shape[1]), dim=1).values.mean(dim=1)
