"""What every training can be told."""

from typing import Any, Literal, Self

from pydantic import Field, model_validator

from artifacts.settings import Settings
from tasks.training.precision import Precision


class TrainingConfig(Settings):
    """Settings of one training; stages that need more subclass it."""

    epochs: int = Field(3, ge=1, le=1000, title="Epochs", description="Passes over the data.")
    learning_rate: float = Field(
        5e-5, gt=0, le=1, title="Learning rate", description="Peak learning rate of AdamW, per update."
    )
    head_rate: float = Field(
        1.0,
        gt=0,
        le=1000,
        title="Head's rate",
        description="Learning rate of a new head, as a multiple of learning_rate; the head of a tagger that is trained "
        "further has no rate of its own. Papers: 1. With few updates a new head stays behind the encoder: 25 was "
        "better for e5-small with 564 updates (docs/results.md).",
    )
    subwords_per_batch: int = Field(
        2048,
        ge=16,
        title="Sub-words per batch",
        description="Sub-words of one forward pass, padding included; a longer sentence is a pass of its own. "
        "A pass is an update, unless sentences_per_batch says otherwise.",
    )
    sentences_per_batch: int | None = Field(
        None,
        ge=1,
        title="Sentences per batch",
        description="Sentences of one update, of similar length; it may take several passes. Empty: as many as there "
        "is room for in subwords_per_batch.",
    )
    passes_per_update: int = Field(
        1,
        ge=1,
        title="Passes per update",
        description="Passes whose gradients make one update, where sentences_per_batch is empty (published CROP: 8, "
        "its translator).",
    )
    warmup_fraction: float | None = Field(
        0.1,
        ge=0,
        le=1,
        title="Warmup",
        description="Share of all updates in which the rate rises linearly, 0 to 1; empty if warmup_updates is given.",
    )
    warmup_updates: int | None = Field(
        None,
        ge=0,
        title="Warmup updates",
        description="Updates in which the rate rises linearly, instead of a share of all; empty if warmup_fraction is "
        "given.",
    )
    weight_decay: float = Field(
        0.01,
        ge=0,
        le=1,
        title="Weight decay",
        description="AdamW's decay of matrices; biases and norms have none.",
    )
    adam_beta1: float = Field(
        0.9, ge=0, lt=1, title="Adam's beta 1", description="Decay of AdamW's mean of the gradient, per update."
    )
    adam_beta2: float = Field(
        0.999, ge=0, lt=1, title="Adam's beta 2", description="Decay of AdamW's mean of the squared gradient."
    )
    clip_norm: float = Field(
        1.0, ge=0, title="Gradient clipping", description="Largest L2 norm of the gradient; 0 does not clip."
    )
    clip_separately: bool = Field(
        False,
        title="Clip separately",
        description="Clip the gradients of encoder and head each by a norm of its own (CoLaDa's published code), not "
        "by the norm of both.",
    )
    frozen_layers: int = Field(
        0,
        ge=0,
        title="Frozen layers",
        description="0 trains everything; n > 0 keeps the embeddings and the n bottom layers as they are.",
    )
    dropout: float = Field(0.1, ge=0, lt=1, title="Dropout", description="Probability of dropping a unit, 0 to 1.")
    precision: Precision = Field(
        "float32",
        title="Precision",
        description="Number format of matrix products; weights and optimizer stay in float32. bf16 is faster on GPUs "
        "from Ampere on, and on CPUs that have it; bf16_or_float32 is float32 on others.",
    )
    schedule: Literal["linear", "constant", "inverse_sqrt"] = Field(
        "linear",
        title="Schedule",
        description="After the warmup the rate falls linearly to 0, or stays, or falls as one over the square root of "
        "the update's number (inverse_sqrt).",
    )
    seed: int = Field(
        0,
        ge=0,
        lt=2**32,
        title="Seed",
        description="Decides the order of batches, the dropout and the masks.",
    )

    @model_validator(mode="before")
    @classmethod
    def _updates_replace_the_default_share(cls, values: Any) -> Any:
        if isinstance(values, dict) and values.get("warmup_updates") is not None and "warmup_fraction" not in values:
            return {**values, "warmup_fraction": None}
        return values

    @model_validator(mode="after")
    def _one_warmup(self) -> Self:
        if (self.warmup_fraction is None) == (self.warmup_updates is None):
            raise ValueError(
                f"warmup_fraction is {self.warmup_fraction} and warmup_updates {self.warmup_updates}; expected one of "
                "them: leave the other out, or empty"
            )
        return self

    @model_validator(mode="after")
    def _one_size_of_update(self) -> Self:
        if self.passes_per_update > 1 and self.sentences_per_batch is not None:
            raise ValueError(
                f"passes_per_update is {self.passes_per_update} and sentences_per_batch {self.sentences_per_batch}; "
                "both say what an update is; leave one out, or empty"
            )
        return self

    def seeded(self, seed: int) -> Self:
        """The same settings with the seed of a run added to their own."""
        return self.model_copy(update={"seed": self.seed + seed})
