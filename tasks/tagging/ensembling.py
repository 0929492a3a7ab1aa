"""Take several taggers as one: the mean of what they say of each word (UniTrans, 4.4)."""

from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa

from artifacts.catalog import SOFT_LABELS, SoftLabels
from artifacts.step import Job, step
from tasks.tagging.opinions import labels_of, what_is_said
from tasks.words.columns import probability_column


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
    names = [f"tagger {number}" for number in range(1, len(members) + 1)]
    labels = labels_of(job, members, names)

    def averaged() -> Iterator[pa.RecordBatch]:
        for said in what_is_said(job, members, names):
            means = probability_column(mean_probabilities(said.opinions), said.sentences.word_counts)
            columns = [said.batch["sentence_id"], said.batch["words"], means]
            yield pa.RecordBatch.from_arrays(columns, schema=SOFT_LABELS.schema)

    job.write(averaged(), metadata={"language": job.metadata(members[0])["language"], "labels": labels})
