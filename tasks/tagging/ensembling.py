"""Take several taggers as one: the mean of what they say of each word (UniTrans, 4.4)."""

from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa

from artifacts.catalog import SOFT_LABELS, SoftLabels
from artifacts.errors import InputError
from artifacts.step import Job, step
from tasks.words.agreement import check_same_labels, check_same_sentences, which_sentences
from tasks.words.columns import flat_probabilities, probability_column

_SENTENCES_AT_A_TIME = 8192


def mean_probabilities(members: Sequence[np.ndarray]) -> np.ndarray:
    """The mean of the members' probabilities (UniTrans, Eq. 14).

        p(x_i, Theta) = 1/M sum_m p(x_i, Theta^(m))

    Args:
        members: M arrays [N, C]; at least one.

    Returns:
        [N, C] float32; each row sums to 1 as far as the members' do.
    """
    total = np.zeros(members[0].shape, dtype=np.float64)
    for member in members:
        total += member
    return (total / len(members)).astype(np.float32)


@step(SOFT_LABELS)
def average_soft_labels(job: Job, members: tuple[SoftLabels, ...]) -> None:
    """Averages the soft labels that the taggers of an ensemble gave the same sentences."""
    if not members:
        raise InputError("teacher ensembling: found no soft labels to average; expected those of at least one tagger")
    first = job.metadata(members[0])
    labels: list[str] = first["labels"]
    for number, member in enumerate(members[1:], start=2):
        check_same_labels(labels, job.metadata(member)["labels"], "tagger 1 of the ensemble", f"tagger {number}")
        if job.rows(member) != job.rows(members[0]):
            raise InputError(
                f"teacher ensembling: tagger 1 labelled {job.rows(members[0])} sentences, tagger {number} "
                f"{job.rows(member)}; expected the same sentences"
            )

    def averaged() -> Iterator[pa.RecordBatch]:
        for batches in zip(*(job.batches(each, rows=_SENTENCES_AT_A_TIME) for each in members), strict=True):
            sentences = which_sentences(batches[0], "words")
            for number, batch in enumerate(batches[1:], start=2):
                pair = f"taggers 1 and {number} of the ensemble"
                check_same_sentences(sentences, which_sentences(batch, "words"), pair)
            said = [flat_probabilities(batch.column("probabilities"), len(labels)) for batch in batches]
            means = probability_column(mean_probabilities(said), sentences.word_counts)
            columns = [batches[0].column("sentence_id"), batches[0].column("words"), means]
            yield pa.RecordBatch.from_arrays(columns, schema=SOFT_LABELS.schema)

    job.write(averaged(), metadata={"language": first["language"], "labels": labels})
