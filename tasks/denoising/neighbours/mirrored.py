"""Count matching neighbours of all words from half the product: cos(i, j) serves i and j."""

import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import repeat

import numpy as np
import torch

from tasks.denoising.neighbours.brackets import LOWEST, Brackets
from tasks.denoising.neighbours.by_threshold import surely_below
from tasks.denoising.neighbours.cosines import Cosines, ceiling, hide_own_column

_BLOCK_ROWS = 512
_BLOCK_COLUMNS = 8192
_PIECE = 2048  # columns that a thread looks through at a time
_SAMPLE = 1024
_GROWTH = 1.25  # words seen between two narrowings

# Below, brackets cost more than the half of the product that they save.
_LEAST_WORDS = 8192
_LEAST_WORDS_PER_NEIGHBOUR = 32
_WIDE = 512


def relative_cost(cosines: Cosines, neighbours: int) -> float:
    """What `count_mirrored` costs against ranking all words; on a CPU less than 1, for K small against N.

    Brackets take as long as the half of the product that they save at a width of some 200; measured, see
    docs/results.md.
    """
    needed = max(_LEAST_WORDS, _LEAST_WORDS_PER_NEIGHBOUR * neighbours)
    if cosines.device.type != "cpu" or len(cosines) < needed:
        return math.inf
    return 0.9 if cosines.bank.shape[1] < _WIDE else 0.7


def count_mirrored(
    cosines: Cosines,
    labels: np.ndarray,
    neighbours: int,
    exclude_duplicates: bool,
    advance: Callable[[int], None],
) -> tuple[np.ndarray, np.ndarray]:
    """Counts the K nearest words that have each word's label.

    Words enter in random order, a block at a time. The product of a block with itself and all words before it holds
    these cosines for both sides, so that every word that has entered has seen all others that have.

    Args:
        cosines: the bank, N words, on the CPU.
        labels: [N] label ids.
        neighbours: K, less than N.
        exclude_duplicates: leave out words with a cosine within DUPLICATE_GAP of 1.
        advance: called with the number of words done, counted by the share of the work.

    Returns:
        [N] int64 matching neighbours of K, and [N] bool: False where the count must be made by another search.
    """
    total = len(cosines)
    order = np.random.default_rng(0).permutation(total)
    bank = cosines.reordered(torch.from_numpy(order)).bank
    mixed = labels[order]
    sweep = _Sweep(Brackets(total, neighbours), mixed, ceiling(exclude_duplicates))
    buffer = torch.empty(_BLOCK_ROWS * _BLOCK_COLUMNS)
    narrowed = 0
    with ThreadPoolExecutor(torch.get_num_threads()) as threads:
        for start in range(0, total, _BLOCK_ROWS):
            stop = min(start + _BLOCK_ROWS, total)
            low = np.empty(0, dtype=np.float32)
            found: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
            for left in range(0, stop, _BLOCK_COLUMNS):
                right = min(left + _BLOCK_COLUMNS, stop)
                values = buffer[: (stop - start) * (right - left)].view(stop - start, right - left)
                torch.mm(bank[start:stop], bank[left:right].T, out=values)
                hide_own_column(values, torch.arange(start, stop) - left)
                cells = values.numpy()
                if left == 0:
                    sample = cells[:, :_SAMPLE]
                    low = np.maximum(surely_below(sample, sweep.ceiling, neighbours, sample.shape[1] / total), LOWEST)
                pieces = range(0, right - left, _PIECE)
                parts = [cells[:, first : first + _PIECE] for first in pieces]
                found += threads.map(
                    sweep.look_through, parts, (left + first for first in pieces), repeat(start), repeat(low)
                )
            entering, others, values_of = (np.concatenate(parts) for parts in zip(*found, strict=True))
            sweep.brackets.enter(start, stop, entering, values_of, mixed[entering] == mixed[others], low)
            if stop >= _GROWTH * narrowed:
                sweep.brackets.narrow(stop)
                narrowed = stop
            advance(stop * stop // total - start * start // total)
    matching, certain = np.empty(total, dtype=np.int64), np.empty(total, dtype=bool)
    matching[order], certain[order] = sweep.brackets.matching()
    return matching, certain


@dataclass(frozen=True)
class _Sweep:
    """What threads need to look through cosines.

    brackets  of the words that have entered
    labels    [N] of all words
    ceiling   cosine from which on words are no neighbours
    """

    brackets: Brackets
    labels: np.ndarray
    ceiling: float

    def look_through(
        self, cells: np.ndarray, first: int, start: int, low: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Gives words that have entered their cosines; returns those that may matter to the words that enter.

        Args:
            cells: [R, C] cosines of the words from `start` with the words from `first`.
            first: word of the first column.
            start: word of the first row; those before it have entered.
            low: [R] float32; lower cosines do not matter to the words that enter.

        Returns:
            [n] the entering words, [n] the others, [n] float32 their cosines.
        """
        known = min(first + cells.shape[1], start)
        if known > first:
            before = cells[:, : known - first]
            entering, others = self._places(before, self.brackets.low[first:known])
            same = self.labels[start + entering] == self.labels[first + others]
            self.brackets.add(first, known, first + others, before[entering, others], same)
        entering, others = self._places(cells, low[:, None])
        return start + entering, first + others, cells[entering, others]

    def _places(self, cells: np.ndarray, low: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Rows and columns of the cosines from `low` to the ceiling; on a flat mask numpy finds them much faster."""
        flat = np.flatnonzero(cells >= low)
        rows = flat // cells.shape[1]
        columns = flat - rows * cells.shape[1]
        if self.ceiling == np.inf:
            return rows, columns
        below = cells[rows, columns] < self.ceiling
        return rows[below], columns[below]
