"""Label consistency of clean and noisy words by entity type and encoder layer (CoLaDa, Figure 6)."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
import pyarrow as pa

from artifacts.catalog import CONSISTENCY, Gold, ReliabilityScores, SoftLabels
from artifacts.errors import InputError
from artifacts.step import Job, step
from tasks.evaluation.pseudo_labels import read_pseudo_labels, read_reliability
from tasks.tagging.decoding import Decoding
from tasks.words.labels import entity_types


@dataclass(frozen=True)
class Consistent:
    """Mean lambda of the clean or the noisy words of a type in one layer; None without a word."""

    layer: int
    type: str
    clean: bool
    words: int
    mean_agreement: float | None


def mean_consistency(
    agreement: np.ndarray, ids: np.ndarray, gold: np.ndarray, labels: Sequence[str], layer: int
) -> list[Consistent]:
    """Mean agreement of the words of each type, clean and noisy apart.

    Args:
        agreement: [N] lambda (Eq. 2) from representations of this layer.
        ids: [N] pseudo-labels; a word counts for the type of its pseudo-label.
        gold: [N] true labels; a word is clean if both are the same label.
        labels: [C] IOB2 labels.
        layer: its number, for the rows.

    Returns:
        O first, then the types sorted; for each clean, then noisy.
    """
    types = ["O", *entity_types(labels)]
    type_of = np.array([types.index(label if label == "O" else label[2:]) for label in labels])
    group = 2 * type_of[ids] + (ids != gold)
    words = np.bincount(group, minlength=2 * len(types)).tolist()
    sums = np.bincount(group, weights=agreement, minlength=2 * len(types)).tolist()
    return [
        Consistent(layer, types[i // 2], i % 2 == 0, words[i], sums[i] / words[i] if words[i] else None)
        for i in range(2 * len(types))
    ]


@step(CONSISTENCY)
def measure_consistency(
    job: Job, soft_labels: SoftLabels, reliabilities: tuple[ReliabilityScores, ...], gold: Gold, decoding: Decoding
) -> None:
    """Compares clean with noisy pseudo-labels; `reliabilities` are from layer 0 (embeddings) upwards."""
    if not reliabilities:
        raise InputError("label consistency by layer: found no layer; expected reliability from at least one")
    neighbours = {job.metadata(each)["neighbours"] for each in reliabilities}
    if len(neighbours) > 1:
        raise InputError(
            f"label consistency by layer: layers with {', '.join(map(str, sorted(neighbours)))} neighbours; expected "
            "the same number K for all"
        )
    words = read_pseudo_labels(job, soft_labels, gold, decoding)
    rows = [
        row
        for layer, reliability in enumerate(reliabilities)
        for row in mean_consistency(
            read_reliability(job, reliability, words)[0], words.ids, words.gold, words.labels, layer
        )
    ]
    table = pa.Table.from_pylist([asdict(row) for row in rows], schema=CONSISTENCY.schema)
    job.write(table, metadata={"neighbours": neighbours.pop()})
