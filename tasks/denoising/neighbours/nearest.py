"""The nearest rows of a bank, exact, a block of queries at a time: nothing of size N x K or N x N is ever held."""

from collections.abc import Callable, Iterator
from typing import NamedTuple, Protocol

import numpy as np
import torch

from tasks.denoising.neighbours.by_faiss import ByFaiss
from tasks.denoising.neighbours.by_rank import ByRank
from tasks.denoising.neighbours.by_threshold import ByThreshold
from tasks.denoising.neighbours.cosines import Cosines, product_precision
from tasks.denoising.neighbours.search import Search

_UNIT_TOLERANCE = 1e-3


class Nearest(NamedTuple):
    """The neighbours of a block of queries.

    Attributes:
        start: number of the block's first query.
        indices: [R, K] int64 rows of the bank, -1 where no neighbour is left.
        similarities: [R, K] float32 their cosines, -inf where no neighbour is left.
    """

    start: int
    indices: torch.Tensor
    similarities: torch.Tensor


class _Engine(Protocol):
    """What finds the neighbours of some queries; `own` are their rows in the bank, where they are in it."""

    rows: int

    def __call__(self, queries: torch.Tensor, own: torch.Tensor | None) -> tuple[torch.Tensor, torch.Tensor]: ...


def nearest_unordered(
    bank: np.ndarray,
    neighbours: int,
    *,
    queries: np.ndarray | None = None,
    rows: np.ndarray | None = None,
    search: Search | None = None,
    progress: Callable[[int], None] | None = None,
) -> Iterator[Nearest]:
    """Finds the K nearest words by cosine, in any order: for what only counts or sums over neighbours.

    Args:
        bank: [N, H] float32, rows of length 1 (`unit_rows`) or 0.
        neighbours: K; where fewer words may be neighbours, all of them are found.
        queries: [Q, H] float32 as `bank`, which may all be neighbours' neighbours; None: the bank's own rows ask.
        rows: [Q] the bank's rows that ask, each left out of its own neighbours; None: all of them.
        search: how; by default exact, on the CPU.
        progress: called with the number of queries done since the last call.

    Yields:
        Neighbours block by block, on the search's device.

    Raises:
        ValueError: if shapes, lengths or options do not fit.
    """
    how = search or Search()
    check_bank(bank, neighbours)
    if queries is not None:
        check_queries(queries, rows, bank)
    asked = np.arange(len(bank)) if rows is None else rows
    total = len(asked) if queries is None else len(queries)
    used = min(neighbours, len(bank) - (queries is None))
    with torch.inference_mode(), product_precision(how.product, how.device):
        engine, cosines = _engine(bank, used, how)
        for start in range(0, total, engine.rows):
            stop = min(start + engine.rows, total)
            if queries is None:
                own = torch.from_numpy(asked[start:stop]).to(cosines.device)
                found = engine(cosines.of_rows(own), own)
            else:
                found = engine(cosines.of_vectors(queries[start:stop]), None)
            yield Nearest(start, *found)
            if progress:
                progress(stop - start)


def check_bank(bank: np.ndarray, neighbours: int) -> None:
    """Checks what every search needs.

    Raises:
        ValueError: if the bank is no [N, H] float32 of unit rows, or K is below 1.
    """
    if bank.ndim != 2 or bank.dtype != np.float32:
        raise ValueError(f"expected bank [N, H] float32, found {bank.shape} {bank.dtype}")
    if len(bank) < 2:
        raise ValueError(f"{len(bank)} words have no neighbours; at least 2 are needed")
    if neighbours < 1:
        raise ValueError(f"neighbours is {neighbours}; at least 1 is needed")
    _check_lengths(bank, "bank")


def check_queries(queries: np.ndarray, rows: np.ndarray | None, bank: np.ndarray) -> None:
    """Checks queries that are not rows of the bank.

    Raises:
        ValueError: if they do not fit the bank, or rows of the bank are named as well.
    """
    if rows is not None:
        raise ValueError("queries and rows exclude each other: either other vectors ask, or rows of the bank")
    if queries.ndim != 2 or queries.dtype != np.float32 or queries.shape[1] != bank.shape[1]:
        raise ValueError(
            f"expected queries [Q, {bank.shape[1]}] float32, as wide as the bank, found {queries.shape} {queries.dtype}"
        )
    _check_lengths(queries, "queries")


def _check_lengths(vectors: np.ndarray, name: str) -> None:
    squares = np.einsum("nh,nh->n", vectors, vectors)
    if not (np.isclose(squares, 1, atol=_UNIT_TOLERANCE) | (squares == 0)).all():
        raise ValueError(f"{name} rows must have length 1 or be zero; call unit_rows first")


def _engine(bank: np.ndarray, neighbours: int, search: Search) -> tuple[_Engine, Cosines]:
    """The engine, and the bank where the queries come from."""
    chosen = search.chosen_engine(neighbours)
    if chosen != "torch":
        return ByFaiss(bank, neighbours, chosen == "faiss-gpu"), Cosines.of(bank, "float32", "cpu")
    cosines = Cosines.of(bank, search.product, search.device)
    make = ByThreshold if cosines.device.type == "cpu" else ByRank
    return make(cosines, neighbours, search.exclude_duplicates), cosines
