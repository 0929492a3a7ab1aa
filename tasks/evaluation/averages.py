"""Scores on average over languages, each language counting alike (CROP, Tables 2 and 3: Avg)."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from artifacts.catalog import SCORES, Scores
from artifacts.errors import InputError
from artifacts.step import Job, step

_SHARES = ("precision", "recall", "f1")
_COUNTS = ("gold", "predicted", "correct")


def macro_average(tables: Sequence[pa.Table]) -> pa.Table:
    """Means of precision, recall and F1, row by row; sums of the counts.

    The mean F1 is the mean of the languages' F1, as in the paper, not the harmonic mean of mean precision and recall.

    Args:
        tables: of `SCORES`, at least one, with the same entity types in the same order.

    Raises:
        ValueError: if there is no table, or the types differ.
    """
    types = [table["type"].to_pylist() for table in tables]
    if not types or any(each != types[0] for each in types):
        raise ValueError(f"scores of the entity types {' and of '.join(map(str, types))}; expected the same types")
    columns = {name: np.array([table[name].to_numpy() for table in tables]) for name in (*_SHARES, *_COUNTS)}
    means = {name: pa.array(columns[name].mean(axis=0)) for name in _SHARES}
    sums = {name: pa.array(columns[name].sum(axis=0)) for name in _COUNTS}
    return pa.table({"type": pa.array(types[0]), **means, **sums}, schema=SCORES.schema)


@step(SCORES)
def average_scores(job: Job, scores: tuple[Scores, ...], name: str) -> None:
    """Averages the scores of several languages."""
    try:
        table = macro_average([job.table(each) for each in scores])
    except ValueError as error:
        raise InputError(f"average {name!r}: {error}; score all languages with the same labels.types") from error
    job.write(table, metadata={"name": name})
