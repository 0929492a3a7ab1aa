"""Columns of lists as flat arrays with lengths, and back, without a loop over words."""

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from artifacts.errors import InputError

Column: TypeAlias = pa.Array | pa.ChunkedArray


def offsets_of(lengths: np.ndarray) -> np.ndarray:
    """[n + 1] where each of n rows of these lengths starts, and the end of the last."""
    return np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)])


def ranges(starts: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """start, start + 1, ..., for `count` numbers, of every start, one after another."""
    before = offsets_of(counts)
    return np.arange(before[-1]) + np.repeat(starts - before[:-1], counts)


def list_lengths(column: Column) -> np.ndarray:
    """[rows] number of values in each row of a list column."""
    return _whole(pc.list_value_length(column)).to_numpy(zero_copy_only=False).astype(np.int64)


def flat_values(column: Column) -> pa.Array:
    """[N] all values of a list column, row after row."""
    return _whole(column).flatten()


def flat_numbers(column: Column) -> np.ndarray:
    """[N] all numbers of a list column, row after row."""
    return flat_values(column).to_numpy(zero_copy_only=False)


def flat_probabilities(column: Column, labels: int) -> np.ndarray:
    """[N, labels] all probabilities of a column of lists of lists.

    Raises:
        InputError: if a word has another number of probabilities.
    """
    words = flat_values(column)
    if len(words) and (list_lengths(words) != labels).any():
        raise InputError(f"soft labels: a word has another number of probabilities than the {labels} labels")
    return words.flatten().to_numpy(zero_copy_only=False).astype(np.float32, copy=False).reshape(-1, labels)


def flat_label_ids(column: Column, labels: Sequence[str], where: str) -> np.ndarray:
    """[N] place in `labels` of every tag of a list column.

    Raises:
        InputError: if a tag is not one of `labels`; `where` begins the message.
    """
    tags = flat_values(column)
    ids = pc.index_in(tags, value_set=pa.array(labels, pa.string()))
    if ids.null_count:
        unknown = tags.filter(pc.is_null(ids))[0].as_py()
        raise InputError(f"{where}: tag {unknown!r} is not one of {', '.join(labels)}; list its type under labels")
    return ids.to_numpy(zero_copy_only=False).astype(np.int64)


def list_column(lengths: np.ndarray, values: pa.Array) -> pa.Array:
    """Values, row after row, as a column of lists of these lengths."""
    return pa.ListArray.from_arrays(pa.array(offsets_of(lengths), pa.int32()), values)


def probability_column(probabilities: np.ndarray, lengths: np.ndarray) -> pa.Array:
    """[N, labels] probabilities as a column of lists of lists, one row per sentence."""
    words, labels = probabilities.shape
    values = pa.array(np.ascontiguousarray(probabilities, dtype=np.float32).reshape(-1))
    return list_column(lengths, list_column(np.full(words, labels), values))


def tag_column(ids: np.ndarray, lengths: np.ndarray, labels: Sequence[str]) -> pa.Array:
    """[N] label ids as a column of lists of tags, one row per sentence."""
    return list_column(lengths, pa.array(labels, pa.string()).take(pa.array(ids)))


def _whole(column: Column) -> pa.Array:
    """One array, also of a column in chunks."""
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
