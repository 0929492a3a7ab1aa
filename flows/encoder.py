"""Which encoder a run starts from: configuration and step."""

from pathlib import Path

from pydantic import Field

from artifacts.inputs import HubModel, InputFolder
from artifacts.reference import Reference
from artifacts.runtime import Runtime, stage
from artifacts.settings import Settings
from flows.corpora import Corpora
from tasks.encoding.load import import_encoder
from tasks.encoding.pretrain import Pretraining, pretrain_encoder


class EncoderChoice(Settings):
    """A pretrained encoder, or how to pretrain a small one."""

    checkpoint: str = Field(
        "",
        title="Checkpoint",
        description="A folder, or a name on the hub such as bert-base-multilingual-cased; empty: pretrain one.",
    )
    revision: str = Field("main", title="Revision", description="Branch, tag or commit of a hub name.")
    pretraining: Pretraining = Field(
        Pretraining(), title="Pretraining", description="Of a small encoder, on the run's own text."
    )


def checkpoint_folder(choice: EncoderChoice, runtime: Runtime) -> Path | None:
    """The folder that a choice names, or None if it names the hub or nothing.

    What looks like a path (it begins with . or / or ~, or exists in the data folder) is a folder.
    """
    if not choice.checkpoint:
        return None
    place = Path(runtime.data).expanduser() / Path(choice.checkpoint).expanduser()
    looks_like_path = choice.checkpoint.startswith((".", "/", "~")) or choice.checkpoint.count("/") > 1
    return place.absolute() if looks_like_path or place.exists() else None


def take_encoder(choice: EncoderChoice, corpora: Corpora, seed: int, runtime: Runtime) -> Reference:
    """The encoder that all taggers of a run start from."""
    if not choice.checkpoint:
        with stage("pretrained"):
            return pretrain_encoder((corpora.train, corpora.target), corpora.parallel, choice.pretraining.seeded(seed))
    folder = checkpoint_folder(choice, runtime)
    with stage(choice.checkpoint.rpartition("/")[2]):
        if folder is not None:
            return import_encoder(InputFolder(path=str(folder)))
        return import_encoder(HubModel.resolve(choice.checkpoint, choice.revision))
