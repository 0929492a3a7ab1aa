"""Find words whose K nearest neighbours all share their label, without ranking neighbours."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch

from tasks.denoising.neighbours.cosines import Cosines, hide_own_column
from tasks.denoising.neighbours.product import DUPLICATE_GAP

WORTHWHILE_COST = 0.85
"""The most that settling words first may cost, as a share of ranking all, for callers with nothing else to do."""

_ROWS = 2048
_COLUMNS = 4096
_OTHER_COLUMNS = 8192
_SAMPLE = 256
_SAMPLE_COLUMNS = 1 << 16


def unanimous_majority(
    cosines: Cosines,
    labels: torch.Tensor,
    neighbours: int,
    exclude_duplicates: bool,
    advance: Callable[[int], None],
    worthwhile: float,
    asking: np.ndarray | None = None,
) -> torch.Tensor:
    """Marks words of the most frequent label (O, in practice) that have K same-label words nearer than any other.

    For such a word the count is K, however ties are broken. The nearest word of another label costs only the
    products with the few other words; then same-label words are visited in random order until K nearer ones are
    seen, mostly long before the last. A sample decides first whether this saves more than it costs.

    Args:
        cosines: the bank, N words.
        labels: [N] label ids, on the device of the products.
        neighbours: K.
        exclude_duplicates: words with a cosine within DUPLICATE_GAP of 1 are no neighbours.
        advance: called with the number of words settled.
        worthwhile: the most it may cost, by the sample, as a share of ranking all words; else nothing is settled.
        asking: [A] rows of the bank that are to be settled; None: all.

    Returns:
        [N] bool on the CPU. False means undecided.
    """
    settled = torch.zeros(len(cosines), dtype=torch.bool)
    ids = labels.cpu().numpy()
    frequency = np.bincount(ids)
    majority = int(frequency.argmax())
    size = int(frequency[majority])
    if size == len(ids) and not exclude_duplicates:
        advance(size if asking is None else len(asking))
        return ~settled
    if size <= max(neighbours, len(ids) // 2):
        return settled
    members = np.random.default_rng(0).permutation(np.flatnonzero(ids == majority))
    order = torch.from_numpy(np.concatenate([members, np.flatnonzero(ids != majority)]))
    ordered = _Ordered(cosines.reordered(order), size, exclude_duplicates)
    places = torch.arange(size, device=cosines.device)
    if asking is not None:
        places = places[np.isin(members, asking)]
    others = (len(ids) if asking is None else len(asking)) - len(places)
    if len(places) == 0 or _relative_cost(ordered, neighbours, places, others) > worthwhile:
        return settled
    for rows in places.split(_ROWS):
        done = rows[_has_nearer_members(ordered, rows, neighbours)].cpu()
        settled[order[done]] = True
        advance(len(done))
    return settled


@dataclass(frozen=True)
class _Ordered:
    """The bank with the majority's words first.

    A product of other shape may round a cosine at the edge of a duplicate otherwise, so that what is counted here
    must be no duplicate by twice the gap, and what is held against it may be one by half the gap.
    """

    cosines: Cosines
    size: int
    exclude_duplicates: bool

    def members(self, queries: torch.Tensor, rows: torch.Tensor, start: int, stop: int) -> torch.Tensor:
        """[R, stop - start] cosines with words of the majority; -inf for the word itself and for duplicates."""
        values = self.cosines.block(queries, start, stop)
        hide_own_column(values, rows - start)
        if self.exclude_duplicates:
            values.masked_fill_(values >= 1 - 2 * DUPLICATE_GAP, -torch.inf)
        return values

    def nearest_other(self, queries: torch.Tensor) -> torch.Tensor:
        """[R, 1] largest cosine with a word of another label."""
        best = torch.full((len(queries), 1), -torch.inf, device=queries.device)
        for start in range(self.size, len(self.cosines), _OTHER_COLUMNS):
            values = self.cosines.block(queries, start, min(start + _OTHER_COLUMNS, len(self.cosines)))
            if self.exclude_duplicates:
                values.masked_fill_(values >= 1 - DUPLICATE_GAP / 2, -torch.inf)
            best = torch.maximum(best, values.amax(1, keepdim=True))
        return best


def _has_nearer_members(ordered: _Ordered, rows: torch.Tensor, neighbours: int) -> torch.Tensor:
    """[R] bool: at least K words of the majority are strictly nearer than every word of another label."""
    queries = ordered.cosines.of_rows(rows)
    bound = ordered.nearest_other(queries)
    settled = torch.zeros(len(rows), dtype=torch.bool, device=rows.device)
    active = torch.arange(len(rows), device=rows.device)
    nearer = torch.zeros(len(rows), dtype=torch.int64, device=rows.device)
    for start in range(0, ordered.size, _COLUMNS):
        stop = min(start + _COLUMNS, ordered.size)
        values = ordered.members(queries[active], rows[active], start, stop)
        nearer[active] += count_rows(values > bound[active])
        seen = nearer[active]
        settled[active[seen >= neighbours]] = True
        # Rows are in random order, so the count so far foretells the last; giving a word up is always correct.
        hopeful = (seen + 3 * torch.sqrt(seen + 1.0)) * (ordered.size / stop) >= neighbours
        active = active[hopeful & (seen < neighbours)]
        if not len(active):
            break
    return settled


def _relative_cost(ordered: _Ordered, neighbours: int, places: torch.Tensor, others: int) -> float:
    """What settling the words at some places first costs against ranking them and the others, by a sample."""
    size, total = ordered.size, len(ordered.cosines)
    rows = places[:_SAMPLE]
    queries = ordered.cosines.of_rows(rows)
    bound = ordered.nearest_other(queries)
    stop = min(size, _SAMPLE_COLUMNS)
    nearer = count_rows(ordered.members(queries, rows, 0, stop) > bound).to(torch.float64) * (size / stop)
    chunk = min(1.0, _COLUMNS / size)
    visited = torch.where(nearer >= neighbours, neighbours / nearer.clamp(min=1) + chunk, chunk).clamp(max=1.0)
    undecided = float((nearer < neighbours).double().mean())
    majority_cost = (total - size) / total + float(visited.mean()) * size / total + undecided
    cost = (len(places) * majority_cost + others) / (len(places) + others)
    return cost if math.isfinite(cost) else math.inf


def count_rows(mask: torch.Tensor) -> torch.Tensor:
    """[R] number of True per row; on CPUs by numpy, whose count of bytes is several times as fast as torch's sum."""
    if mask.device.type == "cpu":
        return torch.from_numpy(np.count_nonzero(mask.numpy(), axis=1))
    return mask.sum(1)
