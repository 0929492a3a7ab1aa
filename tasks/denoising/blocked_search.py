"""Count matching neighbours with torch: the cosines of one block of words at a time, then its K nearest."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch

from tasks.denoising.cosines import Cosines

# Words whose cosine is this close to 1 count as duplicates. Upstream's 1e-7 is less than float32's rounding of a
# sum of some hundred products, so it misses duplicates by chance.
DUPLICATE_GAP = 1e-6

_CPU_CELLS = 1 << 26  # cosines held at once, 256 MB
_CPU_MOST_ROWS = 1024
_GPU_ROWS = 2048
_GPU_COLUMNS = 1 << 16
_ROWS_PER_THREAD_TASK = 16

Counts = tuple[np.ndarray, np.ndarray]


def count_by_threshold(
    cosines: Cosines,
    labels: np.ndarray,
    rows: np.ndarray,
    neighbours: int,
    exclude_duplicates: bool,
    advance: Callable[[int], None],
) -> Counts:
    """Counts on the CPU: K-th largest cosine of each row, then the same-label words at or above it.

    numpy selects the K-th of 50,000 values about eight times as fast as torch.topk, and no neighbour is listed.
    Of several words exactly at the K-th cosine the first in corpus order are taken.

    Args:
        cosines: the bank, N words, on the CPU.
        labels: [N] label ids.
        rows: [M] words to count for.
        neighbours: K, at most N - 1.
        exclude_duplicates: leave out words with a cosine within DUPLICATE_GAP of 1.
        advance: called with the number of words done.

    Returns:
        [M] int64 matching neighbours and [M] int64 neighbours found (K unless duplicates were left out).
    """
    matching, found = np.zeros(len(rows), dtype=np.int64), np.zeros(len(rows), dtype=np.int64)
    members = {int(label): labels == label for label in np.unique(labels[rows])}
    size = max(8, min(_CPU_MOST_ROWS, _CPU_CELLS // len(cosines)))
    buffer = torch.empty(min(size, len(rows)), len(cosines))
    with ThreadPoolExecutor(torch.get_num_threads()) as threads:
        for start in range(0, len(rows), size):
            block = rows[start : start + size]
            values = buffer[: len(block)]
            torch.mm(cosines.queries(torch.from_numpy(block)), cosines.bank.T, out=values)
            cells = values.numpy()
            cells[np.arange(len(block)), block] = -np.inf

            def count(first: int, start: int = start, block: np.ndarray = block, cells: np.ndarray = cells) -> None:
                for row in range(first, min(first + _ROWS_PER_THREAD_TASK, len(block))):
                    if exclude_duplicates:
                        cells[row][cells[row] >= 1 - DUPLICATE_GAP] = -np.inf
                    same = members[int(labels[block[row]])]
                    matching[start + row], found[start + row] = _count_row(cells[row], same, neighbours)

            list(threads.map(count, range(0, len(block), _ROWS_PER_THREAD_TASK)))
            advance(len(block))
    return matching, found


def _count_row(cosines: np.ndarray, same: np.ndarray, neighbours: int) -> tuple[int, int]:
    """Matching and found among the K largest cosines; -inf marks words that are no neighbours."""
    ranked = cosines.copy()
    ranked.partition(len(ranked) - neighbours)
    least = ranked[len(ranked) - neighbours]
    if least == -np.inf:
        eligible = cosines > -np.inf
        return int(np.count_nonzero(eligible & same)), int(np.count_nonzero(eligible))
    near = cosines >= least
    surplus = int(np.count_nonzero(near)) - neighbours
    if surplus:
        near[np.flatnonzero(cosines == least)[-surplus:]] = False
    return int(np.count_nonzero(near & same)), neighbours


def count_by_rank(
    cosines: Cosines,
    labels: torch.Tensor,
    rows: torch.Tensor,
    neighbours: int,
    exclude_duplicates: bool,
    advance: Callable[[int], None],
    columns: int = _GPU_COLUMNS,
) -> Counts:
    """Counts on a GPU: top-K of each block of bank columns, merged into the top-K so far.

    Args, returns: as `count_by_threshold`, with tensors on the device; `columns` of the bank are compared at once.
    """
    matching, found = [np.zeros(0, dtype=np.int64)], [np.zeros(0, dtype=np.int64)]
    for block in rows.split(_GPU_ROWS):
        same = _same_label_among_nearest(cosines, labels, block, neighbours, exclude_duplicates, columns)
        matching.append((same == 1).sum(1).cpu().numpy())
        found.append((same >= 0).sum(1).cpu().numpy())
        advance(len(block))
    return np.concatenate(matching), np.concatenate(found)


def _same_label_among_nearest(
    cosines: Cosines,
    labels: torch.Tensor,
    rows: torch.Tensor,
    neighbours: int,
    exclude_duplicates: bool,
    columns: int,
) -> torch.Tensor:
    """[R, K] int8: 1 where a neighbour shares the word's label, 0 where not, -1 where no neighbour is left."""
    queries = cosines.queries(rows)
    own_labels = labels[rows][:, None]
    nearest = torch.empty(len(rows), 0, device=cosines.device)
    same = torch.empty(len(rows), 0, dtype=torch.int8, device=cosines.device)
    for start in range(0, len(cosines), columns):
        stop = min(start + columns, len(cosines))
        values = cosines.block(queries, start, stop)
        if exclude_duplicates:
            values.masked_fill_(values >= 1 - DUPLICATE_GAP, -torch.inf)
        hide_own_column(values, rows - start)
        top = values.topk(min(neighbours, stop - start), dim=1, sorted=False)
        agrees = (labels[start:stop][top.indices] == own_labels).to(torch.int8)
        agrees[top.values == -torch.inf] = -1
        nearest, same = torch.cat([nearest, top.values], dim=1), torch.cat([same, agrees], dim=1)
        if nearest.shape[1] > neighbours:
            nearest, kept = nearest.topk(neighbours, dim=1, sorted=False)
            same = same.gather(1, kept)
    return same


def hide_own_column(values: torch.Tensor, own: torch.Tensor) -> None:
    """Sets each row's cosine with itself to -inf; `own` [R] is the row's own column, outside [0, C) if not here."""
    here = torch.nonzero((own >= 0) & (own < values.shape[1])).squeeze(1)
    values[here, own[here]] = -torch.inf
