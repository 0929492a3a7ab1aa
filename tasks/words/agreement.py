"""Check that artifacts that are used together belong together."""

from collections.abc import Sequence

import numpy as np

from artifacts.errors import InputError


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


def check_same_sentences(
    first_ids: np.ndarray, first_lengths: np.ndarray, second_ids: np.ndarray, second_lengths: np.ndarray, pair: str
) -> None:
    """Checks that two tables are about the same sentences, with the same number of words.

    Raises:
        InputError: naming the first sentence that differs; `pair` says which tables.
    """
    if len(first_ids) != len(second_ids):
        raise InputError(f"{pair}: {len(first_ids)} and {len(second_ids)} sentences; expected the same sentences")
    for what, first, second in (("id", first_ids, second_ids), ("number of words", first_lengths, second_lengths)):
        if not np.array_equal(first, second):
            row = int(np.flatnonzero(first != second)[0])
            raise InputError(
                f"{pair}, row {row}: {what} {first[row]} and {second[row]}; "
                "expected the same sentences, read from the same file with the same settings"
            )
