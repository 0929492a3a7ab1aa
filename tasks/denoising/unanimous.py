"""Find words whose K nearest neighbours all share their label, without ranking neighbours."""

import math
from collections.abc import Callable

import numpy as np
import torch

from tasks.denoising.blocked_search import hide_own_column
from tasks.denoising.cosines import Cosines

_ROWS = 2048
_COLUMNS = 4096
_OTHER_COLUMNS = 8192
_SAMPLE = 256
_SAMPLE_COLUMNS = 1 << 16
_WORTHWHILE_COST = 0.85


def unanimous_majority(
    cosines: Cosines, labels: torch.Tensor, neighbours: int, advance: Callable[[int], None]
) -> torch.Tensor:
    """Marks words of the most frequent label (O, in practice) that have K same-label words nearer than any other.

    For such a word the count is K, however ties are broken. The nearest word of another label costs only the
    products with the few other words; then same-label words are visited in random order until K nearer ones are
    seen, mostly long before the last. A sample decides first whether this saves more than it costs.

    Args:
        cosines: the bank, N words.
        labels: [N] label ids, on the device of the products.
        neighbours: K.
        advance: called with the number of words settled.

    Returns:
        [N] bool on the CPU. False means undecided.
    """
    settled = torch.zeros(len(cosines), dtype=torch.bool)
    ids = labels.cpu().numpy()
    frequency = np.bincount(ids)
    majority = int(frequency.argmax())
    size = int(frequency[majority])
    if size == len(ids):
        advance(size)
        return ~settled
    if size <= max(neighbours, len(ids) // 2):
        return settled
    members = np.random.default_rng(0).permutation(np.flatnonzero(ids == majority))
    order = torch.from_numpy(np.concatenate([members, np.flatnonzero(ids != majority)]))
    ordered = cosines.reordered(order)
    if _relative_cost(ordered, size, neighbours) > _WORTHWHILE_COST:
        return settled
    for start in range(0, size, _ROWS):
        rows = torch.arange(start, min(start + _ROWS, size), device=cosines.device)
        done = rows[_has_nearer_members(ordered, rows, size, neighbours)].cpu()
        settled[order[done]] = True
        advance(len(done))
    return settled


def _nearest_other(ordered: Cosines, queries: torch.Tensor, size: int) -> torch.Tensor:
    """[R, 1] largest cosine with a word past the first `size`."""
    best = torch.full((len(queries), 1), -torch.inf, device=queries.device)
    for start in range(size, len(ordered), _OTHER_COLUMNS):
        stop = min(start + _OTHER_COLUMNS, len(ordered))
        best = torch.maximum(best, ordered.block(queries, start, stop).amax(1, keepdim=True))
    return best


def _has_nearer_members(ordered: Cosines, rows: torch.Tensor, size: int, neighbours: int) -> torch.Tensor:
    """[R] bool: at least K of the first `size` words are strictly nearer than every word after them."""
    queries = ordered.queries(rows)
    bound = _nearest_other(ordered, queries, size)
    settled = torch.zeros(len(rows), dtype=torch.bool, device=rows.device)
    active = torch.arange(len(rows), device=rows.device)
    nearer = torch.zeros(len(rows), dtype=torch.int64, device=rows.device)
    for start in range(0, size, _COLUMNS):
        stop = min(start + _COLUMNS, size)
        values = ordered.block(queries[active], start, stop)
        hide_own_column(values, rows[active] - start)
        nearer[active] += _count_rows(values > bound[active])
        seen = nearer[active]
        settled[active[seen >= neighbours]] = True
        # Rows are in random order, so the count so far foretells the last; giving a word up is always correct.
        hopeful = (seen + 3 * torch.sqrt(seen + 1.0)) * (size / stop) >= neighbours
        active = active[hopeful & (seen < neighbours)]
        if not len(active):
            break
    return settled


def _relative_cost(ordered: Cosines, size: int, neighbours: int) -> float:
    """What settling first costs against ranking all words, estimated on a sample of the majority."""
    total = len(ordered)
    rows = torch.arange(min(_SAMPLE, size), device=ordered.device)
    queries = ordered.queries(rows)
    bound = _nearest_other(ordered, queries, size)
    stop = min(size, _SAMPLE_COLUMNS)
    values = ordered.block(queries, 0, stop)
    hide_own_column(values, rows)
    nearer = _count_rows(values > bound).to(torch.float64) * (size / stop)
    chunk = min(1.0, _COLUMNS / size)
    visited = torch.where(nearer >= neighbours, neighbours / nearer.clamp(min=1) + chunk, chunk).clamp(max=1.0)
    undecided = float((nearer < neighbours).double().mean())
    majority_cost = (total - size) / total + float(visited.mean()) * size / total + undecided
    cost = (size * majority_cost + (total - size)) / total
    return cost if math.isfinite(cost) else math.inf


def _count_rows(mask: torch.Tensor) -> torch.Tensor:
    """[R] number of True per row; on CPUs by numpy, whose count of bytes is several times as fast as torch's sum."""
    if mask.device.type == "cpu":
        return torch.from_numpy(np.count_nonzero(mask.numpy(), axis=1))
    return mask.sum(1)
