"""Labels that were given, doubted: what a tagger thinks of them, and what the labels of similar words say."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from tasks.denoising.neighbours.matching import matching_neighbours
from tasks.denoising.neighbours.search import Search
from tasks.denoising.reliability import Reliability, label_agreement
from tasks.denoising.score_reliability import represent
from tasks.tagging.inference import SENTENCES_AT_A_TIME, word_outputs, word_probabilities
from tasks.tagging.student import Student
from tasks.tagging.windows import make_windows
from tasks.words.columns import offsets_of
from tasks.words.unit_rows import unit_rows


class Doubts(NamedTuple):
    """What is thought of the labels of N words.

    Attributes:
        probability: [N] of the given label, by the tagger; in [0, 1], lower is more doubtful.
        said: [N] int, the label that the tagger gives.
    """

    probability: np.ndarray
    said: np.ndarray


def doubts(tagger: Student, words: Sequence[Sequence[str]], label_ids: np.ndarray) -> Doubts:
    """Compares labels with a tagger's opinion.

    Args:
        tagger: that labels the words, too.
        words: of the sentences.
        label_ids: [N] the given labels, by place among the tagger's.
    """
    probability, said, done = [np.empty(0)], [np.empty(0, dtype=np.int64)], 0
    for first in range(0, len(words), SENTENCES_AT_A_TIME):
        part = words[first : first + SENTENCES_AT_A_TIME]
        cut = make_windows(tagger.tokenizer, part, tagger.windows.max_length_subwords, tagger.windows.overlap_subwords)
        outputs = word_outputs(
            tagger.head, tagger.model, cut, tagger.inference, device=tagger.device, budget=tagger.budget
        )
        given = label_ids[done : done + cut.words]
        done += cut.words
        probability.append(word_probabilities(tagger.head, tagger.model, outputs)[np.arange(len(given)), given])
        said.append(tagger.head.decode(tagger.model, outputs, cut.word_counts, tagger.decoding))
    return Doubts(np.concatenate(probability), np.concatenate(said))


def agreement_with_neighbours(
    folder: Path,
    tagger: Student,
    words: list[list[str]],
    label_ids: np.ndarray,
    neighbours: int,
    progress: Callable[[int], None],
) -> np.ndarray:
    """Lambda of Eq. 2, of given labels: the share of the most similar words of the corpus that have the same one.

    Args:
        folder: of the tagger, whose encoder says what is similar.
        tagger: says how it is run.
        words: of the sentences.
        label_ids: [N] the given labels.
        neighbours: K, below N.
        progress: called with numbers of words, first as they are represented, then as they are compared.

    Returns:
        [N] in [0, 1]; lower is more doubtful.
    """
    hidden = represent(
        folder, words, Reliability(), tagger.windows, tagger.inference, tagger.device, tagger.budget, progress
    )
    bank = unit_rows(hidden, in_place=True)
    counts = matching_neighbours(bank, label_ids, neighbours, Search(device=tagger.device), progress=progress)
    return label_agreement(counts.matching, counts.found, label_ids)


def least_trusted(trust: np.ndarray, lengths: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Sentences by their word that is trusted least, the least trusted first.

    A sentence is as doubtful as its worst label: of the ways to make a sentence's score of its words' that Wang and
    Mueller (2022, "Detecting label errors in token classification data") compare, the minimum finds most.

    Args:
        trust: [N] of every word, sentences one after another.
        lengths: [M] words of each sentence.

    Returns:
        [S] sentences with words, and [S] the worst word of each, counted over all sentences; of equals the first.
    """
    starts = offsets_of(lengths)[:-1]
    rows = np.flatnonzero(lengths)
    if not len(rows):
        return rows, rows
    worst = np.minimum.reduceat(trust, starts[rows])
    order = np.argsort(worst, kind="stable")
    of_word = np.repeat(np.arange(len(lengths)), lengths)
    is_worst = trust == np.repeat(worst, lengths[rows])
    places = np.flatnonzero(is_worst)
    _, first = np.unique(of_word[places], return_index=True)
    return rows[order], places[first][order]
