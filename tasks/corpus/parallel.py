"""Read sentence-parallel text: two files, the n-th line of one the translation of the n-th line of the other."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from artifacts.errors import InputError
from artifacts.inputs import InputFile
from tasks.corpus.lines import read_lines
from tasks.corpus.once import once


@dataclass(frozen=True)
class Pairs:
    """Sentence pairs: their line numbers from 0, both sides, and how many pairs had an empty side."""

    ids: list[int]
    source: list[str]
    target: list[str]
    skipped: int

    def table(self) -> pa.Table:
        """The pairs as the catalogue's `parallel` table."""
        ids = pa.array(np.array(self.ids, dtype=np.int64))
        return pa.table({"pair_id": ids, "source": pa.array(self.source), "target": pa.array(self.target)})


def load_pairs(source: InputFile, target: InputFile) -> Pairs:
    """Reads the sentence pairs of two files; inside `reading_once` they are read once, and shared.

    Raises:
        InputError: if a file cannot be read, or the two do not fit.
    """

    def read() -> Pairs:
        one, other = source.local(), target.local()
        return pair_lines(read_lines(one), read_lines(other), str(one), str(other))

    return once((source, target, source.digest(), target.digest()), read)


def pair_lines(source: Sequence[str], target: Sequence[str], source_name: str, target_name: str) -> Pairs:
    """Pairs the lines of two files; pairs with an empty side are left out and counted.

    Args:
        source: lines of the first file.
        target: lines of the second file.
        source_name: what to call the first file in an error.
        target_name: what to call the second file in an error.

    Raises:
        InputError: if one file has more lines, or no pair is left.
    """
    if len(source) != len(target):
        raise InputError(
            f"parallel text: {source_name} has {len(source)} lines, {target_name} has {len(target)}; expected as many, "
            "each line the translation of the other's; give two files that were aligned together"
        )
    pairs = [(row, one.strip(), other.strip()) for row, (one, other) in enumerate(zip(source, target, strict=True))]
    kept = [(row, one, other) for row, one, other in pairs if one and other]
    if not kept:
        raise InputError(
            f"parallel text: {source_name} and {target_name} have no line that is filled in both; expected at least "
            "one pair; give other files"
        )
    ids, sources, targets = zip(*kept, strict=True)
    return Pairs(list(ids), list(sources), list(targets), len(pairs) - len(kept))
