"""What classes the neighbours of each query have: how many of each class, or how near they are in sum."""

from collections.abc import Callable
from typing import Literal

import numpy as np
import torch

from tasks.denoising.neighbours.cosines import Cosines, product_precision
from tasks.denoising.neighbours.nearest import check_bank, nearest_unordered
from tasks.denoising.neighbours.search import Search
from tasks.denoising.neighbours.unanimous import WORTHWHILE_COST, unanimous_majority

Measure = Literal["count", "similarity"]


def class_tally(
    bank: np.ndarray,
    label_ids: np.ndarray,
    classes: int,
    neighbours: int,
    *,
    measure: Measure = "count",
    queries: np.ndarray | None = None,
    rows: np.ndarray | None = None,
    search: Search | None = None,
    progress: Callable[[int], None] | None = None,
) -> np.ndarray:
    """Neighbours by class: n_i^c = sum over the K nearest j of I(y_j = c), K times the score of GLoDe, Eq. 9.

    Args:
        bank: [N, H] float32, rows of length 1 (`unit_rows`) or 0.
        label_ids: [N] int classes of the bank's rows, below `classes`.
        classes: C.
        neighbours: K; where fewer words may be neighbours, all of them count.
        measure: `count` of neighbours, or the sum of their `similarity`: I(y_j = c) cos(i, j) is summed.
        queries: [Q, H] float32 as `bank`; None: the bank's own rows ask.
        rows: [Q] the bank's rows that ask, each left out of its own neighbours; None: all of them.
        search: how; by default exact, on the CPU.
        progress: called with the number of queries done since the last call.

    Returns:
        [Q, C] float64; counts sum to K per query, or fewer where duplicates were left out and no others remain.

    Raises:
        ValueError: if shapes, lengths, classes or options do not fit.
    """
    if label_ids.shape != (len(bank),):
        raise ValueError(f"expected one class for each of {len(bank)} bank rows, found label_ids {label_ids.shape}")
    if len(label_ids) and not 0 <= label_ids.min() <= label_ids.max() < classes:
        raise ValueError(f"classes go from 0 to {classes - 1}, found {label_ids.min()} to {label_ids.max()}")
    how = search or Search()
    if queries is not None:
        return _searched(bank, label_ids, classes, neighbours, measure, queries, rows, how, progress)
    asked = np.arange(len(bank)) if rows is None else rows
    found = np.zeros((len(asked), classes))
    left = np.ones(len(asked), dtype=bool)
    if measure == "count":
        check_bank(bank, neighbours)
        left = ~_settled(bank, label_ids, neighbours, how, asked, progress)[asked]
        found[~left, label_ids[asked[~left]]] = min(neighbours, len(bank) - 1)
    found[left] = _searched(bank, label_ids, classes, neighbours, measure, None, asked[left], how, progress)
    return found


def _settled(
    bank: np.ndarray,
    label_ids: np.ndarray,
    neighbours: int,
    search: Search,
    asked: np.ndarray,
    progress: Callable[[int], None] | None,
) -> np.ndarray:
    """[N] bool: rows of the bank whose neighbours all have their class, the most frequent one; they need no search."""
    used = min(neighbours, len(bank) - 1)
    if search.chosen_engine(used) != "torch":
        return np.zeros(len(bank), dtype=bool)
    with torch.inference_mode(), product_precision(search.product, search.device):
        cosines = Cosines.of(bank, search.product, search.device)
        known = torch.from_numpy(label_ids.astype(np.int64)).to(cosines.device)
        about = (search.exclude_duplicates, progress or _silent, WORTHWHILE_COST)
        settled: np.ndarray = unanimous_majority(cosines, known, used, *about, asking=asked).numpy()
    return settled


def _searched(
    bank: np.ndarray,
    label_ids: np.ndarray,
    classes: int,
    neighbours: int,
    measure: Measure,
    queries: np.ndarray | None,
    rows: np.ndarray | None,
    search: Search,
    progress: Callable[[int], None] | None,
) -> np.ndarray:
    """As `class_tally`, by the neighbours of every query."""
    tallies = [np.zeros((0, classes))]
    known: torch.Tensor | None = None
    for block in nearest_unordered(bank, neighbours, queries=queries, rows=rows, search=search, progress=progress):
        if known is None:
            known = torch.from_numpy(label_ids.astype(np.int64)).to(block.indices.device)
        there = block.indices >= 0
        values = block.similarities.double().where(there, 0.0) if measure == "similarity" else there.double()
        tally = torch.zeros(len(values), classes, dtype=torch.float64, device=values.device)
        tally.scatter_add_(1, known[block.indices.clamp(min=0)], values)
        tallies.append(tally.cpu().numpy())
    return np.concatenate(tallies)


def _silent(words: int) -> None:
    """Progress that nobody watches."""
