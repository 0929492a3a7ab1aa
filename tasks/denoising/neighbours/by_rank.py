"""Find neighbours on a GPU: the top K of each block of bank columns, merged into the top K so far."""

import torch

from tasks.denoising.neighbours.cosines import Cosines, hide_own_column
from tasks.denoising.neighbours.product import DUPLICATE_GAP

_GPU_ROWS = 2048
_GPU_COLUMNS = 1 << 16


class ByRank:
    """The torch engine on a GPU.

    Attributes:
        rows: queries to ask at a time.
    """

    rows = _GPU_ROWS

    def __init__(
        self, cosines: Cosines, neighbours: int, exclude_duplicates: bool, columns: int = _GPU_COLUMNS
    ) -> None:
        """Takes the bank, K (at most the number of words that may be neighbours), and the columns of a block."""
        self._cosines, self._neighbours = cosines, neighbours
        self._exclude_duplicates, self._columns = exclude_duplicates, columns

    def __call__(self, queries: torch.Tensor, own: torch.Tensor | None) -> tuple[torch.Tensor, torch.Tensor]:
        """The nearest words; as `ByThreshold`, in no order, on the device."""
        nearest = torch.empty(len(queries), 0, device=queries.device)
        places = torch.empty(len(queries), 0, dtype=torch.int64, device=queries.device)
        for start in range(0, len(self._cosines), self._columns):
            stop = min(start + self._columns, len(self._cosines))
            values = self._cosines.block(queries, start, stop)
            if self._exclude_duplicates:
                values.masked_fill_(values >= 1 - DUPLICATE_GAP, -torch.inf)
            if own is not None:
                hide_own_column(values, own - start)
            top = values.topk(min(self._neighbours, stop - start), dim=1, sorted=False)
            nearest = torch.cat([nearest, top.values], dim=1)
            places = torch.cat([places, top.indices + start], dim=1)
            if nearest.shape[1] > self._neighbours:
                nearest, kept = nearest.topk(self._neighbours, dim=1, sorted=False)
                places = places.gather(1, kept)
        return places.masked_fill_(nearest == -torch.inf, -1), nearest
