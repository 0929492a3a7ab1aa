"""Measure how sure a teacher is and how right, on labelled sentences of the source language."""

import pyarrow as pa

from artifacts.catalog import CALIBRATION, Labelled, SoftLabels
from artifacts.errors import InputError
from artifacts.step import Job, step
from tasks.denoising.panel.temperature import best_temperature, calibration_error, mean_surprise, tempered
from tasks.words.agreement import check_same_labels, check_same_sentences, which_sentences
from tasks.words.columns import flat_label_ids, flat_probabilities


@step(CALIBRATION)
def calibrate_teacher(job: Job, said: SoftLabels, labelled: Labelled) -> None:
    """Fits the temperature at which what a teacher says of labelled sentences is least surprised by their labels.

    Raises:
        InputError: if there is no word.
    """
    labels = job.metadata(said)["labels"]
    check_same_labels(labels, job.metadata(labelled)["labels"], "soft labels", "labelled")
    table, truth = job.table(said, columns=["sentence_id", "probabilities"]), job.table(labelled)
    sentences = which_sentences(table, "probabilities")
    check_same_sentences(sentences, which_sentences(truth, "tags"), "soft labels and labelled")
    probabilities = flat_probabilities(table["probabilities"], len(labels))
    true = flat_label_ids(truth["tags"], labels, "labelled")
    if not len(true):
        raise InputError(
            "calibration: the development corpus of the source language has no word; give source.dev a file with "
            "labelled sentences, or set calibration to none"
        )
    temperature = best_temperature(probabilities, true)
    after = tempered(probabilities, temperature)
    row = {
        "temperature": temperature,
        "words": len(true),
        "accuracy": float((probabilities.argmax(axis=1) == true).mean()),
        "nll": mean_surprise(probabilities, true),
        "nll_calibrated": mean_surprise(after, true),
        "ece": calibration_error(probabilities, true),
        "ece_calibrated": calibration_error(after, true),
    }
    metadata = {"language": job.metadata(labelled)["language"], "labels": labels}
    job.write(pa.Table.from_pylist([row], schema=CALIBRATION.schema), metadata=metadata)
