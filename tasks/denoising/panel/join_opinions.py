"""Make one opinion of those of a panel."""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from artifacts.catalog import SOFT_LABELS, Opinion, Teachers
from artifacts.errors import InputError
from artifacts.reference import Reference
from artifacts.step import Job, step
from tasks.denoising.panel.estimating import Joining, pooled, posterior_of
from tasks.tagging.opinions import labels_of, what_is_said
from tasks.words.columns import flat_numbers, probability_column


@step(SOFT_LABELS)
def join_opinions(
    job: Job, opinions: tuple[Opinion, ...], names: tuple[str, ...], teachers: Teachers, config: Joining
) -> None:
    """Gives each word one soft label, by what the labels of its teachers are estimated to mean.

    Raises:
        InputError: if the estimate is of other teachers.
    """
    labels, about = labels_of(job, opinions, names), job.metadata(teachers)
    meant, said_of = (_estimated(job, teachers, opinions, names, what) for what in ("meant", "said"))
    prior = np.array(about["prior"])

    def joined() -> Iterator[pa.RecordBatch]:
        for said in what_is_said(job, opinions, names):
            if config.method == "posterior":
                found = posterior_of(said.votes.T, prior, said_of).astype(np.float32)
            else:
                found = pooled(said.opinions, said.spoke, meant if config.method == "meaning" else None)
            column = probability_column(found, said.sentences.word_counts)
            columns = [said.batch["sentence_id"], said.batch["words"], column]
            yield pa.RecordBatch.from_arrays(columns, schema=SOFT_LABELS.schema)

    job.write(joined(), metadata={"language": about["language"], "labels": labels, "teachers": list(names)})


def meaning_of(job: Job, teachers: Reference, opinions: tuple[Reference, ...], names: tuple[str, ...]) -> np.ndarray:
    """[T, C, C] P(i is true | teacher says j), rows j, of an estimate of these teachers.

    Raises:
        InputError: if the estimate is of others.
    """
    return _estimated(job, teachers, opinions, names, "meant")


def _estimated(
    job: Job, teachers: Reference, opinions: tuple[Reference, ...], names: tuple[str, ...], what: str
) -> np.ndarray:
    labels, about = labels_of(job, opinions, names), job.metadata(teachers)
    if about["teachers"] != list(names) or about["labels"] != labels:
        raise InputError(f"panel: the estimate is of {', '.join(about['teachers'])}; expected {', '.join(names)}")
    numbers = flat_numbers(job.table(teachers, columns=[what])[what])
    return numbers.reshape((len(names), len(labels), len(labels))).astype(np.float64)
