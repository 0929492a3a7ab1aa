"""Which types entities have, and how many are too long to be found as spans (GLoDe, Figure 4)."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from artifacts.catalog import SPAN_REACH, TYPE_SHARES, AnyLabels, GoldOrLabelled
from artifacts.errors import InputError
from artifacts.reference import Reference
from artifacts.step import Job, step
from tasks.words.agreement import check_same_labels
from tasks.words.columns import flat_label_ids, list_lengths
from tasks.words.labels import entity_types
from tasks.words.spans import Spans, entity_spans


def share_rows(series: str, types: Sequence[str], numbers: np.ndarray) -> list[dict[str, object]]:
    """Rows of `TYPE_SHARES`.

    Args:
        series: whose labels.
        types: T names.
        numbers: [E] int, the type of each entity.
    """
    counts = np.bincount(numbers, minlength=len(types)).tolist()
    total = sum(counts)
    return [
        {"series": series, "type": name, "entities": count, "share": count / total if total else None}
        for name, count in zip(types, counts, strict=True)
    ]


def reach_rows(types: Sequence[str], numbers: np.ndarray, lengths: np.ndarray, most_words: int) -> pa.Table:
    """A table of `SPAN_REACH`.

    Args:
        types: T names.
        numbers: [E] int, the type of each entity.
        lengths: [E] its words.
        most_words: of a span.
    """
    found = [np.bincount(each, minlength=len(types)).tolist() for each in (numbers, numbers[lengths > most_words])]
    columns = {"type": ["overall", *types], "entities": [sum(found[0]), *found[0]]}
    return pa.table({**columns, "too_long": [sum(found[1]), *found[1]]}, schema=SPAN_REACH.schema)


@step(TYPE_SHARES)
def measure_types(job: Job, labels: tuple[AnyLabels, ...], series: tuple[str, ...]) -> None:
    """Counts the entities of each type in gold labels and predictions.

    Raises:
        InputError: if there are not as many names as labels, or they are of other types.
    """
    if len(labels) != len(series) or not labels:
        raise InputError(f"entity types: {len(labels)} labels, {len(series)} names; expected as many, and one at least")
    known = job.metadata(labels[0])["labels"]
    rows = []
    for each, name in zip(labels, series, strict=True):
        check_same_labels(known, job.metadata(each)["labels"], series[0], name)
        rows += share_rows(name, entity_types(known), _entities(job, each).types)
    job.write(pa.Table.from_pylist(rows, schema=TYPE_SHARES.schema))


@step(SPAN_REACH)
def measure_reach(job: Job, gold: GoldOrLabelled, most_words: int) -> None:
    """Counts the gold entities that have more words than a span may have."""
    spans = _entities(job, gold)
    types = entity_types(job.metadata(gold)["labels"])
    job.write(reach_rows(types, spans.types, spans.lengths, most_words), {"most_words": most_words})


def _entities(job: Job, labels: Reference) -> Spans:
    known = job.metadata(labels)["labels"]
    tags = job.table(labels, columns=["tags"])["tags"]
    return entity_spans(flat_label_ids(tags, known, labels.kind), list_lengths(tags), known)
