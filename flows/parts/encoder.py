"""Which encoder a run starts from: configuration and step."""

from pydantic import Field, field_validator

from artifacts.inputs import HubModel, InputFolder
from artifacts.reference import Reference
from artifacts.runtime import Runtime, stage
from artifacts.settings import Settings
from flows.parts.checkpoints import checkpoint_folder
from flows.parts.corpora import Corpora
from tasks.encoding.load import import_encoder
from tasks.encoding.pretrain import Pretraining, pretrain_encoder

BUNDLED_ENCODER = "bundled:encoder"
_PRETRAIN = "pretrain"


class EncoderChoice(Settings):
    """A pretrained encoder, or how to pretrain a small one."""

    checkpoint: str = Field(
        BUNDLED_ENCODER,
        title="Checkpoint",
        description="A folder; or a name on the hub such as bert-base-multilingual-cased; or pretrain: a small one, on "
        "the run's own text; or bundled:encoder: the small one that comes with Crosstag, for the bundled corpora.",
    )
    revision: str = Field("main", title="Revision", description="Branch, tag or commit of a hub name.")
    pretraining: Pretraining = Field(
        Pretraining(),
        title="Pretraining",
        description="Of a small encoder, on the run's own text; only where checkpoint is pretrain.",
    )

    @field_validator("checkpoint")
    @classmethod
    def _names_something(cls, checkpoint: str) -> str:
        if not checkpoint:
            raise ValueError("it is empty; name a checkpoint, or write pretrain to make one from the run's own text")
        return checkpoint

    @property
    def pretrains(self) -> bool:
        """Whether an encoder is made in the run itself."""
        return self.checkpoint == _PRETRAIN


def take_encoder(choice: EncoderChoice, corpora: Corpora, seed: int, runtime: Runtime) -> Reference:
    """The encoder that all taggers of a run start from."""
    return encoder_for(choice, (corpora.train, corpora.target), corpora.parallel, seed, runtime)


def encoder_for(
    choice: EncoderChoice,
    texts: tuple[Reference, ...],
    parallel: tuple[Reference, ...],
    seed: int,
    runtime: Runtime,
) -> Reference:
    """A pretrained encoder, or one that is pretrained on these texts, source language first, and parallel texts."""
    if choice.pretrains:
        with stage("pretrained"):
            return pretrain_encoder(texts, parallel, choice.pretraining.seeded(seed))
    folder = checkpoint_folder(choice.checkpoint, runtime)
    with stage(choice.checkpoint.rpartition("/")[2]):
        if folder is not None:
            return import_encoder(InputFolder(path=str(folder)))
        return import_encoder(HubModel.resolve(choice.checkpoint, choice.revision))
