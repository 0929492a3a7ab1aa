"""Is a label that counts as reliable right more often? (CoLaDa, Figure 5)."""

from dataclasses import asdict, dataclass

import numpy as np
import pyarrow as pa

from artifacts.catalog import RELIABILITY_BINS, Gold, ReliabilityScores, SoftLabels
from artifacts.errors import InputError
from artifacts.step import Job, step
from tasks.words.agreement import check_same_labels, check_same_sentences
from tasks.words.columns import flat_label_ids, flat_numbers, flat_probabilities, list_lengths


@dataclass(frozen=True)
class Bin:
    """Quality of the words whose weight is in [low, high); None where there is nothing to divide."""

    low: float
    high: float
    words: int
    token_f1: float | None
    accuracy: float | None


def reliability_bins(
    weights: np.ndarray, predicted: np.ndarray, gold: np.ndarray, outside: int, bins: int
) -> list[Bin]:
    """Token-level micro F1 (O left out) and accuracy of pseudo-labels, by bins of equal width of their weight.

    Args:
        weights: [N] reliability, in [0, 1].
        predicted: [N] label ids.
        gold: [N] label ids.
        outside: the id of O.
        bins: how many bins divide [0, 1]; the last includes 1.
    """
    edges = np.linspace(0, 1, bins + 1)
    place = np.clip(np.searchsorted(edges, weights, side="right") - 1, 0, bins - 1)

    def count(which: np.ndarray) -> list[int]:
        counts: list[int] = np.bincount(place[which], minlength=bins).tolist()
        return counts

    right = predicted == gold
    words, correct = count(np.ones_like(right)), count(right)
    entity = count(right & (gold != outside))
    either = np.add(count(gold != outside), count(predicted != outside)).tolist()
    return [
        Bin(
            low=float(edges[i]),
            high=float(edges[i + 1]),
            words=words[i],
            token_f1=2 * entity[i] / either[i] if either[i] else None,
            accuracy=correct[i] / words[i] if words[i] else None,
        )
        for i in range(bins)
    ]


@step(RELIABILITY_BINS)
def bin_reliability(
    job: Job, soft_labels: SoftLabels, reliability: ReliabilityScores, gold: Gold, bins: int = 10
) -> None:
    """Compares the reliability of pseudo-labels with their actual correctness."""
    if bins < 1:
        raise InputError(f"bins is {bins}; expected at least 1")
    labels = job.metadata(soft_labels)["labels"]
    check_same_labels(job.metadata(gold)["labels"], labels, "gold", "soft labels")
    soft, trust, truth = job.table(soft_labels), job.table(reliability), job.table(gold)
    ids, counts = soft["sentence_id"].to_numpy(), list_lengths(soft["words"])
    for table, column, name in ((trust, "weight", "reliability"), (truth, "tags", "gold")):
        other = table["sentence_id"].to_numpy()
        check_same_sentences(ids, counts, other, list_lengths(table[column]), f"soft labels and {name}")
    rows = reliability_bins(
        flat_numbers(trust["weight"]),
        flat_probabilities(soft["probabilities"], len(labels)).argmax(axis=1),
        flat_label_ids(truth["tags"], labels, "gold"),
        labels.index("O"),
        bins,
    )
    job.write(pa.Table.from_pylist([asdict(row) for row in rows], schema=RELIABILITY_BINS.schema))
