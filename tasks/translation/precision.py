"""Score translations against a test dictionary."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from artifacts.errors import InputError
from tasks.translation.csls import csls_neighbours, local_means
from tasks.translation.dictionaries import Pair, known_pairs


@dataclass(frozen=True)
class Precision:
    """How often the first and the first five translations hold one of the dictionary's.

    at_1, at_5 are shares of `words` in [0, 1]; `pairs` of the dictionary's pairs had vectors on both sides, `unknown`
    had not and were left out.
    """

    at_1: float
    at_5: float
    words: int
    pairs: int
    unknown: int


def precision(
    pairs: Sequence[Pair],
    source_words: Sequence[str],
    target_words: Sequence[str],
    mapped: np.ndarray,
    target: np.ndarray,
    neighbours: int,
    *,
    ignore_case: bool = True,
    device: str = "cpu",
) -> Precision:
    """Score CSLS translations against a dictionary, as MUSE does.

    Args:
        pairs: the dictionary; a source word may have several translations.
        source_words: N words, most frequent first.
        target_words: M words, most frequent first.
        mapped: [N, d] float32 rows P s of length 1.
        target: [M, d] float32 rows of length 1.
        neighbours: K of CSLS.
        ignore_case: compare translations without case.
        device: where similarities are taken.

    Raises:
        InputError: if no pair has both words.
    """
    known = known_pairs(pairs, source_words, target_words, ignore_case)
    if not len(known):
        raise InputError(
            f"test dictionary: none of its {len(pairs)} pairs has vectors for both words; check its languages "
            "and which side is the source"
        )
    fold = str.lower if ignore_case else str
    queries, inverse = np.unique(known[:, 0], return_inverse=True)
    expected: list[set[str]] = [set() for _ in queries]
    for query, row in zip(inverse, known[:, 1], strict=True):
        expected[query].add(fold(target_words[row]))
    means = local_means(target, mapped, neighbours, device=device)
    found, _ = csls_neighbours(mapped[queries], target, means, neighbours, 5, device=device)
    hits = np.array(
        [[fold(target_words[row]) in right for row in rows] for rows, right in zip(found, expected, strict=True)]
    )
    return Precision(
        at_1=float(hits[:, 0].mean()),
        at_5=float(hits.any(axis=1).mean()),
        words=len(queries),
        pairs=len(known),
        unknown=len(pairs) - len(known),
    )
