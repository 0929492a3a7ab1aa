"""Settings of trainings of span taggers."""

from typing import Self

from pydantic import Field, model_validator

from tasks.tagging.fitting import LossMean, TaggerTrainingConfig


class SpanTraining(TaggerTrainingConfig):
    """Settings of GLoDe's trainings (4.1)."""

    epochs: int = Field(8, ge=1, le=1000, title="Epochs", description="Passes over the larger corpus. Paper: 8; zh: 6.")
    learning_rate: float = Field(
        1e-5, gt=0, le=1, title="Learning rate", description="Peak learning rate of AdamW, per update."
    )
    frozen_layers: int = Field(
        0,
        ge=0,
        title="Frozen layers",
        description="0 trains everything; n > 0 keeps the embeddings and the n bottom layers as they are.",
    )
    loss_mean: LossMean = Field(
        "sentence",
        title="Mean of the loss",
        description="sentence: every sentence weighs the same (Eq. 1, 2, 4); word: every span, and every hidden "
        "sub-word, of an epoch does (the published code, on average).",
    )
    mask_rate: float = Field(
        0.25, gt=0, lt=1, title="Mask rate r_m", description="Share of target sub-words that are hidden, 0 to 1."
    )
    mlm_weight: float = Field(
        1e-3, ge=0, title="MLM weight ω", description="Factor of L_mlm (Eq. 3, 5); 0 leaves it out. Paper: 1e-5 for es."
    )

    contrastive_weight: float = Field(
        0.0,
        ge=0,
        title="Contrastive weight",
        description="Factor of a supervised contrastive loss of entities of both languages, which Table 4 has in the "
        "place of L_mlm; 0 leaves it out.",
    )
    temperature: float = Field(
        0.1, gt=0, le=100, title="Temperature τ", description="Of the contrastive loss (Khosla et al., 2020)."
    )

    @model_validator(mode="after")
    def _updates_are_of_whole_pairs(self) -> "SpanTraining":
        if self.sentences_per_batch is None:
            raise ValueError(
                "sentences_per_batch is empty; expected a number, as an update has as many sentences of each corpus"
            )
        return self

    @model_validator(mode="after")
    def _keeps_no_epochs(self) -> "SpanTraining":
        if self.keep_epochs:
            raise ValueError("keep_epochs is set, but trainings of span taggers keep the last one alone; leave it out")
        return self

    @property
    def as_read(self) -> Self:
        """The same training, with defaults of what is not read: the rate where nothing is hidden, the temperature."""
        return self.where_read({"mask_rate": self.mlm_weight > 0, "temperature": self.contrastive_weight > 0})
