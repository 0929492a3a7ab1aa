"""How a tagger is run when it does not learn."""

from pydantic import Field

from artifacts.settings import Settings
from tasks.training.precision import Precision


class Inference(Settings):
    """Settings of labelling, prediction and representation."""

    precision: Precision = Field(
        "float32",
        title="Precision",
        description="Number format of matrix products when taggers label, predict or represent words; bf16 takes half "
        "the time or less where the device has it, and changes probabilities in their third digit.",
    )


FLOAT32 = Inference()
