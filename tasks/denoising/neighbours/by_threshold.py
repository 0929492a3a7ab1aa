"""Find neighbours on the CPU: a block of cosines, and in each of its rows those that reach the K-th largest."""

import math
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch

from tasks.denoising.neighbours.cosines import Cosines, ceiling, hide_own_column

_CELLS = 1 << 26  # cosines held at once, 256 MB
_MOST_ROWS = 1024
_ROWS_PER_THREAD_TASK = 16
_SAMPLED_ROWS = 1024
DEVIATIONS = 4.0


class ByThreshold:
    """The torch engine on a CPU; of several words exactly at the K-th cosine the first in corpus order are taken.

    Ranking a row costs as much as a product 300 wide. So a sample of the row says which cosine is surely below its
    K-th largest, and only the few above are ranked; where the sample erred, the whole row is.

    Attributes:
        rows: queries to ask at a time.
    """

    def __init__(self, cosines: Cosines, neighbours: int, exclude_duplicates: bool) -> None:
        """Takes the bank on the CPU, and K, at most the number of words that may be neighbours."""
        self.rows = max(8, min(_MOST_ROWS, _CELLS // len(cosines)))
        self._cosines, self._neighbours, self._ceiling = cosines, neighbours, ceiling(exclude_duplicates)
        self._buffer = torch.empty(0, len(cosines))

    def __call__(self, queries: torch.Tensor, own: torch.Tensor | None) -> tuple[torch.Tensor, torch.Tensor]:
        """The nearest words.

        Args:
            queries: [R, H], R at most `rows`.
            own: [R] the query's own row of the bank, never its neighbour; None: the queries are not in the bank.

        Returns:
            [R, K] int64 rows of the bank in their order, and [R, K] float32 their cosines; -1 and -inf at the end
            where no neighbours are left.
        """
        if len(self._buffer) < len(queries):
            self._buffer = torch.empty(len(queries), len(self._cosines))
        values = self._buffer[: len(queries)]
        torch.mm(queries, self._cosines.bank.T, out=values)
        if own is not None:
            hide_own_column(values, own)
        indices = torch.full((len(queries), self._neighbours), -1)
        similarities = torch.full((len(queries), self._neighbours), -torch.inf)

        def select(first: int) -> None:
            cells = values.numpy()[first : first + _ROWS_PER_THREAD_TASK]
            places, found = indices.numpy()[first:], similarities.numpy()[first:]
            for row, floor in enumerate(_floors(cells, self._ceiling, self._neighbours)):
                chosen = _nearest_places(cells[row], floor, self._ceiling, self._neighbours)
                places[row, : len(chosen)] = chosen
                found[row, : len(chosen)] = cells[row, chosen]

        with ThreadPoolExecutor(torch.get_num_threads()) as threads:
            list(threads.map(select, range(0, len(queries), _ROWS_PER_THREAD_TASK)))
        return indices, similarities


def _floors(cells: np.ndarray, ceiling: float, neighbours: int) -> np.ndarray:
    """[R] a cosine below each row's K-th largest, but for a few rows in ten thousand; -inf where sampling is no use."""
    sample = cells[:, :: max(1, cells.shape[1] // _SAMPLED_ROWS)]
    return surely_below(sample, ceiling, neighbours, sample.shape[1] / cells.shape[1])


def surely_below(sample: np.ndarray, ceiling: float, neighbours: int, share: float) -> np.ndarray:
    """[R] a cosine that is surely below the K-th largest of all those that the sample was drawn from.

    Args:
        sample: [R, S] cosines of each row with some words; -inf marks what is no neighbour.
        ceiling: cosines from here on are no neighbours either.
        neighbours: K.
        share: of all words, in the sample.

    Returns:
        [R] float32, one of the row's own cosines; -inf where so few were drawn that any may be above.
    """
    mean = neighbours * share
    rank = math.ceil(mean + DEVIATIONS * math.sqrt(mean * (1 - share))) + 1
    if 2 * rank > sample.shape[1]:
        return np.full(len(sample), -np.inf, dtype=np.float32)
    place = sample.shape[1] - rank
    drawn = sample if ceiling == np.inf else np.where(sample < ceiling, sample, -np.inf)
    below: np.ndarray = np.partition(drawn, place, axis=1)[:, place]
    return below


def _nearest_places(cosines: np.ndarray, floor: float, ceiling: float, neighbours: int) -> np.ndarray:
    """Places of the K largest below the ceiling, in their order; fewer where the others are -inf."""
    above = _places_between(cosines, floor, ceiling)
    if len(above) < neighbours:
        above = _places_between(cosines, -np.inf, ceiling)
    if len(above) <= neighbours:
        return above
    candidates = cosines[above]
    least = np.partition(candidates, len(candidates) - neighbours)[len(candidates) - neighbours]
    near = candidates >= least
    surplus = np.count_nonzero(near) - neighbours
    if surplus:
        near[np.flatnonzero(candidates == least)[-surplus:]] = False
    return above[near]


def _places_between(cosines: np.ndarray, floor: float, ceiling: float) -> np.ndarray:
    """Places of cosines from the floor to the ceiling; -inf, which marks what is no neighbour, is never one."""
    above = np.flatnonzero(cosines >= floor) if floor > -np.inf else np.flatnonzero(cosines > floor)
    return above if ceiling == np.inf else above[cosines[above] < ceiling]
