"""Where the words of corrected sentences stand among those of pseudo-labels, and which labels people gave them."""

from dataclasses import dataclass

import numpy as np

from artifacts.catalog import Corrections
from artifacts.errors import InputError
from artifacts.step import Job
from tasks.words.agreement import WhichSentences, check_same_labels, which_sentences
from tasks.words.columns import flat_label_ids, offsets_of, ranges


@dataclass(frozen=True)
class CorrectedWords:
    """The words of M corrected sentences.

    sentences  [M] which they are, ids ascending
    label_ids  [n] the label of each word, sentence after sentence
    """

    sentences: WhichSentences
    label_ids: np.ndarray


def read_corrected(job: Job, corrections: Corrections, labels: list[str]) -> CorrectedWords:
    """The corrections that a step got, in the label set of the labels that they correct.

    Raises:
        InputError: if they are in another.
    """
    check_same_labels(labels, job.metadata(corrections)["labels"], "pseudo-labels", "corrections")
    table = job.table(corrections, columns=["sentence_id", "tags"])
    return CorrectedWords(which_sentences(table, "tags"), flat_label_ids(table["tags"], labels, "corrections"))


def corrected_places(sentences: WhichSentences, corrected: CorrectedWords) -> tuple[np.ndarray, np.ndarray]:
    """Which words people labelled, and how.

    Args:
        sentences: some that have pseudo-labels; corrected ones need not be among them.
        corrected: the corrections.

    Returns:
        places: [n] of the words, counted over all `sentences`.
        label_ids: [n] their labels.

    Raises:
        InputError: if a sentence has another number of words.
    """
    _, rows, which = np.intersect1d(sentences.ids, corrected.sentences.ids, assume_unique=True, return_indices=True)
    counts, expected = sentences.word_counts[rows], corrected.sentences.word_counts[which]
    if not np.array_equal(counts, expected):
        bad = int(np.flatnonzero(counts != expected)[0])
        raise InputError(
            f"corrections: sentence {sentences.ids[rows[bad]]} has {expected[bad]} words, with pseudo-labels it has "
            f"{counts[bad]}; expected the same text, read with the same settings"
        )
    starts = offsets_of(sentences.word_counts)[:-1][rows]
    tags = offsets_of(corrected.sentences.word_counts)[:-1][which]
    return ranges(starts, counts), corrected.label_ids[ranges(tags, counts)]


def check_all_there(labelled: np.ndarray, corrected: np.ndarray) -> None:
    """Checks that every corrected sentence is among those with pseudo-labels, both by ids.

    Raises:
        InputError: if one is not.
    """
    missing = np.setdiff1d(corrected, labelled)
    if len(missing):
        raise InputError(
            f"corrections: sentence {missing[0]} has no pseudo-labels ({len(missing)} of "
            f"{len(corrected)} have none); expected the text that was corrected"
        )


def one_hot(label_ids: np.ndarray, labels: int) -> np.ndarray:
    """[n, labels] float32 all probability on each word's label."""
    return np.eye(labels, dtype=np.float32)[label_ids]
