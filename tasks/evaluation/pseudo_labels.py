"""Pseudo-labels, their reliability and the truth, side by side, word by word."""

from dataclasses import dataclass

import numpy as np

from artifacts.reference import Reference
from artifacts.step import Job
from tasks.tagging.decoding import Decoding, decode_words
from tasks.words.agreement import WhichSentences, check_same_labels, check_same_sentences, which_sentences
from tasks.words.columns import flat_label_ids, flat_numbers, flat_probabilities


@dataclass(frozen=True)
class PseudoLabels:
    """What a tagger says of N words, and what is true.

    labels         [C] IOB2 labels, which ids count in
    sentence_ids   [M] of the sentences
    lengths        [M] words of each sentence
    ids            [N] pseudo-label
    probabilities  [N] the tagger's probability of that label, [0, 1]
    gold           [N] true label
    """

    labels: list[str]
    sentence_ids: np.ndarray
    lengths: np.ndarray
    ids: np.ndarray
    probabilities: np.ndarray
    gold: np.ndarray


def read_pseudo_labels(job: Job, soft_labels: Reference, gold: Reference, decoding: Decoding) -> PseudoLabels:
    """Decodes soft labels and puts the gold labels of the same words beside them.

    Raises:
        InputError: if the two are not about the same sentences and labels.
    """
    labels: list[str] = job.metadata(soft_labels)["labels"]
    check_same_labels(job.metadata(gold)["labels"], labels, "gold", "soft labels")
    soft, truth = job.table(soft_labels, ["sentence_id", "probabilities"]), job.table(gold)
    sentences = which_sentences(soft, "probabilities")
    check_same_sentences(sentences, which_sentences(truth, "tags"), "soft labels and gold")
    probabilities = flat_probabilities(soft["probabilities"], len(labels))
    ids = decode_words(probabilities, sentences.word_counts, labels, decoding)
    chosen = np.take_along_axis(probabilities, ids[:, None], axis=1)[:, 0]
    return PseudoLabels(labels, *sentences, ids, chosen, flat_label_ids(truth["tags"], labels, "gold"))


def read_reliability(job: Job, reliability: Reference, words: PseudoLabels) -> tuple[np.ndarray, np.ndarray]:
    """[N] agreement and [N] weight of the pseudo-labels.

    Raises:
        InputError: if they are about other sentences or labels.
    """
    check_same_labels(words.labels, job.metadata(reliability)["labels"], "soft labels", "reliability")
    trust = job.table(reliability)
    sentences = WhichSentences(words.sentence_ids, words.lengths)
    check_same_sentences(sentences, which_sentences(trust, "weight"), "soft labels and reliability")
    return flat_numbers(trust["agreement"]), flat_numbers(trust["weight"])
