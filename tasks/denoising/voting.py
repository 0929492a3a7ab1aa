"""Agree on hard labels by a vote of several taggers (UniTrans, 3.4)."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tasks.words.hard_labels import NO_LABEL


def vote(opinions: Sequence[np.ndarray]) -> np.ndarray:
    """The label that all taggers give a word, or none (UniTrans, Eq. 11).

        X = {x_i | y_i(teach) = y_i(src) = y_i(trans)}

    There is no threshold, and O is a label as any other.

    Args:
        opinions: per tagger [N] int label ids; at least one tagger.

    Returns:
        [N] int32 label ids; `NO_LABEL` where the taggers differ.

    Raises:
        ValueError: if there is no tagger.
    """
    if not opinions:
        raise ValueError("a vote needs at least one tagger")
    first = opinions[0]
    agreed = np.ones(len(first), dtype=bool)
    for other in opinions[1:]:
        agreed &= other == first
    return np.where(agreed, first, NO_LABEL).astype(np.int32)


def voted_ids(table: pa.Table, labels: list[str]) -> np.ndarray:
    """[N] int64 label ids of a `VOTES` table; `NO_LABEL` where the taggers differ."""
    # A value that is null in `votes` is null here too: the label list holds no null.
    ids = pc.index_in(pc.list_flatten(table["votes"]), value_set=pa.array(labels, pa.string()))
    voted: np.ndarray = pc.fill_null(ids, NO_LABEL).to_numpy(zero_copy_only=False).astype(np.int64)
    return voted
