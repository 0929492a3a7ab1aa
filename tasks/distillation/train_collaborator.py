"""CoLaDa, step 1: noise-robust training of M_trans on the translation, from and with M_tgt."""

from typing import Any

import torch
from pydantic import Field

from artifacts.catalog import TAGGER, ReliabilityScores, SoftLabels, Tagger, Translation
from artifacts.settings import Settings
from artifacts.step import Job, step
from tasks.distillation.losses import noise_robust_loss
from tasks.distillation.teaching import read_teaching
from tasks.tagging.fitting import TaggerTrainingConfig, word_objective
from tasks.tagging.heads import LINEAR, Batch, word_logits
from tasks.tagging.training_shell import start_tagger, train_and_save
from tasks.tagging.windows import WindowConfig, make_windows
from tasks.words.agreement import check_same_labels, check_same_sentences, which_sentences
from tasks.words.columns import flat_label_ids


class CollaboratorTraining(TaggerTrainingConfig):
    """Settings of the training on the translation (CoLaDa, 4.1)."""

    epochs: int = Field(10, ge=1, le=1000, title="Epochs", description="Passes over the translation.")
    learning_rate: float = Field(
        2e-5, gt=0, le=1, title="Learning rate", description="Peak learning rate of AdamW, per update."
    )


class CollaborationWeights(Settings):
    """How much the two supervisions of the translation count, by iteration (CoLaDa, 4.1)."""

    beta_soft_first: float = Field(
        0.5, ge=0, le=1, title="Beta 1, first iteration", description="Weight of the collaborator's soft labels."
    )
    beta_hard_first: float = Field(
        0.5, ge=0, le=1, title="Beta 2, first iteration", description="Weight of the translation's own labels."
    )
    beta_soft_later: float = Field(
        0.9, ge=0, le=1, title="Beta 1, later", description="Weight of the collaborator's soft labels afterwards."
    )
    beta_hard_later: float = Field(
        0.1, ge=0, le=1, title="Beta 2, later", description="Weight of the translation's own labels afterwards."
    )

    def at(self, iteration: int) -> tuple[float, float]:
        """beta1 (soft) and beta2 (hard) of an iteration, counted from 1."""
        if iteration == 1:
            return self.beta_soft_first, self.beta_hard_first
        return self.beta_soft_later, self.beta_hard_later


@step(TAGGER)
def train_collaborator(
    job: Job,
    tagger: Tagger,
    translation: Translation,
    soft_labels: SoftLabels,
    reliability: ReliabilityScores | None,
    beta_soft: float,
    beta_hard: float,
    config: CollaboratorTraining,
    windows: WindowConfig,
) -> None:
    """Trains M_trans on the translation, its labels corrected by M_tgt's; starts from M_tgt (CoLaDa, footnote 3)."""
    teaching = read_teaching(job, soft_labels, reliability)
    labels = job.metadata(translation)["labels"]
    table = job.table(translation, columns=["sentence_id", "words", "tags"])
    model, tokenizer = start_tagger(job, tagger, labels, "translation", config, windows)
    check_same_labels(labels, teaching.labels, "translation", "soft labels")
    check_same_sentences(which_sentences(table, "words"), teaching.sentences, "translation and soft labels")
    cut = make_windows(tokenizer, table["words"].to_pylist(), windows.max_length_subwords, windows.overlap_subwords)
    targets = {
        "soft": teaching.probabilities,
        "hard": flat_label_ids(table["tags"], labels, "translation"),
        "weight": teaching.weights,
    }

    def losses(model: Any, batch: Batch) -> torch.Tensor:
        logits = word_logits(LINEAR, model, batch)
        return noise_robust_loss(logits, batch["soft"], batch["hard"], batch["weight"], beta_soft, beta_hard)

    objective = word_objective(cut, targets, losses, config)
    train_and_save(job, model, tokenizer, labels, objective, config, "training on the translation")
