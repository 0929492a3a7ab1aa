"""Bring what is said of a word nearer to what is said of the same word elsewhere."""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from artifacts.catalog import SOFT_LABELS, SoftLabels
from artifacts.step import Job, step
from tasks.tagging.opinions import SENTENCES_AT_A_TIME
from tasks.words.columns import flat_probabilities, flat_values, list_lengths, probability_column


@step(SOFT_LABELS)
def average_by_word(job: Job, said: SoftLabels, share: float) -> None:
    """A text's names mostly keep their type, which each sentence by itself does not tell (Krishnan and Manning, 2006).

        q'_n = (1 - s) q_n + s mean_{m: word m = word n} q_m

    with s = `share`. Words are the same if they are written alike, capitals included; a word that stands in the text
    once keeps what is said of it. The notes count words that stand there more than once, and those whose most probable
    label is another one now.
    """
    about = job.metadata(said)
    words, means = _means(job, said, len(about["labels"]))
    several = changed = 0

    def read() -> Iterator[pa.RecordBatch]:
        nonlocal several, changed
        for batch in job.batches(said, rows=SENTENCES_AT_A_TIME):
            given = flat_probabilities(batch.column("probabilities"), means.shape[1] - 1)
            of_word = means[_places(words, batch)]
            found = ((1 - share) * given + share * of_word[:, :-1]).astype(np.float32)
            several += int((of_word[:, -1] > 1).sum())
            changed += int((found.argmax(axis=1) != given.argmax(axis=1)).sum())
            column = probability_column(found, list_lengths(batch.column("words")))
            yield pa.RecordBatch.from_arrays([batch["sentence_id"], batch["words"], column], schema=SOFT_LABELS.schema)

    job.write(read(), metadata={**about, "same_word": share})
    job.note(words_seen_again=several, labels_changed_by_words=changed)


def _means(job: Job, said: SoftLabels, labels: int) -> tuple[pa.Array, np.ndarray]:
    """Each different word, and [V, labels + 1] the mean of what is said of it and how often it stands there."""
    parts = [flat_values(batch.column("words")).unique() for batch in job.batches(said, columns=["words"])]
    words = pa.chunked_array(parts, pa.string()).unique()
    sums = np.zeros((len(words), labels + 1))
    for batch in job.batches(said, rows=SENTENCES_AT_A_TIME):
        given = flat_probabilities(batch.column("probabilities"), labels)
        np.add.at(sums, _places(words, batch), np.column_stack([given, np.ones(len(given))]))
    sums[:, :-1] /= sums[:, -1:]
    return words, sums


def _places(words: pa.Array, batch: pa.RecordBatch) -> np.ndarray:
    places: np.ndarray = pc.index_in(flat_values(batch.column("words")), value_set=words).to_numpy()
    return places
