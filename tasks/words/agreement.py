"""Check that artifacts that are used together belong together."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from artifacts.errors import InputError
from tasks.words.columns import list_lengths


def check_same_labels(expected: Sequence[str], found: Sequence[str], first: str, second: str) -> None:
    """Checks that two artifacts have one label list.

    Raises:
        InputError: if they do not; the message names `first` (with `expected`) and `second` (with `found`).
    """
    if list(expected) != list(found):
        raise InputError(
            f"label sets differ: {first} has {', '.join(expected)}; {second} has {', '.join(found)}; "
            "choose the same types under labels for both"
        )


class WhichSentences(NamedTuple):
    """The sentences of a table.

    ids          [M]
    word_counts  [M]
    """

    ids: np.ndarray
    word_counts: np.ndarray


def which_sentences(table: pa.Table | pa.RecordBatch, by_word: str) -> WhichSentences:
    """The sentences of a table with a column `sentence_id` and one, `by_word`, that has a value per word."""
    return WhichSentences(table["sentence_id"].to_numpy(), list_lengths(table[by_word]))


def check_same_sentences(first: WhichSentences, second: WhichSentences, pair: str) -> None:
    """Checks that two tables are about the same sentences, with the same number of words.

    Raises:
        InputError: naming the first sentence that differs; `pair` says which tables.
    """
    if len(first.ids) != len(second.ids):
        raise InputError(f"{pair}: {len(first.ids)} and {len(second.ids)} sentences; expected the same sentences")
    for what, one, other in zip(("id", "number of words"), first, second, strict=True):
        if not np.array_equal(one, other):
            row = int(np.flatnonzero(one != other)[0])
            raise InputError(
                f"{pair}, row {row}: {what} {one[row]} and {other[row]}; "
                "expected the same sentences, read from the same file with the same settings"
            )
