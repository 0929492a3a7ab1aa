"""The local level: what classes the neighbours of a span have in the repository of representations (GLoDe, Eq. 9)."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from artifacts.errors import InputError
from tasks.denoising.neighbours.search import Search
from tasks.denoising.neighbours.tally import class_tally
from tasks.tagging.span_grid import OUTSIDE

Blocks = Iterator[tuple[np.ndarray, np.ndarray]]
"""Numbers [n] of some spans, rising over the blocks, and their representations [n, D] of length 1."""


@dataclass(frozen=True)
class Repository:
    """D_z: representations of source and target spans, with their classes.

    vectors  [B, D] float32 of length 1
    classes  [B] int
    own      [S] the row of each target span, -1 where it is not in the repository
    """

    vectors: np.ndarray
    classes: np.ndarray
    own: np.ndarray


def kept_spans(classes: np.ndarray, outside_share: float, noise: np.random.Generator) -> np.ndarray:
    """[S] bool: which spans come into the repository: every entity, and O spans with a probability."""
    return (classes != OUTSIDE) | (noise.random(len(classes)) < outside_share)


def repository(
    source: Blocks, source_classes: np.ndarray, target: Blocks, target_classes: np.ndarray, kept: tuple[np.ndarray, ...]
) -> Repository:
    """Gathers what is kept of source and target.

    Args:
        source: representations of the source's spans.
        source_classes: [S_src] their gold classes.
        target: representations of the target's spans.
        target_classes: [S] their pseudo-labels' most probable classes.
        kept: [S_src] and [S] bool, of `kept_spans`.

    Raises:
        InputError: if fewer than two spans are kept, as then no span has a neighbour.
    """
    chosen = [z[keep[numbers]] for spans, keep in zip((source, target), kept, strict=True) for numbers, z in spans]
    classes = np.concatenate([source_classes[kept[0]], target_classes[kept[1]]])
    if len(classes) < 2:
        raise InputError(
            f"local level: the repository has {len(classes)} spans, expected at least 2; raise outside_share under "
            "denoising, or give more text"
        )
    own = np.full(len(target_classes), -1, dtype=np.int64)
    own[kept[1]] = np.arange(np.count_nonzero(kept[0]), len(classes))
    return Repository(np.concatenate(chosen), classes, own)


def local_similarities(
    bank: Repository, queries: Blocks, classes: int, neighbours: int, search: Search | None = None
) -> np.ndarray:
    """sim_i^c = 1/K sum_(z_j in N_K(z_i)) I(y_j = c) (Eq. 9); a span is no neighbour of itself.

    Args:
        bank: the repository.
        queries: representations of all target spans.
        classes: number of them.
        neighbours: K; where the repository has fewer others, all of them.
        search: how they are looked for.

    Returns:
        [S, classes] float64, rows sum to 1.
    """
    found = np.zeros((len(bank.own), classes))

    def tally(queries: np.ndarray | None = None, rows: np.ndarray | None = None) -> np.ndarray:
        asking = (bank.vectors, bank.classes, classes, neighbours)
        return class_tally(*asking, queries=queries, rows=rows, search=search)

    inside = np.flatnonzero(bank.own >= 0)
    if len(inside):
        found[inside] = tally(rows=bank.own[inside])
    for numbers, vectors in queries:
        others = bank.own[numbers] < 0
        if others.any():
            found[numbers[others]] = tally(queries=np.ascontiguousarray(vectors[others]))
    return found / found.sum(axis=1, keepdims=True)
