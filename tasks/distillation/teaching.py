"""Read what a teacher said about sentences: its soft labels and how far to trust them."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from artifacts.catalog import ReliabilityScores, SoftLabels
from artifacts.step import Job
from tasks.words.agreement import check_same_labels, check_same_sentences
from tasks.words.columns import flat_numbers, flat_probabilities, list_lengths


@dataclass(frozen=True)
class Teaching:
    """A teacher's opinion on a corpus of M sentences and N words.

    labels         [C]
    sentence_ids   [M]
    word_counts    [M]
    probabilities  [N, C] soft labels
    weights        [N] reliability; 1 everywhere where none was computed
    """

    labels: list[str]
    sentence_ids: np.ndarray
    word_counts: np.ndarray
    probabilities: np.ndarray
    weights: np.ndarray


def read_teaching(job: Job, soft_labels: SoftLabels, reliability: ReliabilityScores | None) -> Teaching:
    """Joins soft labels with their reliability; without one (ablation 1 of CoLaDa) every weight is 1.

    Raises:
        InputError: if the two are about different labels or sentences.
    """
    labels = job.metadata(soft_labels)["labels"]
    table = job.table(soft_labels, columns=["sentence_id", "probabilities"])
    ids, counts = sentence_ids(table), list_lengths(table["probabilities"])
    weights = np.ones(counts.sum(), dtype=np.float32)
    if reliability is not None:
        check_same_labels(labels, job.metadata(reliability)["labels"], "soft labels", "reliability")
        scores = job.table(reliability, columns=["sentence_id", "weight"])
        check_same_sentences(
            ids, counts, sentence_ids(scores), list_lengths(scores["weight"]), "soft labels and reliability"
        )
        weights = flat_numbers(scores["weight"]).astype(np.float32, copy=False)
    return Teaching(labels, ids, counts, flat_probabilities(table["probabilities"], len(labels)), weights)


def sentence_ids(table: pa.Table) -> np.ndarray:
    """[M] the column sentence_id."""
    ids: np.ndarray = table["sentence_id"].to_numpy()
    return ids
