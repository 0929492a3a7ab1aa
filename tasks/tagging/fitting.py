"""What trainings of taggers minimise: the mean of the losses of words, over words or over sentences."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from pydantic import Field

from tasks.tagging.heads import Batch
from tasks.tagging.windows import Windows, collate_words
from tasks.training.config import TrainingConfig
from tasks.training.loop import Collate, Loss, OfUpdate, count_updates

LossMean = Literal["sentence", "word"]
WordLosses = Callable[[Any, Batch], torch.Tensor]


class TaggerTrainingConfig(TrainingConfig):
    """Settings of any training of a tagger."""

    sentences_per_batch: int | None = Field(
        32,
        ge=1,
        title="Sentences per batch",
        description="Sentences of one update, of similar length; it may take several passes (papers: 32). Empty: as "
        "many as there is room for in subwords_per_batch.",
    )
    frozen_layers: int = Field(
        3,
        ge=0,
        title="Frozen layers",
        description="0 trains everything; n > 0 keeps the embeddings and the n bottom layers as they are.",
    )
    keep_epochs: bool = Field(
        False,
        title="Keep epochs",
        description="Keep the tagger of every epoch beside the last, for a step that chooses among them.",
    )
    loss_mean: LossMean = Field(
        "sentence",
        title="Mean of the loss",
        description="sentence: every sentence weighs the same (the papers' 1/L); word: every word of an epoch does "
        "(the published code, on average).",
    )


def word_shares(words: int, updates: int) -> np.ndarray:
    """[N] share of each word in the loss of an update: 1 over the mean number of words in an update of an epoch.

    Not over the words of its own update, which are of sentences of similar length: a word of a short one would weigh
    more, nearly as in the mean over sentences. In shuffled batches, as published code makes them, it does not.
    """
    return np.full(words, updates / max(words, 1), dtype=np.float32)


def sentence_shares(word_counts: np.ndarray, sentences_per_update: float) -> np.ndarray:
    """[N] share of each word in the loss of an update: 1 / L over the number of sentences in an update."""
    return np.repeat(1 / (np.maximum(word_counts, 1) * sentences_per_update), word_counts).astype(np.float32)


@dataclass(frozen=True)
class Objective:
    """What a training minimises.

    lengths    [R] int, sub-words of each row
    sentences  [R] int, the sentence of each row
    collate    makes a batch of rows
    of_update  what the loss of each pass has to know of its whole update
    loss       of a model and a batch; that of an update is the sum over its passes
    """

    lengths: np.ndarray
    sentences: np.ndarray
    collate: Collate
    of_update: OfUpdate
    loss: Loss


def word_objective(
    windows: Windows,
    targets: Mapping[str, np.ndarray],
    word_losses: WordLosses,
    config: TaggerTrainingConfig,
) -> Objective:
    """The mean of the losses of words, over the words or the sentences of an update.

    Where an update holds a number of sub-words, those of short sentences hold more sentences: there the mean over
    sentences divides by their mean number, which lets every sentence weigh the same in an epoch.

    Args:
        windows: of the sentences to train on.
        targets: [N, ...] arrays, words in the corpus' order; their names are those that `word_losses` looks up.
        word_losses: from a model and a batch to [n] losses, one per word.
        config: the settings; `loss_mean` says how the words' losses become one.
    """
    updates = count_updates(windows.lengths, windows.sentences, config)
    mean_of_update = config.loss_mean == "sentence" and config.sentences_per_batch is not None
    if config.loss_mean == "word":
        share = word_shares(int(windows.word_counts.sum()), updates)
    else:
        sentences = 1 if mean_of_update else np.count_nonzero(windows.word_counts) / updates
        share = sentence_shares(windows.word_counts, sentences)
    arrays = {**targets, "share": share}

    def collate(rows: np.ndarray, generator: torch.Generator) -> dict[str, torch.Tensor]:
        return collate_words(windows, arrays, rows)

    def of_update(rows: np.ndarray) -> dict[str, torch.Tensor]:
        return {"sentences": torch.tensor(len(np.unique(windows.sentences[rows])) if mean_of_update else 1)}

    def loss(model: Any, batch: dict[str, torch.Tensor]) -> torch.Tensor:
        return (word_losses(model, batch) * batch["share"]).sum() / batch["sentences"]

    return Objective(windows.lengths, windows.sentences, collate, of_update, loss)
