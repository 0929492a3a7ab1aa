"""Count matching neighbours with faiss, on CPU or GPU: exact inner products, a block of words at a time."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

_QUERIES = 4096

# faiss selects at most this many neighbours on a GPU.
GPU_SELECTION_LIMIT = 2048


def has_faiss(gpu: bool) -> bool:
    """Whether faiss is installed, and for `gpu` as a build that sees a GPU."""
    try:
        import faiss
    except ImportError:
        return False
    return not gpu or (hasattr(faiss, "GpuIndexFlatIP") and faiss.get_num_gpus() > 0)


def count_faiss(
    bank: np.ndarray, labels: np.ndarray, neighbours: int, gpu: bool, advance: Callable[[int], None]
) -> np.ndarray:
    """Counts the neighbours that share each word's label.

    Args:
        bank: [N, H] float32 unit rows.
        labels: [N] label ids.
        neighbours: K, at most N - 1.
        gpu: search on the GPU.
        advance: called with the number of words done.

    Returns:
        [N] int64.
    """
    search = _gpu_search(bank) if gpu else _cpu_search(bank)
    matching = np.empty(len(bank), dtype=np.int64)
    for start in range(0, len(bank), _QUERIES):
        stop = min(start + _QUERIES, len(bank))
        found = search(bank[start:stop], neighbours + 1)
        own = np.arange(start, stop)[:, None]
        same = labels[found] == labels[own]
        # K + 1 were asked for. The word itself goes by its index, not by its rank: a duplicate may come first, and
        # with more than K duplicates the word may be missing, in which case the farthest goes.
        is_self = found == own
        is_self[~is_self.any(axis=1), -1] = True
        matching[start:stop] = np.count_nonzero(same & ~is_self, axis=1)
        advance(stop - start)
    return matching


def _cpu_search(bank: np.ndarray) -> Callable[[np.ndarray, int], np.ndarray]:
    import faiss

    faiss.omp_set_num_threads(torch.get_num_threads())

    def search(queries: np.ndarray, k: int) -> np.ndarray:
        # knn searches the array itself; an IndexFlatIP would hold a second copy of the bank.
        indices: np.ndarray = faiss.knn(queries, bank, k, metric=faiss.METRIC_INNER_PRODUCT)[1]
        return indices

    return search


def _gpu_search(bank: np.ndarray) -> Callable[[np.ndarray, int], np.ndarray]:
    import faiss

    resources: Any = faiss.StandardGpuResources()
    settings: Any = faiss.GpuIndexFlatConfig()
    settings.useFloat16 = False
    index: Any = faiss.GpuIndexFlatIP(resources, bank.shape[1], settings)
    index.add(bank)

    def search(queries: np.ndarray, k: int) -> np.ndarray:
        indices: np.ndarray = index.search(queries, k)[1]
        return indices

    return search
