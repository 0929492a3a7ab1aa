"""Trust the labels that people gave, whatever the nearest neighbours of their words say."""

import numpy as np
import pyarrow as pa

from artifacts.catalog import RELIABILITY, Corrections, ReliabilityScores, SoftLabels
from artifacts.step import Job, step
from tasks.denoising.corrected import corrected_places, read_corrected
from tasks.words.agreement import check_same_labels, check_same_sentences, which_sentences
from tasks.words.columns import flat_numbers, list_column


@step(RELIABILITY)
def trust_corrections(
    job: Job, soft_labels: SoftLabels, reliability: ReliabilityScores, corrections: Corrections
) -> None:
    """Gives each word of a corrected sentence weight 1; agreement stays what its neighbours say of its label."""
    labels: list[str] = job.metadata(soft_labels)["labels"]
    about = job.metadata(reliability)
    check_same_labels(labels, about["labels"], "soft labels", "reliability")
    table = job.table(reliability)
    sentences = which_sentences(table, "weight")
    labelled = which_sentences(job.table(soft_labels, columns=["sentence_id", "words"]), "words")
    check_same_sentences(labelled, sentences, "soft labels and reliability")
    corrected = read_corrected(job, corrections, labels)
    places, _ = corrected_places(sentences, corrected)
    weights = flat_numbers(table["weight"]).astype(np.float32)
    weights[places] = 1.0
    columns = [
        table["sentence_id"].combine_chunks(),
        table["agreement"].combine_chunks(),
        list_column(sentences.word_counts, pa.array(weights)),
    ]
    job.write(
        pa.Table.from_arrays(columns, schema=RELIABILITY.schema),
        {**about, "corrected": len(corrected.sentences.ids)},
    )
