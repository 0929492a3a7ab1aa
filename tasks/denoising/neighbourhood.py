"""The neighbours that decided how far a word's label is trusted, found again for people to look at."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np

from tasks.denoising.neighbours.nearest import nearest
from tasks.denoising.neighbours.search import Search
from tasks.denoising.reliability import Reliability, match_groups
from tasks.denoising.score_reliability import represent
from tasks.tagging.decoding import Decoding, decode_words
from tasks.tagging.inference import Inference
from tasks.tagging.windows import WindowConfig
from tasks.words.unit_rows import unit_rows


class Neighbourhood(NamedTuple):
    """A word's neighbours, nearest first.

    Attributes:
        label_ids: [N] int, the label of every word of the text.
        words: [K] int, numbers of the neighbours among the text's words.
        cosines: [K] float32 their similarities.
        matches: [K] bool, whether a neighbour speaks for the word's label.
    """

    label_ids: np.ndarray
    words: np.ndarray
    cosines: np.ndarray
    matches: np.ndarray


def neighbourhood(
    word: int,
    tagger: Path,
    words: list[list[str]],
    probabilities: np.ndarray,
    labels: list[str],
    config: Reliability,
    windows: WindowConfig,
    inference: Inference,
    device: str,
    budget: int,
    progress: Callable[[int], None],
) -> Neighbourhood:
    """Finds a word's neighbours as `score_reliability` does, of whose step these are the inputs.

    Args:
        word: its number among all words of the text.
        tagger: folder of the tagger that represents words.
        words: of the sentences.
        probabilities: [N, C] of the soft labels.
        labels: C names.
        config: K, layers, pooling, what counts as a match.
        windows: how long sentences are cut.
        inference: how the encoder is run.
        device: "cpu" or "cuda".
        budget: padded sub-words per batch.
        progress: called with the number of words after each batch that was represented.

    Raises:
        InputError: if the tagger does not fit the settings.
    """
    lengths = np.array([len(sentence) for sentence in words])
    bank = unit_rows(represent(tagger, words, config, windows, inference, device, budget, progress), in_place=True)
    label_ids = decode_words(probabilities, lengths, labels, Decoding(method=config.labels_from))
    search = Search(product=config.product, device=device, exclude_duplicates=config.exclude_duplicates)
    used = min(config.neighbours, len(bank) - 1)
    _, indices, cosines = next(nearest(bank, used, rows=np.array([word]), search=search))
    there = indices[0] >= 0
    found = indices[0][there]
    groups = match_groups(labels, config.match)[label_ids]
    return Neighbourhood(label_ids, found, cosines[0][there], groups[found] == groups[word])
