"""CoLaDa, step 2: train M_tgt on unlabelled target text with M_trans' labels, weighted by their reliability."""

from typing import Any, Literal

import numpy as np
import torch
from pydantic import Field

from artifacts.catalog import TAGGER, ReliabilityScores, SoftLabels
from artifacts.step import Job, step
from tasks.distillation.losses import weighted_distillation_loss
from tasks.distillation.teaching import Teaching, read_teaching
from tasks.tagging.decoding import Decoding, decode_words
from tasks.tagging.fitting import TaggerTrainingConfig, word_objective
from tasks.tagging.heads import LINEAR, Batch, word_logits
from tasks.tagging.training_shell import EncoderOrTagger, start_tagger, train_and_save
from tasks.tagging.windows import WindowConfig, make_windows


class StudentTraining(TaggerTrainingConfig):
    """Settings of the training on unlabelled text (CoLaDa, 4.1)."""

    epochs: int = Field(10, ge=1, le=1000, title="Epochs", description="Passes over the unlabelled text.")
    learning_rate: float = Field(
        2e-5, gt=0, le=1, title="Learning rate", description="Peak learning rate of AdamW, per update."
    )
    start: Literal["encoder", "collaborator", "previous"] = Field(
        "encoder",
        title="Start",
        description="Begin from the pretrained encoder (the published code), from M_trans, or from the student of an "
        "earlier run (previous).",
    )
    targets: Literal["soft", "viterbi"] = Field(
        "soft",
        title="Targets",
        description="soft: the teacher's probabilities (Eq. 6); viterbi: its decoded labels (the published code).",
    )


def student_targets(teaching: Teaching, targets: Literal["soft", "viterbi"]) -> np.ndarray:
    """[N, C] float32 what the student learns: probabilities, or one-hot rows of the decoded labels."""
    if targets == "soft":
        return teaching.probabilities
    decoded = decode_words(teaching.probabilities, teaching.sentences.word_counts, teaching.labels, Decoding())
    return np.eye(len(teaching.labels), dtype=np.float32)[decoded]


def _losses(model: Any, batch: Batch) -> torch.Tensor:
    return weighted_distillation_loss(word_logits(LINEAR, model, batch), batch["target"], batch["weight"])


@step(TAGGER)
def train_student(
    job: Job,
    start: EncoderOrTagger,
    soft_labels: SoftLabels,
    reliability: ReliabilityScores | None,
    config: StudentTraining,
    windows: WindowConfig,
) -> None:
    """Trains M_tgt on target text that M_trans has labelled."""
    teaching = read_teaching(job, soft_labels, reliability)
    model, tokenizer = start_tagger(job, start, teaching.labels, "soft labels", config, windows)
    words = job.table(soft_labels, columns=["words"])["words"].to_pylist()
    cut = make_windows(tokenizer, words, windows.max_length_subwords, windows.overlap_subwords)
    targets = {"target": student_targets(teaching, config.targets), "weight": teaching.weights}
    objective = word_objective(cut, targets, _losses, config)
    train_and_save(job, model, tokenizer, teaching.labels, objective, config, "training on unlabelled text")
