"""Train a tagger word by word: what source training, the collaborator and the student share."""

from collections.abc import Callable, Mapping
from typing import Any, Literal

import numpy as np
import torch
from pydantic import Field

from tasks.tagging.windows import Windows
from tasks.training.batching import updates_per_epoch
from tasks.training.config import TrainingConfig
from tasks.training.loop import Checkpoints, TrainingHistory, planned_updates, train

LossMean = Literal["sentence", "word"]
WordLosses = Callable[[torch.Tensor, Mapping[str, torch.Tensor]], torch.Tensor]


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


def word_logits(model: Any, batch: Mapping[str, torch.Tensor]) -> torch.Tensor:
    """[n, C] float32 logits of the batch's scored words, each read at its first sub-word."""
    logits = model(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"]).logits
    chosen: torch.Tensor = logits[batch["word_rows"], batch["word_positions"]].float()
    return chosen


def collate_words(windows: Windows, arrays: Mapping[str, np.ndarray], rows: np.ndarray) -> dict[str, torch.Tensor]:
    """A batch: padded input ids, where its scored words stand, and each array's rows for these words."""
    ids, mask = windows.inputs(rows)
    words, batch_rows, positions = windows.scored_words(rows)
    batch = {"input_ids": ids, "attention_mask": mask, "word_rows": batch_rows, "word_positions": positions}
    batch |= {name: array[words] for name, array in arrays.items()}
    return {name: torch.from_numpy(array) for name, array in batch.items()}


def fit_words(
    model: Any,
    windows: Windows,
    targets: Mapping[str, np.ndarray],
    word_losses: WordLosses,
    config: TaggerTrainingConfig,
    *,
    device: str,
    checkpoints: Checkpoints | None,
    progress: Callable[[int], None] | None = None,
) -> TrainingHistory:
    """Trains a tagger in place.

    Args:
        model: a tagger.
        windows: of the sentences to train on.
        targets: [N, ...] arrays, words in the corpus' order; their names are those that `word_losses` looks up.
        word_losses: from logits [n, C] and the batch to [n] losses, one per word.
        config: the settings; `loss_mean` says how the words' losses become one.
        device: "cpu" or "cuda".
        checkpoints: where they are kept; None keeps none.
        progress: called with the number of updates made.
    """
    arrays = dict(targets)
    if config.loss_mean == "sentence":
        updates = updates_per_epoch(windows.lengths, config.subwords_per_batch)
        arrays["share"] = sentence_shares(windows.word_counts, np.count_nonzero(windows.word_counts) / updates)

    def collate(rows: np.ndarray, generator: torch.Generator) -> dict[str, torch.Tensor]:
        return collate_words(windows, arrays, rows)

    def loss(trained: Any, batch: dict[str, torch.Tensor]) -> torch.Tensor:
        losses = word_losses(word_logits(trained, batch), batch)
        return (losses * batch["share"]).sum() if "share" in batch else losses.mean()

    return train(
        model, windows.lengths, collate, loss, config, device=device, checkpoints=checkpoints, progress=progress
    )


def updates_planned(windows: Windows, config: TaggerTrainingConfig) -> int:
    """Optimizer steps that `fit_words` will make."""
    return planned_updates(windows.lengths, config)
