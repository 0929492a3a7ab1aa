"""How good a panel's teachers were estimated to be without gold labels, and how good they are, if these are known."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from artifacts.catalog import TEACHER_QUALITY, Gold, Opinion, Teachers
from artifacts.reference import Reference
from artifacts.step import Job, step
from tasks.tagging.opinions import SENTENCES_AT_A_TIME, labels_of, what_is_said
from tasks.words.agreement import check_same_labels, check_same_sentences, which_sentences
from tasks.words.columns import flat_label_ids, flat_numbers
from tasks.words.hard_labels import NO_LABEL
from tasks.words.labels import entity_types


class Confusion(NamedTuple):
    """Numbers of words of a teacher, by true label (rows) and what it said.

    estimated  [C, C] expected by the estimate
    gold       [C, C] counted; None: gold labels are not known
    """

    estimated: np.ndarray
    gold: np.ndarray | None


def by_type(name: str, confusion: Confusion, labels: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Rows of `TEACHER_QUALITY`: entity words of all types together, then of each type."""
    types = entity_types(labels)
    each = [[labels.index(f"{prefix}-{kind}") for prefix in "BI"] for kind in types]
    for kind, groups in [("entities", each), *((kind, [group]) for kind, group in zip(types, each, strict=True))]:
        inside = [place for group in groups for place in group]
        row: dict[str, Any] = {"teacher": name, "type": kind, "words": round(confusion.estimated[:, inside].sum())}
        for prefix, counts in (("estimated_", confusion.estimated), ("", confusion.gold)):
            if counts is None:
                continue
            right = sum(counts[np.ix_(group, group)].sum() for group in groups)
            said, true = counts[:, inside].sum(), counts[inside].sum()
            row[f"{prefix}precision"] = float(right / said) if said else None
            row[f"{prefix}recall"] = float(right / true) if true else None
            if not prefix:
                row |= {"words": int(said), "gold_words": int(true)}
        yield row


@step(TEACHER_QUALITY)
def measure_teacher(job: Job, teachers: Teachers, opinion: Opinion, name: str, gold: Gold | None) -> None:
    """What was estimated of a teacher by type, beside gold labels of the words that it labels, if there are any."""
    labels, places = labels_of(job, (opinion,), (name,)), job.metadata(teachers)["teachers"]
    counted = None if gold is None else _counted(job, opinion, name, gold, labels)
    shape = (len(places), len(labels), len(labels))
    table, place = job.table(teachers), places.index(name)
    meant = flat_numbers(table["meant"]).reshape(shape)[place].astype(np.float64)
    words = table["words"].to_numpy().reshape(shape[:2])[place]
    rows = by_type(name, Confusion((meant * words[:, None]).T, counted), labels)
    job.write(pa.Table.from_pylist(list(rows), schema=TEACHER_QUALITY.schema))


def _counted(job: Job, opinion: Reference, name: str, gold: Reference, labels: list[str]) -> np.ndarray:
    """[C, C] words by gold label and what the teacher said, of those that it labels."""
    check_same_labels(labels, job.metadata(gold)["labels"], "opinions", "gold")
    counted = np.zeros((len(labels), len(labels)))
    truth = job.batches(gold, rows=SENTENCES_AT_A_TIME)
    for said, batch in zip(what_is_said(job, (opinion,), (name,)), truth, strict=True):
        check_same_sentences(said.sentences, which_sentences(batch, "tags"), "opinions and gold")
        true, vote = flat_label_ids(batch["tags"], labels, "gold"), said.votes[0]
        spoke = vote != NO_LABEL
        np.add.at(counted, (true[spoke], vote[spoke]), 1)
    return counted
