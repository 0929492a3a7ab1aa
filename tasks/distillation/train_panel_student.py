"""A student of words: trained on raw text with soft labels (of a panel, of GLoDe), and labelled sentences beside it."""

from typing import Any, Self

import numpy as np
import torch
from pydantic import Field, model_validator

from artifacts.catalog import TAGGER, LabelledOrTranslation, ReliabilityScores, SoftLabels
from artifacts.errors import InputError
from artifacts.step import Job, step
from tasks.distillation.hidden_text import hidden_text
from tasks.distillation.losses import weighted_distillation_loss
from tasks.distillation.masked_objective import with_masked_text
from tasks.distillation.teaching import read_teaching
from tasks.tagging.fitting import TaggerTrainingConfig, word_objective
from tasks.tagging.heads import LINEAR, Batch, word_logits
from tasks.tagging.training_shell import EncoderOrTagger, start_tagger, train_and_save
from tasks.tagging.windows import WindowConfig, make_windows
from tasks.words.agreement import check_same_labels
from tasks.words.columns import flat_label_ids


class PanelStudentTraining(TaggerTrainingConfig):
    """Settings of the student's training."""

    learning_rate: float = Field(
        1e-4, gt=0, le=1, title="Learning rate", description="Peak learning rate of AdamW, per update."
    )
    labelled_weight: float = Field(
        0.0,
        ge=0,
        le=1000,
        title="Labelled sentences",
        description="Weight of the labelled corpus and its translation, which are learnt beside the raw text; that of "
        "the raw text is 1; 0 leaves them out.",
    )
    mlm_weight: float = Field(
        0.0,
        ge=0,
        title="MLM weight ω",
        description="Factor of masked language modelling on the raw text (GLoDe, Eq. 2-3), for which each pass reads "
        "its sentences twice; 0 leaves it out.",
    )
    mask_rate: float = Field(
        0.25, gt=0, lt=1, title="Mask rate r_m", description="Share of its sub-words that are hidden for that, 0 to 1."
    )

    @model_validator(mode="after")
    def _keeps_epochs_of_a_tagger_alone(self) -> Self:
        if self.keep_epochs and self.mlm_weight > 0:
            raise ValueError(
                f"keep_epochs is set and mlm_weight is {self.mlm_weight}, whose head shares the encoder's embeddings: "
                "such epochs are not kept; leave one of both out"
            )
        return self

    @property
    def as_read(self) -> Self:
        """The same training, with the default rate of masks where nothing is hidden."""
        return self.where_read({"mask_rate": self.mlm_weight > 0})


@step(TAGGER)
def train_panel_student(
    job: Job,
    start: EncoderOrTagger,
    joint: SoftLabels,
    reliability: ReliabilityScores | None,
    labelled: LabelledOrTranslation | None,
    config: PanelStudentTraining,
    windows: WindowConfig,
) -> None:
    """Trains a tagger: w CE(p_hat, q) + omega L_mlm.

    Of raw text q are joint soft labels and w is their reliability; of labelled sentences labels and labelled_weight.
    L_mlm is of the raw text, by the head of the encoder that it starts from.

    Raises:
        InputError: if there is to be an L_mlm, and it starts from a tagger, which has no such head.
    """
    if config.mlm_weight > 0 and start.kind == TAGGER.name:
        raise InputError(
            f"panel: mlm_weight is {config.mlm_weight}, and {start} is a tagger, which has no head for hidden text; "
            "expected an encoder, or 0"
        )
    teaching = read_teaching(job, joint, reliability)
    words = job.table(joint, columns=["words"])["words"].to_pylist()
    target, weight = teaching.probabilities, teaching.weights
    if labelled is not None:
        check_same_labels(teaching.labels, job.metadata(labelled)["labels"], "joint labels", labelled.kind)
        table = job.table(labelled, columns=["words", "tags"])
        ids = flat_label_ids(table["tags"], teaching.labels, labelled.kind)
        words += table["words"].to_pylist()
        target = np.concatenate([target, np.eye(len(teaching.labels), dtype=np.float32)[ids]])
        weight = np.concatenate([weight, np.full(len(ids), config.labelled_weight, dtype=np.float32)])
    model, tokenizer = start_tagger(job, start, teaching.labels, "joint labels", config, windows)
    cut = make_windows(tokenizer, words, windows.max_length_subwords, windows.overlap_subwords)

    def losses(model: Any, batch: Batch) -> torch.Tensor:
        return weighted_distillation_loss(word_logits(LINEAR, model, batch), batch["target"], batch["weight"])

    objective = word_objective(cut, {"target": target, "weight": weight}, losses, config)
    if config.mlm_weight > 0:
        text, raw = hidden_text(job, model, tokenizer, start, cut), cut.sentences < len(teaching.sentences.ids)
        objective = with_masked_text(objective, text, raw, config.mlm_weight, config.mask_rate, config.loss_mean)
    train_and_save(job, model, tokenizer, teaching.labels, objective, config, "training on unlabelled text")
