"""UniTrans' student: trained on unlabelled target text with soft labels and with labels three taggers agree on."""

from typing import Any, Literal

import numpy as np
import torch
from pydantic import Field, model_validator

from artifacts.catalog import TAGGER, Encoder, SoftLabels, Votes
from artifacts.errors import InputError
from artifacts.step import Job, step
from tasks.denoising.voting import voted_ids
from tasks.distillation.teaching import Teaching, read_teaching
from tasks.distillation.voted_losses import voted_distillation_loss
from tasks.tagging.fitting import TaggerTrainingConfig, word_objective
from tasks.tagging.heads import LINEAR, Batch, word_logits
from tasks.tagging.training_shell import start_tagger, train_and_save
from tasks.tagging.windows import WindowConfig, make_windows
from tasks.words.agreement import check_same_labels, check_same_sentences, which_sentences
from tasks.words.hard_labels import NO_LABEL


class VotedStudentTraining(TaggerTrainingConfig):
    """Settings of the student's training (UniTrans, 4.1: 3 epochs, learning rate 1e-4)."""

    learning_rate: float = Field(
        1e-4, gt=0, le=1, title="Learning rate", description="Peak learning rate of AdamW, per update."
    )
    soft_weight: float = Field(
        1.0, ge=0, le=1000, title="Soft labels", description="Factor of L_soft (Eq. 9); 0 leaves it out. Paper: 1."
    )
    hard_weight: float = Field(
        1.0, ge=0, le=1000, title="Hard labels η", description="Factor of L_hard (Eq. 12); 0 leaves it out. Paper: 1."
    )
    hard_mean: Literal["all", "agreed"] = Field(
        "all",
        title="Mean of the hard loss",
        description="all: over all words (Eq. 12); agreed: over those with a label (the published code; needs the "
        "mean `word`).",
    )

    @model_validator(mode="after")
    def _something_is_learnt(self) -> "VotedStudentTraining":
        if self.soft_weight == 0 and self.hard_weight == 0:
            raise ValueError("soft_weight and hard_weight are both 0: nothing is left to learn; set one above 0")
        if self.hard_mean == "agreed" and self.loss_mean != "word":
            raise ValueError("hard_mean agreed counts words, as loss_mean word does; set both")
        return self


@step(TAGGER)
def train_voted_student(
    job: Job,
    encoder: Encoder,
    soft_labels: SoftLabels,
    votes: Votes | None,
    config: VotedStudentTraining,
    windows: WindowConfig,
) -> None:
    """Trains Theta_stu on target text: L_soft + eta L_hard (Eq. 13); without votes L_soft alone."""
    teaching = read_teaching(job, soft_labels, None)
    targets = {"soft": teaching.probabilities, "votes": _votes(job, votes, teaching)}
    if config.soft_weight == 0 and (targets["votes"] == NO_LABEL).all():
        raise InputError(
            "student: without soft labels there is nothing to learn, as the taggers agree on no word; "
            "set student.soft_weight above 0, or choose another ablation"
        )
    model, tokenizer = start_tagger(job, encoder, teaching.labels, "soft labels", config, windows)
    words = job.table(soft_labels, columns=["words"])["words"].to_pylist()
    cut = make_windows(tokenizer, words, windows.max_length_subwords, windows.overlap_subwords)

    agreed = int(np.count_nonzero(targets["votes"] != NO_LABEL))
    scale = len(targets["votes"]) / max(agreed, 1) if config.hard_mean == "agreed" else 1.0

    def losses(model: Any, batch: Batch) -> torch.Tensor:
        logits = word_logits(LINEAR, model, batch)
        return voted_distillation_loss(
            logits, batch["soft"], batch["votes"], config.soft_weight, config.hard_weight, scale
        )

    objective = word_objective(cut, targets, losses, config)
    train_and_save(job, model, tokenizer, teaching.labels, objective, config, "training on unlabelled text")


def _votes(job: Job, votes: Votes | None, teaching: Teaching) -> np.ndarray:
    """[N] int64 the agreed label ids; no label anywhere where there was no vote.

    Raises:
        InputError: if votes and soft labels are about different labels or sentences.
    """
    if votes is None:
        return np.full(int(teaching.sentences.word_counts.sum()), NO_LABEL, dtype=np.int64)
    check_same_labels(teaching.labels, job.metadata(votes)["labels"], "soft labels", "votes")
    table = job.table(votes, columns=["sentence_id", "votes"])
    check_same_sentences(teaching.sentences, which_sentences(table, "votes"), "soft labels and votes")
    return voted_ids(table, teaching.labels)
