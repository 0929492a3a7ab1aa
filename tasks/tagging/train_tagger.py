"""Train a tagger on labelled sentences: M_src on the source, M_trans^0 on its translation."""

from typing import Any

import torch

from artifacts.catalog import TAGGER, LabelledOrTranslation
from artifacts.step import Job, step
from tasks.tagging.fitting import TaggerTrainingConfig, word_objective
from tasks.tagging.heads import LINEAR, Batch, Head
from tasks.tagging.training_shell import EncoderOrTagger, start_tagger, train_and_save
from tasks.tagging.windows import WindowConfig, make_windows
from tasks.words.columns import flat_label_ids


class TaggerTraining(TaggerTrainingConfig):
    """Settings of the training on labelled sentences (CoLaDa, 4.1: 3 epochs, learning rate 5e-5)."""


@step(TAGGER)
def train_tagger(
    job: Job, data: LabelledOrTranslation, start: EncoderOrTagger, config: TaggerTraining, windows: WindowConfig
) -> None:
    """Trains a tagger on labelled sentences, from an encoder or on from another tagger."""
    learn_labels(job, LINEAR, data, start, config, windows)


def learn_labels(
    job: Job,
    head: Head,
    data: LabelledOrTranslation,
    start: EncoderOrTagger,
    config: TaggerTraining,
    windows: WindowConfig,
) -> None:
    """The step for any head: each has a step of its own, so that another head's code is not in its key."""
    labels = job.metadata(data)["labels"]
    table = job.table(data, columns=["words", "tags"])
    model, tokenizer = start_tagger(job, start, labels, data.kind, config, windows, head)
    cut = make_windows(tokenizer, table["words"].to_pylist(), windows.max_length_subwords, windows.overlap_subwords)
    targets = {"hard": flat_label_ids(table["tags"], labels, data.kind)}

    def losses(model: Any, batch: Batch) -> torch.Tensor:
        return head.losses(model, head.outputs(model, batch), batch)

    train_and_save(job, model, tokenizer, labels, word_objective(cut, targets, losses, config), config, "training")
