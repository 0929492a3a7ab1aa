"""Count, for every word, how many of its K nearest neighbours carry its label: exact, and never N x K in memory."""

from collections.abc import Callable
from typing import Literal, NamedTuple

import numpy as np
import torch

from tasks.denoising.blocked_search import count_by_rank, count_by_threshold
from tasks.denoising.cosines import Cosines, Product, product_precision
from tasks.denoising.faiss_search import GPU_SELECTION_LIMIT, count_faiss, has_faiss
from tasks.denoising.unanimous import unanimous_majority

Search = Literal["auto", "faiss", "faiss-gpu", "torch"]

_UNIT_TOLERANCE = 1e-3


class NeighbourCounts(NamedTuple):
    """What Eq. 2 needs.

    Attributes:
        matching: [N] int64, neighbours with the word's label.
        found: [N] int64, neighbours looked at; K, or fewer where duplicates were left out and no others remain.
        neighbours: K used, at most N - 1.
    """

    matching: np.ndarray
    found: np.ndarray
    neighbours: int


def matching_neighbours(
    bank: np.ndarray,
    label_ids: np.ndarray,
    neighbours: int,
    *,
    search: Search = "auto",
    product: Product = "float32",
    device: str = "cpu",
    exclude_duplicates: bool = False,
    shortcut: bool = True,
    progress: Callable[[int], None] | None = None,
) -> NeighbourCounts:
    """Counts neighbours by cosine that share each word's label. The word itself is left out by its index.

    Engines differ only in how they break ties between equally near words, `product="bf16"` also by the rounding
    of the vectors to 8 bits before the product (sums and cosines stay float32).

    Args:
        bank: [N, H] float32, rows of length 1 (`unit_rows`) or 0.
        label_ids: [N] int from 0.
        neighbours: K; N - 1 is used where it is larger.
        search: engine; `auto` takes faiss on a GPU that faiss can use, otherwise torch.
        product: type of the vectors in the product.
        device: `cpu` or `cuda`.
        exclude_duplicates: leave out neighbours whose cosine is within 1e-6 of 1; torch and float32 only.
        shortcut: settle words whose neighbourhood has one label without ranking; never changes a count.
        progress: called with the number of words done since the last call.

    Raises:
        ValueError: if shapes, lengths or options do not fit.
    """
    _check(bank, label_ids, neighbours)
    used = min(neighbours, len(bank) - 1)
    advance = progress or _silent
    labels = _narrow(label_ids)
    engine = choose_search(search, product, device, used, exclude_duplicates)
    if engine != "torch":
        matching = count_faiss(bank, labels, used, engine == "faiss-gpu", advance)
        return NeighbourCounts(matching, np.full(len(bank), used), used)
    matching, found = _count_torch(
        bank, labels, used, product, device, exclude_duplicates, shortcut and not exclude_duplicates, advance
    )
    return NeighbourCounts(matching, found, used)


def choose_search(
    search: Search, product: Product, device: str, neighbours: int, exclude_duplicates: bool
) -> Literal["faiss", "faiss-gpu", "torch"]:
    """The engine that `search` stands for on this machine.

    On CPUs torch ranks faster than faiss (tests/benchmarks/bench_neighbours.py), so `auto` takes it.

    Raises:
        ValueError: if a named engine is not installed or cannot do what is asked.
    """
    special = product != "float32" or exclude_duplicates
    on_gpu = torch.device(device).type == "cuda"
    if search == "auto":
        fits = on_gpu and not special and neighbours < GPU_SELECTION_LIMIT
        return "faiss-gpu" if fits and has_faiss(gpu=True) else "torch"
    if search == "torch":
        return "torch"
    if special:
        raise ValueError(f"search '{search}' knows neither bf16 products nor duplicates; use 'torch' or 'auto'")
    if not has_faiss(gpu=search == "faiss-gpu"):
        raise ValueError(f"search '{search}' needs faiss{'-gpu and a GPU' if search != 'faiss' else ''}; use 'auto'")
    if search == "faiss-gpu" and neighbours >= GPU_SELECTION_LIMIT:
        raise ValueError(f"faiss-gpu finds fewer than {GPU_SELECTION_LIMIT} neighbours, not {neighbours}; use 'torch'")
    return search


def _count_torch(
    bank: np.ndarray,
    labels: np.ndarray,
    neighbours: int,
    product: Product,
    device: str,
    exclude_duplicates: bool,
    shortcut: bool,
    advance: Callable[[int], None],
) -> tuple[np.ndarray, np.ndarray]:
    with torch.inference_mode(), product_precision(product, device):
        cosines = Cosines.of(bank, product, device)
        ids = torch.from_numpy(labels).to(cosines.device)
        settled = torch.zeros(len(bank), dtype=torch.bool)
        if shortcut:
            settled = unanimous_majority(cosines, ids, neighbours, advance)
        rows = torch.nonzero(~settled).squeeze(1)
        if cosines.device.type == "cpu":
            counts = count_by_threshold(cosines, labels, rows.numpy(), neighbours, exclude_duplicates, advance)
        else:
            on_device = rows.to(cosines.device)
            counts = count_by_rank(cosines, ids, on_device, neighbours, exclude_duplicates, advance)
    matching = np.full(len(bank), neighbours, dtype=np.int64)
    found = matching.copy()
    matching[rows.numpy()], found[rows.numpy()] = counts
    return matching, found


def _narrow(label_ids: np.ndarray) -> np.ndarray:
    """Label ids as bytes where they fit, so that gathering the labels of N x K neighbours moves little."""
    wide = np.int64 if label_ids.max() > np.iinfo(np.int16).max else np.int16
    return label_ids.astype(np.uint8 if label_ids.max() <= np.iinfo(np.uint8).max else wide)


def _check(bank: np.ndarray, label_ids: np.ndarray, neighbours: int) -> None:
    if bank.ndim != 2 or bank.dtype != np.float32 or label_ids.shape != (len(bank),):
        raise ValueError(
            f"expected bank [N, H] float32 and label_ids [N], found {bank.shape} {bank.dtype} and {label_ids.shape}"
        )
    if len(bank) < 2:
        raise ValueError(f"{len(bank)} words have no neighbours; at least 2 are needed")
    if neighbours < 1:
        raise ValueError(f"neighbours is {neighbours}; at least 1 is needed")
    if label_ids.min() < 0:
        raise ValueError("label ids must not be negative")
    squares = np.einsum("nh,nh->n", bank, bank)
    if not (np.isclose(squares, 1, atol=_UNIT_TOLERANCE) | (squares == 0)).all():
        raise ValueError("bank rows must have length 1 or be zero; call unit_rows first")


def _silent(words: int) -> None:
    """Progress that nobody watches."""
