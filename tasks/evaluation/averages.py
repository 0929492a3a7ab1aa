"""Scores on average over languages, each language counting alike (CROP, Tables 2, 3 and 5: Avg)."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from artifacts.catalog import BLEU, SCORES, Bleu, Scores
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


def mean_bleu(tables: Sequence[pa.Table]) -> pa.Table:
    """Means of BLEU and of the brevity penalty of several texts, each text counting alike; sums of the counts.

    Args:
        tables: of `BLEU`, at least one.
    """
    rows = [table.to_pylist()[0] for table in tables]
    means = {name: float(np.mean([row[name] for row in rows])) for name in ("bleu", "brevity_penalty")}
    sums = {name: sum(row[name] for row in rows) for name in ("output_words", "reference_words", "sentences")}
    return pa.Table.from_pylist([{**means, **sums}], schema=BLEU.schema)


@step(BLEU)
def average_bleu(job: Job, scores: tuple[Bleu, ...]) -> None:
    """Averages the BLEU of several texts, which may differ in their tokenisers, as the languages need (Table 5)."""
    about = [job.metadata(each) for each in scores]
    metadata = {
        name: "+".join(dict.fromkeys(each[name] for each in about))
        for name in ("source_language", "target_language", "signature")
    }
    job.write(mean_bleu([job.table(each) for each in scores]), metadata=metadata)
