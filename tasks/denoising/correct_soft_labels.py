"""Put what people say of sentences in the place of a tagger's opinion on them."""

from collections.abc import Iterator

import pyarrow as pa

from artifacts.catalog import SOFT_LABELS, Corrections, SoftLabels
from artifacts.step import Job, step
from tasks.denoising.corrected import check_all_there, corrected_places, one_hot, read_corrected
from tasks.words.agreement import which_sentences
from tasks.words.columns import flat_probabilities, probability_column


@step(SOFT_LABELS)
def correct_soft_labels(job: Job, soft_labels: SoftLabels, corrections: Corrections) -> None:
    """Gives each word of a corrected sentence its label with probability 1; all others keep their soft labels."""
    about = job.metadata(soft_labels)
    labels: list[str] = about["labels"]
    corrected = read_corrected(job, corrections, labels)
    check_all_there(job.table(soft_labels, columns=["sentence_id"])["sentence_id"].to_numpy(), corrected.sentences.ids)

    def rows() -> Iterator[pa.RecordBatch]:
        for batch in job.batches(soft_labels):
            sentences = which_sentences(batch, "words")
            places, label_ids = corrected_places(sentences, corrected)
            if len(places):
                probabilities = flat_probabilities(batch["probabilities"], len(labels)).copy()
                probabilities[places] = one_hot(label_ids, len(labels))
                column = probability_column(probabilities, sentences.word_counts)
                columns = [batch["sentence_id"], batch["words"], column]
                batch = pa.RecordBatch.from_arrays(columns, schema=SOFT_LABELS.schema)
            yield batch

    job.write(rows(), {**about, "corrected": len(corrected.sentences.ids)})
