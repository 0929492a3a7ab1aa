"""Cosines of a few words against the whole bank, block by block, in float32 or bf16, on CPU or CUDA."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch

from tasks.denoising.neighbours.product import DUPLICATE_GAP, Product

# The most of a GPU's free memory that the bank may take to stay there; a larger bank is sent block by block.
_RESIDENT_FRACTION = 0.5


@dataclass(frozen=True)
class Cosines:
    """The bank where its products are computed.

    Attributes:
        bank: [N, H] unit rows; on `device` if they fit there.
        device: where products are computed.
    """

    bank: torch.Tensor
    device: torch.device

    @classmethod
    def of(cls, bank: np.ndarray, product: Product, device: str) -> "Cosines":
        """The bank in the type of its product: bf16 on CUDA, otherwise float32 without a copy."""
        rows = torch.from_numpy(bank)
        where = torch.device(device)
        if where.type == "cuda":
            width = 2 if product == "bf16" else 4
            free_bytes, _ = torch.cuda.mem_get_info(where)
            if rows.numel() * width <= _RESIDENT_FRACTION * free_bytes:
                rows = rows.to(where)
            if product == "bf16":
                rows = rows.to(torch.bfloat16)
        return cls(rows, where)

    def __len__(self) -> int:
        return len(self.bank)

    def of_rows(self, rows: torch.Tensor) -> torch.Tensor:
        """[R, H] rows of the bank as queries, on the device."""
        return self.bank[rows.to(self.bank.device)].to(self.device)

    def of_vectors(self, vectors: np.ndarray) -> torch.Tensor:
        """[R, H] other vectors as queries, on the device and in the bank's type."""
        return torch.from_numpy(vectors).to(self.device, self.bank.dtype)

    def reordered(self, order: torch.Tensor) -> "Cosines":
        """A copy of the bank with its rows in another order."""
        return Cosines(self.bank[order.to(self.bank.device)], self.device)

    def block(self, queries: torch.Tensor, start: int, stop: int) -> torch.Tensor:
        """[R, stop - start] float32 cosines of the queries with the bank's rows `start` to `stop`."""
        columns = self.bank[start:stop].to(self.device)
        if columns.dtype == torch.bfloat16:
            # Rounding the cosines themselves to bf16 would tie hundreds of neighbours, so they are kept in float32.
            return torch.mm(queries, columns.T, out_dtype=torch.float32)
        return queries @ columns.T


def hide_own_column(values: torch.Tensor, own: torch.Tensor) -> None:
    """Sets each row's cosine with itself to -inf; `own` [R] is the row's own column, outside [0, C) if not here."""
    here = torch.nonzero((own >= 0) & (own < values.shape[1])).squeeze(1)
    values[here, own[here]] = -torch.inf


def ceiling(exclude_duplicates: bool) -> float:
    """The cosine from which on words are no neighbours."""
    return 1 - DUPLICATE_GAP if exclude_duplicates else np.inf


@contextmanager
def product_precision(product: Product, device: str) -> Iterator[None]:
    """Float32 products as `product` says: exact ones, or on CPUs bf16 factors summed and returned in float32.

    A CPU without bf16 instructions computes exact products either way.
    """
    before = torch.get_float32_matmul_precision()
    rounds_on_cpu = product == "bf16" and torch.device(device).type == "cpu"
    torch.set_float32_matmul_precision("medium" if rounds_on_cpu else "highest")
    try:
        yield
    finally:
        torch.set_float32_matmul_precision(before)
