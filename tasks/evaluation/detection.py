"""Does reliability tell wrong pseudo-labels from right ones? (CoLaDa, 5.3, as one number per label)."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
import pyarrow as pa

from artifacts.catalog import DETECTION, Gold, ReliabilityScores, SoftLabels
from artifacts.step import Job, step
from tasks.evaluation.pseudo_labels import PseudoLabels, read_pseudo_labels, read_reliability
from tasks.tagging.decoding import Decoding


@dataclass(frozen=True)
class Detected:
    """How well three signs of trust find the wrong ones among the words of a label; areas in [0, 1] or None."""

    label: str
    words: int
    wrong: int
    auc_agreement: float | None
    auc_weight: float | None
    auc_probability: float | None


def area_under_curve(right: np.ndarray, trust: np.ndarray) -> float | None:
    """Area under the ROC curve: the chance that a right label is trusted more than a wrong one; ties count half.

        AUC = (sum of the ranks of the right ones - R (R + 1) / 2) / (R W), with R right and W wrong labels

    Args:
        right: [N] bool, whether the label is right.
        trust: [N] any score; higher is more trustworthy.

    Returns:
        1 if all right labels are trusted more than all wrong ones, 0.5 for a score that says nothing; None if all
        labels are right or all are wrong.
    """
    if right.all() or not right.any():
        return None
    from sklearn.metrics import roc_auc_score

    return float(roc_auc_score(right, trust))


def detection(
    ids: np.ndarray,
    gold: np.ndarray,
    agreement: np.ndarray,
    weight: np.ndarray,
    probability: np.ndarray,
    labels: Sequence[str],
) -> list[Detected]:
    """Areas over all words, then over the words of each label that a word was given.

    Within a label the weight grows with the agreement (Eq. 3), so both have the same area there but for rounding;
    over all words they differ, as each label has its own mean.

    Args:
        ids: [N] pseudo-labels.
        gold: [N] true labels.
        agreement: [N] lambda (Eq. 2).
        weight: [N] w (Eq. 3).
        probability: [N] the tagger's probability of the pseudo-label.
        labels: [C] names of the ids.
    """
    right = ids == gold
    groups = [("overall", np.ones(len(ids), dtype=bool))]
    groups += [(labels[i], ids == i) for i in np.unique(ids).tolist()]
    return [
        Detected(
            label=name,
            words=int(group.sum()),
            wrong=int((~right[group]).sum()),
            auc_agreement=area_under_curve(right[group], agreement[group]),
            auc_weight=area_under_curve(right[group], weight[group]),
            auc_probability=area_under_curve(right[group], probability[group]),
        )
        for name, group in groups
    ]


@step(DETECTION)
def measure_detection(
    job: Job, soft_labels: SoftLabels, reliability: ReliabilityScores, gold: Gold, decoding: Decoding
) -> None:
    """Measures how well reliability finds wrong pseudo-labels; `decoding` is the one that it judged the labels of."""
    words: PseudoLabels = read_pseudo_labels(job, soft_labels, gold, decoding)
    agreement, weight = read_reliability(job, reliability, words)
    rows = detection(words.ids, words.gold, agreement, weight, words.probabilities, words.labels)
    job.write(pa.Table.from_pylist([asdict(row) for row in rows], schema=DETECTION.schema))
