"""Read sentence-parallel text: two files, the n-th line of one the translation of the n-th line of the other.

Neither file is ever whole in memory: parallel text of a language pair may have a hundred million lines.
"""

from collections.abc import Iterable, Iterator
from itertools import islice, zip_longest
from typing import NamedTuple

import pyarrow as pa

from artifacts.catalog import PARALLEL
from artifacts.errors import InputError
from artifacts.inputs import InputFile
from tasks.corpus.lines import each_line
from tasks.corpus.once import once

_PAIRS_AT_A_TIME = 8192


class Pair(NamedTuple):
    """A sentence and its translation, with the number of their line from 0."""

    line: int
    source: str
    target: str


class PairCounts(NamedTuple):
    """How many pairs two files have, and how many lines had an empty side."""

    kept: int
    skipped: int


def pair_lines(
    source: Iterable[str], target: Iterable[str], source_name: str, target_name: str
) -> Iterator[Pair | None]:
    """Pairs the lines of two files: one value for each line, None where a side is empty.

    Args:
        source: lines of the first file.
        target: lines of the second file.
        source_name: what to call the first file in an error.
        target_name: what to call the second file in an error.

    Raises:
        InputError: at the end, if one file has more lines.
    """
    counts = [0, 0]
    for line, sides in enumerate(zip_longest(source, target)):
        for side, text in enumerate(sides):
            counts[side] += text is not None
        if counts[0] != counts[1]:
            continue
        one, other = (side.strip() for side in sides)
        yield Pair(line, one, other) if one and other else None
    if counts[0] != counts[1]:
        raise InputError(
            f"parallel text: {source_name} has {counts[0]} lines, {target_name} has {counts[1]}; expected as many, "
            "each line the translation of the other's; give two files that were aligned together"
        )


def count_pairs(source: InputFile, target: InputFile) -> PairCounts:
    """Reads two files, and says how many sentence pairs they have; inside `reading_once` they are counted once.

    Raises:
        InputError: if a file cannot be read, the two do not fit, or no pair is left.
    """

    def read() -> PairCounts:
        filled = [0, 0]
        for pair in _pairs(source, target):
            filled[pair is not None] += 1
        if not filled[True]:
            raise InputError(
                f"parallel text: {source.local()} and {target.local()} have no line that is filled in both; expected "
                "at least one pair; give other files"
            )
        return PairCounts(kept=filled[True], skipped=filled[False])

    return once((source, target, source.digest(), target.digest()), read)


def pair_batches(source: InputFile, target: InputFile) -> Iterator[pa.RecordBatch]:
    """The sentence pairs of two files, as rows of `PARALLEL`; those with an empty side are left out."""
    pairs = (pair for pair in _pairs(source, target) if pair is not None)
    while some := list(islice(pairs, _PAIRS_AT_A_TIME)):
        columns = [list(column) for column in zip(*some, strict=True)]
        yield pa.RecordBatch.from_arrays(list(map(pa.array, columns)), schema=PARALLEL.schema)


def _pairs(source: InputFile, target: InputFile) -> Iterator[Pair | None]:
    one, other = source.local(), target.local()
    return pair_lines(each_line(one), each_line(other), str(one), str(other))
