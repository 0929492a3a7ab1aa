"""Train a tagger on labelled sentences: M_src on the source, M_trans^0 on its translation."""

from collections.abc import Mapping
from typing import Annotated

import torch
from torch.nn.functional import cross_entropy

from artifacts.catalog import ENCODER, TAGGER, LabelledOrTranslation
from artifacts.reference import Reference
from artifacts.step import Job, step
from tasks.tagging.fitting import TaggerTrainingConfig, fit_words, updates_planned
from tasks.tagging.tagger import check_window_fits, load_tagger, new_tagger, save_tagger, tagger_labels
from tasks.tagging.windows import WindowConfig, make_windows
from tasks.training.loop import Checkpoints
from tasks.words.agreement import check_same_labels
from tasks.words.columns import flat_label_ids

EncoderOrTagger = Annotated[Reference, ENCODER, TAGGER]


class TaggerTraining(TaggerTrainingConfig):
    """Settings of the training on labelled sentences (CoLaDa, 4.1: 3 epochs, learning rate 5e-5)."""


def hard_losses(logits: torch.Tensor, batch: Mapping[str, torch.Tensor]) -> torch.Tensor:
    """Cross-entropy of every word with its label (the summand of UniTrans, Eq. 8).

    Args:
        logits: [n, C].
        batch: with `hard`, [n] int label ids.

    Returns:
        [n] losses in nats.
    """
    return cross_entropy(logits, batch["hard"], reduction="none")


@step(TAGGER)
def train_tagger(
    job: Job, data: LabelledOrTranslation, start: EncoderOrTagger, config: TaggerTraining, windows: WindowConfig
) -> None:
    """Trains a tagger on labelled sentences, from an encoder or on from another tagger."""
    labels = job.metadata(data)["labels"]
    table = job.table(data, columns=["words", "tags"])
    if start.kind == ENCODER.name:
        model, tokenizer = new_tagger(job.folder(start), labels, config.dropout, config.seed)
    else:
        model, tokenizer = load_tagger(job.folder(start), config.dropout)
        check_same_labels(tagger_labels(model), labels, "the tagger to start from", data.kind)
    check_window_fits(model, windows.max_length_subwords)
    cut = make_windows(tokenizer, table["words"].to_pylist(), windows.max_length_subwords, windows.overlap_subwords)
    targets = {"hard": flat_label_ids(table["tags"], labels, data.kind)}
    checkpoints = Checkpoints(job.work_folder, job.checkpoint_minutes)
    with job.progress("training", updates_planned(cut, config), "updates") as advance:
        history = fit_words(
            model, cut, targets, hard_losses, config, device=job.device, checkpoints=checkpoints, progress=advance
        )
    save_tagger(model, tokenizer, job.output_folder)
    job.describe({"labels": labels})
    job.note(losses=history.losses, updates=history.updates, subwords=history.subwords)
