"""Entity-level precision, recall and F1: strict IOB2, micro average, as seqeval counts."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
import pyarrow as pa

from artifacts.catalog import SCORES, GoldOrLabelled, Predictions
from artifacts.step import Job, step
from tasks.words.agreement import check_same_labels, check_same_sentences, which_sentences
from tasks.words.columns import flat_label_ids
from tasks.words.labels import entity_types
from tasks.words.spans import Spans, entity_spans


@dataclass(frozen=True)
class EntityScore:
    """Scores of one entity type, or of all ("overall"); what is divided by 0 is 0."""

    type: str
    precision: float
    recall: float
    f1: float
    gold: int
    predicted: int
    correct: int


def entity_scores(
    gold: np.ndarray, predicted: np.ndarray, lengths: np.ndarray, labels: Sequence[str]
) -> list[EntityScore]:
    """Scores overall and by entity type.

    Args:
        gold: [N] label ids, sentences one after another.
        predicted: [N] label ids of the same words.
        lengths: [M] words of each sentence.
        labels: IOB2 labels.

    Returns:
        "overall" first, then every type of `labels`, sorted; values in [0, 1].
    """
    true, guess = entity_spans(gold, lengths, labels), entity_spans(predicted, lengths, labels)
    types = entity_types(labels)
    found = (true.types, guess.types, true.types[_also_in(true, guess, len(gold), len(types))])
    counts = np.array([np.bincount(each, minlength=len(types)) for each in found]).reshape(3, len(types))
    rows = [_score("overall", *counts.sum(axis=1).tolist())]
    return rows + [_score(name, *counts[:, i].tolist()) for i, name in enumerate(types)]


def _also_in(true: Spans, guess: Spans, words: int, types: int) -> np.ndarray:
    """[E] bool: which true entities were predicted, with the same words and the same type."""
    keys = [(spans.starts * (words + 1) + spans.ends) * max(types, 1) + spans.types for spans in (true, guess)]
    return np.isin(*keys)


def _score(name: str, gold: int, predicted: int, correct: int) -> EntityScore:
    precision = correct / predicted if predicted else 0.0
    recall = correct / gold if gold else 0.0
    f1 = 2 * correct / (gold + predicted) if correct else 0.0
    return EntityScore(name, precision, recall, f1, gold, predicted, correct)


@step(SCORES)
def score(job: Job, predictions: Predictions, gold: GoldOrLabelled, name: str) -> None:
    """Compares predictions with gold tags."""
    labels = job.metadata(gold)["labels"]
    check_same_labels(labels, job.metadata(predictions)["labels"], "gold", "predictions")
    truth = job.table(gold)
    guess = job.table(predictions, columns=["sentence_id", "tags"])
    sentences = which_sentences(truth, "tags")
    check_same_sentences(sentences, which_sentences(guess, "tags"), "gold and predictions")
    rows = entity_scores(
        flat_label_ids(truth["tags"], labels, "gold"),
        flat_label_ids(guess["tags"], labels, "predictions"),
        sentences.word_counts,
        labels,
    )
    job.write(pa.Table.from_pylist([asdict(row) for row in rows], schema=SCORES.schema), metadata={"name": name})
