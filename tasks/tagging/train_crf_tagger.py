"""Train a tagger with a CRF on labelled sentences: the vanilla model of ConNER (3.2)."""

from typing import Any, Self

import numpy as np
import torch
from pydantic import Field, model_validator

from artifacts.catalog import TAGGER, LabelledOrTranslation
from artifacts.step import Job, step
from tasks.tagging.crf_head import CRF
from tasks.tagging.fitting import TaggerTrainingConfig, word_objective
from tasks.tagging.heads import Batch
from tasks.tagging.training_shell import EncoderOrTagger, start_tagger, train_and_save
from tasks.tagging.windows import WindowConfig, Windows, make_windows
from tasks.words.bioes import bioes_ids
from tasks.words.columns import flat_label_ids, list_lengths


class SequenceTraining(TaggerTrainingConfig):
    """Settings of the training of a tagger with a CRF (ConNER, 3.2: 10 epochs, 2e-5, 16 sentences, nothing frozen)."""

    epochs: int = Field(10, ge=1, le=1000, title="Epochs", description="Passes over the labelled data.")
    learning_rate: float = Field(
        2e-5, gt=0, le=1, title="Learning rate", description="Peak learning rate of AdamW, per update."
    )
    sentences_per_batch: int | None = Field(
        16,
        ge=1,
        title="Sentences per batch",
        description="Labelled sentences of one update (ConNER: 16). Empty: as many as there is room for in "
        "subwords_per_batch.",
    )
    frozen_layers: int = Field(
        0,
        ge=0,
        title="Frozen layers",
        description="0 trains everything; n > 0 keeps the embeddings and the n bottom layers as they are.",
    )

    @model_validator(mode="after")
    def _sequences_have_losses(self) -> Self:
        if self.loss_mean != "sentence":
            raise ValueError(
                f"loss_mean is {self.loss_mean}, but a CRF's loss is one of a whole sentence; expected sentence: leave "
                "it out"
            )
        return self


@step(TAGGER)
def train_crf_tagger(
    job: Job, data: LabelledOrTranslation, start: EncoderOrTagger, config: SequenceTraining, windows: WindowConfig
) -> None:
    """Trains a tagger on labelled sentences, from an encoder or on from another tagger with a CRF."""
    labels = job.metadata(data)["labels"]
    model, tokenizer = start_tagger(job, start, labels, data.kind, config, windows, CRF)
    cut, targets = labelled_sequences(job, data, labels, tokenizer, windows)

    def losses(model: Any, batch: Batch) -> torch.Tensor:
        return CRF.losses(model, CRF.outputs(model, batch), batch)

    train_and_save(job, model, tokenizer, labels, word_objective(cut, targets, losses, config), config, "training")


def labelled_sequences(
    job: Job, data: LabelledOrTranslation, labels: list[str], tokenizer: Any, windows: WindowConfig
) -> tuple[Windows, dict[str, Any]]:
    """The windows of labelled sentences, and [N] what a CRF's losses read: `bioes` and `widening`."""
    table = job.table(data, columns=["words", "tags"])
    cut = make_windows(tokenizer, table["words"].to_pylist(), windows.max_length_subwords, windows.overlap_subwords)
    ids = flat_label_ids(table["tags"], labels, data.kind)
    return cut, {"bioes": bioes_ids(ids, list_lengths(table["tags"]), labels), "widening": window_widening(cut)}


def window_widening(windows: Windows) -> np.ndarray:
    """[N] float32: words of each word's sentence over the words that its window scores; 1 where nothing is cut."""
    scored = np.diff(windows.scored)
    share: np.ndarray = windows.word_counts[windows.word_sentences] / np.repeat(scored, scored)
    return share.astype(np.float32)
