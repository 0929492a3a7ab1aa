"""Count, for every word, how many of its K nearest neighbours carry its label (CoLaDa, Eq. 2)."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch

from tasks.denoising.neighbours.cosines import Cosines, product_precision
from tasks.denoising.neighbours.mirrored import count_mirrored, relative_cost
from tasks.denoising.neighbours.nearest import check_bank, nearest_unordered
from tasks.denoising.neighbours.search import Search
from tasks.denoising.neighbours.unanimous import WORTHWHILE_COST, count_rows, unanimous_majority


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
    search: Search | None = None,
    *,
    shortcuts: bool = True,
    progress: Callable[[int], None] | None = None,
) -> NeighbourCounts:
    """Counts neighbours by cosine that share each word's label. The word itself is left out by its index.

    Args:
        bank: [N, H] float32, rows of length 1 (`unit_rows`) or 0.
        label_ids: [N] int from 0.
        neighbours: K; N - 1 is used where it is larger.
        search: how; by default exact, on the CPU.
        shortcuts: let the torch engine count most words without finding their neighbours; never changes a count but
            for ties.
        progress: called with the number of words done since the last call.

    Raises:
        ValueError: if shapes, lengths or options do not fit.
    """
    how = search or Search()
    check_bank(bank, neighbours)
    _check_labels(bank, label_ids)
    advance = progress or _silent
    used = min(neighbours, len(bank) - 1)
    matching = np.full(len(bank), used, dtype=np.int64)
    found = matching.copy()
    labels = _narrow(label_ids)
    rows = np.arange(len(bank))
    if shortcuts and how.chosen_engine(used) == "torch":
        rows = _count_without_search(bank, labels, used, how, matching, advance)
    known: torch.Tensor | None = None
    for block in nearest_unordered(bank, used, rows=rows, search=how, progress=advance):
        if known is None:
            known = torch.from_numpy(labels).to(block.indices.device)
        asking = rows[block.start : block.start + len(block.indices)]
        own = torch.from_numpy(labels[asking]).to(known.device)[:, None]
        there = block.indices >= 0
        matching[asking] = count_rows((known[block.indices] == own) & there).cpu().numpy()
        found[asking] = count_rows(there).cpu().numpy()
    return NeighbourCounts(matching, found, used)


def _count_without_search(
    bank: np.ndarray,
    labels: np.ndarray,
    neighbours: int,
    search: Search,
    matching: np.ndarray,
    advance: Callable[[int], None],
) -> np.ndarray:
    """Writes counts of words that need no search of their own; returns the rows of the others."""
    with torch.inference_mode(), product_precision(search.product, search.device):
        cosines = Cosines.of(bank, search.product, search.device)
        halved = relative_cost(cosines, neighbours)
        ids = torch.from_numpy(labels).to(cosines.device)
        worthwhile = min(WORTHWHILE_COST, halved)
        settled = unanimous_majority(cosines, ids, neighbours, search.exclude_duplicates, advance, worthwhile)
        if settled.any() or halved > 1:
            return np.flatnonzero(~settled.numpy())
        matching[:], certain = count_mirrored(cosines, labels, neighbours, search.exclude_duplicates, advance)
        return np.flatnonzero(~certain)


def _narrow(label_ids: np.ndarray) -> np.ndarray:
    """Label ids as bytes where they fit, so that gathering the labels of N x K neighbours moves little."""
    wide = np.int64 if label_ids.max() > np.iinfo(np.int16).max else np.int16
    return label_ids.astype(np.uint8 if label_ids.max() <= np.iinfo(np.uint8).max else wide)


def _check_labels(bank: np.ndarray, label_ids: np.ndarray) -> None:
    if label_ids.shape != (len(bank),):
        raise ValueError(f"expected label_ids [{len(bank)}], one for each bank row, found {label_ids.shape}")
    if label_ids.min() < 0:
        raise ValueError("label ids must not be negative")


def _silent(words: int) -> None:
    """Progress that nobody watches."""
