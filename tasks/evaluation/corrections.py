"""How far a model says what people corrected, on the sentences that they corrected."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from artifacts.catalog import CORRECTION_AGREEMENT, Corrections, Predictions
from artifacts.step import Job, step
from tasks.evaluation.scores import entity_scores
from tasks.words.agreement import check_same_labels, check_same_sentences, which_sentences
from tasks.words.columns import flat_label_ids


def agreement_with_people(
    people: np.ndarray, model: np.ndarray, lengths: np.ndarray, labels: Sequence[str]
) -> pa.Table:
    """One row of `CORRECTION_AGREEMENT`.

    Args:
        people: [N] label ids that people gave, sentences one after another; at least one.
        model: [N] label ids of the same words, by a model.
        lengths: [M] words of each sentence.
        labels: IOB2 labels.
    """
    overall = entity_scores(people, model, lengths, labels)[0]
    agreeing = int((people == model).sum())
    row = {
        "sentences": len(lengths),
        "words": len(people),
        "agreeing": agreeing,
        "accuracy": agreeing / len(people),
        "f1": overall.f1,
        "gold": overall.gold,
        "predicted": overall.predicted,
        "correct": overall.correct,
    }
    return pa.Table.from_pylist([row], schema=CORRECTION_AGREEMENT.schema)


@step(CORRECTION_AGREEMENT)
def measure_corrections(job: Job, corrections: Corrections, predictions: Predictions) -> None:
    """Compares a model's labels of corrected sentences with those that people gave them."""
    labels: list[str] = job.metadata(corrections)["labels"]
    check_same_labels(labels, job.metadata(predictions)["labels"], "corrections", "predictions")
    said = job.table(corrections, columns=["sentence_id", "tags"])
    guess = job.table(predictions, columns=["sentence_id", "tags"])
    sentences = which_sentences(said, "tags")
    check_same_sentences(sentences, which_sentences(guess, "tags"), "corrections and predictions")
    people, model = (
        flat_label_ids(table["tags"], labels, name) for table, name in ((said, "corrections"), (guess, "predictions"))
    )
    job.write(agreement_with_people(people, model, sentences.word_counts, labels))
