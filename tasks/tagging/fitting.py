"""What trainings of taggers minimise: the mean of the losses of words, over words or over sentences."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from pydantic import Field

from tasks.tagging.heads import Batch
from tasks.tagging.windows import Windows, collate_words
from tasks.training.batching import updates_per_epoch
from tasks.training.config import TrainingConfig
from tasks.training.loop import Collate, Loss

LossMean = Literal["sentence", "word"]
WordLosses = Callable[[Any, Batch], torch.Tensor]


class TaggerTrainingConfig(TrainingConfig):
    """Settings of any training of a tagger."""

    frozen_layers: int = Field(
        3,
        ge=0,
        title="Frozen layers",
        description="0 trains everything; n > 0 keeps the embeddings and the n bottom layers as they are.",
    )
    loss_mean: LossMean = Field(
        "sentence",
        title="Mean of the loss",
        description="sentence: every sentence weighs the same (the papers' 1/L); word: every word of a batch does "
        "(the published code).",
    )


def sentence_shares(word_counts: np.ndarray, sentences_per_update: float) -> np.ndarray:
    """[N] share of each word in the loss of an update: 1 / L over the mean number of sentences in an update.

    The papers divide by the number of sentences in the batch. Batches here hold a number of sub-words, so that
    those of short sentences hold more sentences; dividing by the mean number lets every sentence weigh the same.
    """
    return np.repeat(1 / (np.maximum(word_counts, 1) * sentences_per_update), word_counts).astype(np.float32)


@dataclass(frozen=True)
class Objective:
    """What a training minimises.

    lengths  [R] int, sub-words of each row
    collate  makes a batch of rows
    loss     of a model and a batch
    """

    lengths: np.ndarray
    collate: Collate
    loss: Loss


def word_objective(
    windows: Windows, targets: Mapping[str, np.ndarray], word_losses: WordLosses, config: TaggerTrainingConfig
) -> Objective:
    """The mean of the losses of words.

    Args:
        windows: of the sentences to train on.
        targets: [N, ...] arrays, words in the corpus' order; their names are those that `word_losses` looks up.
        word_losses: from a model and a batch to [n] losses, one per word.
        config: the settings; `loss_mean` says how the words' losses become one.
    """
    arrays = dict(targets)
    if config.loss_mean == "sentence":
        updates = updates_per_epoch(windows.lengths, config.subwords_per_batch)
        arrays["share"] = sentence_shares(windows.word_counts, np.count_nonzero(windows.word_counts) / updates)

    def collate(rows: np.ndarray, generator: torch.Generator) -> dict[str, torch.Tensor]:
        return collate_words(windows, arrays, rows)

    def loss(model: Any, batch: dict[str, torch.Tensor]) -> torch.Tensor:
        losses = word_losses(model, batch)
        return (losses * batch["share"]).sum() if "share" in batch else losses.mean()

    return Objective(windows.lengths, collate, loss)
