"""Find neighbours with faiss, on CPU or GPU: exact inner products."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

# faiss selects at most this many neighbours on a GPU.
GPU_SELECTION_LIMIT = 2048

_FAISS_ROWS = 4096
_FaissSearch = Callable[[np.ndarray, int], tuple[np.ndarray, np.ndarray]]


def has_faiss(gpu: bool) -> bool:
    """Whether faiss is installed, and for `gpu` as a build that sees a GPU."""
    try:
        import faiss
    except ImportError:
        return False
    return not gpu or (hasattr(faiss, "GpuIndexFlatIP") and faiss.get_num_gpus() > 0)


class ByFaiss:
    """The faiss engine.

    Attributes:
        rows: queries to ask at a time.
    """

    rows = _FAISS_ROWS

    def __init__(self, bank: np.ndarray, neighbours: int, gpu: bool) -> None:
        """Takes the bank, [N, H] float32 unit rows, and K, at most the number of words that may be neighbours."""
        self._search = _gpu_search(bank) if gpu else _cpu_search(bank)
        self._neighbours = neighbours

    def __call__(self, queries: torch.Tensor, own: torch.Tensor | None) -> tuple[torch.Tensor, torch.Tensor]:
        """The nearest words; as `ByThreshold`, nearest first."""
        asked = self._neighbours + (own is not None)
        similarities, found = self._search(queries.numpy(), asked)
        if own is not None:
            # The word itself goes by its index, not by its rank: a duplicate may come first, and with more than K
            # duplicates the word may be missing, in which case the farthest goes.
            is_own = found == own.numpy()[:, None]
            is_own[~is_own.any(axis=1), -1] = True
            shape = (len(found), self._neighbours)
            similarities, found = similarities[~is_own].reshape(shape), found[~is_own].reshape(shape)
        return torch.from_numpy(found), torch.from_numpy(similarities)


def _cpu_search(bank: np.ndarray) -> _FaissSearch:
    import faiss

    faiss.omp_set_num_threads(torch.get_num_threads())

    def search(queries: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
        # knn searches the array itself; an IndexFlatIP would hold a second copy of the bank.
        found: tuple[np.ndarray, np.ndarray] = faiss.knn(queries, bank, k, metric=faiss.METRIC_INNER_PRODUCT)
        return found

    return search


def _gpu_search(bank: np.ndarray) -> _FaissSearch:
    import faiss

    resources: Any = faiss.StandardGpuResources()
    settings: Any = faiss.GpuIndexFlatConfig()
    settings.useFloat16 = False
    index: Any = faiss.GpuIndexFlatIP(resources, bank.shape[1], settings)
    index.add(bank)

    def search(queries: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
        found: tuple[np.ndarray, np.ndarray] = index.search(queries, k)
        return found

    return search
