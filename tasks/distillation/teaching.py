"""Read what a teacher said about sentences: its soft labels and how far to trust them."""

from dataclasses import dataclass

import numpy as np

from artifacts.catalog import ReliabilityScores, SoftLabels
from artifacts.step import Job
from tasks.words.agreement import WhichSentences, check_same_labels, check_same_sentences, which_sentences
from tasks.words.columns import flat_numbers, flat_probabilities


@dataclass(frozen=True)
class Teaching:
    """A teacher's opinion on a corpus of M sentences and N words.

    labels         [C]
    sentences      [M] which they are
    probabilities  [N, C] soft labels
    weights        [N] reliability; 1 everywhere where none was computed
    """

    labels: list[str]
    sentences: WhichSentences
    probabilities: np.ndarray
    weights: np.ndarray


def read_teaching(job: Job, soft_labels: SoftLabels, reliability: ReliabilityScores | None) -> Teaching:
    """Joins soft labels with their reliability; without one (ablation 1 of CoLaDa) every weight is 1.

    Raises:
        InputError: if the two are about different labels or sentences.
    """
    labels = job.metadata(soft_labels)["labels"]
    table = job.table(soft_labels, columns=["sentence_id", "probabilities"])
    sentences = which_sentences(table, "probabilities")
    weights = np.ones(sentences.word_counts.sum(), dtype=np.float32)
    if reliability is not None:
        check_same_labels(labels, job.metadata(reliability)["labels"], "soft labels", "reliability")
        scores = job.table(reliability, columns=["sentence_id", "weight"])
        check_same_sentences(sentences, which_sentences(scores, "weight"), "soft labels and reliability")
        weights = flat_numbers(scores["weight"]).astype(np.float32, copy=False)
    return Teaching(labels, sentences, flat_probabilities(table["probabilities"], len(labels)), weights)
