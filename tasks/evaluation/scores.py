"""Entity-level precision, recall and F1: strict IOB2, micro average, as seqeval counts."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
import pyarrow as pa

from artifacts.catalog import SCORES, GoldOrLabelled, Predictions
from artifacts.step import Job, step
from tasks.corpus.labels import entity_types
from tasks.tagging.agreement import check_same_labels, check_same_sentences
from tasks.tagging.ragged import flat_label_ids, list_lengths, offsets_of


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


@dataclass(frozen=True)
class Spans:
    """Entities by the word that they start at.

    ends   [N] the word after the entity that starts at this word; -1 where none starts
    types  [N] its type's number; -1 where none starts
    """

    ends: np.ndarray
    types: np.ndarray


def entity_spans(ids: np.ndarray, lengths: np.ndarray, labels: Sequence[str]) -> Spans:
    """The entities of tagged sentences: a B-X and all I-X that follow it without a gap.

    An I-X that follows neither B-X nor I-X belongs to no entity (strict IOB2).

    Args:
        ids: [N] label ids, sentences one after another.
        lengths: [M] words of each sentence.
        labels: IOB2 labels.
    """
    types = entity_types(labels)
    type_of = np.array([-1 if label == "O" else types.index(label[2:]) for label in labels])[ids]
    inside = np.array([label.startswith("I-") for label in labels])[ids]
    begins = np.array([label.startswith("B-") for label in labels])[ids]
    breaks = ~inside
    breaks[1:] |= type_of[1:] != type_of[:-1]
    breaks[offsets_of(lengths)[:-1][lengths > 0]] = True
    starts = np.flatnonzero(breaks)
    following = np.append(starts[1:], len(ids))[: len(starts)]
    entity = begins[starts]
    ends = np.full(len(ids), -1)
    ends[starts[entity]] = following[entity]
    return Spans(ends, np.where(begins, type_of, -1))


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
    right = (true.ends >= 0) & (true.ends == guess.ends) & (true.types == guess.types)
    types = entity_types(labels)
    counts = np.array(
        [np.bincount(found[found >= 0], minlength=len(types)) for found in _types_of(true, guess, right)]
    ).reshape(3, len(types))
    rows = [_score("overall", *counts.sum(axis=1).tolist())]
    return rows + [_score(name, *counts[:, i].tolist()) for i, name in enumerate(types)]


def _types_of(true: Spans, guess: Spans, right: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return true.types, guess.types, np.where(right, true.types, -1)


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
    lengths = list_lengths(truth["tags"])
    check_same_sentences(
        truth["sentence_id"].to_numpy(),
        lengths,
        guess["sentence_id"].to_numpy(),
        list_lengths(guess["tags"]),
        "gold and predictions",
    )
    rows = entity_scores(
        flat_label_ids(truth["tags"], labels, "gold"),
        flat_label_ids(guess["tags"], labels, "predictions"),
        lengths,
        labels,
    )
    job.write(pa.Table.from_pylist([asdict(row) for row in rows], schema=SCORES.schema), metadata={"name": name})
