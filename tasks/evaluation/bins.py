"""Is a label that counts as reliable right more often? (CoLaDa, Figure 5)."""

from dataclasses import asdict, dataclass

import numpy as np
import pyarrow as pa

from artifacts.catalog import RELIABILITY_BINS, Gold, ReliabilityScores, SoftLabels
from artifacts.errors import InputError
from artifacts.step import Job, step
from tasks.evaluation.pseudo_labels import read_pseudo_labels, read_reliability
from tasks.tagging.decoding import Decoding


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
    job: Job,
    soft_labels: SoftLabels,
    reliability: ReliabilityScores,
    gold: Gold,
    decoding: Decoding,
    bins: int = 10,
) -> None:
    """Compares the reliability of labels with their correctness; `decoding` is the one that it judged the labels of."""
    if bins < 1:
        raise InputError(f"bins is {bins}; expected at least 1")
    words = read_pseudo_labels(job, soft_labels, gold, decoding)
    _, weight = read_reliability(job, reliability, words)
    rows = reliability_bins(weight, words.ids, words.gold, words.labels.index("O"), bins)
    job.write(pa.Table.from_pylist([asdict(row) for row in rows], schema=RELIABILITY_BINS.schema))
