"""Which translator a run uses: configuration and steps."""

from pathlib import Path

from pydantic import Field

from artifacts.inputs import HubModel, InputFolder
from artifacts.reference import Reference
from artifacts.runtime import Runtime, stage
from artifacts.settings import Settings
from flows.parts.checkpoints import checkpoint_folder
from tasks.translation.machine.train_translator import TranslatorTraining, train_translator
from tasks.translation.machine.translator import import_translator


class TranslatorChoice(Settings):
    """A pretrained translator, or how to train a small one; with both, the pretrained one is trained further."""

    checkpoint: str = Field(
        "",
        title="Checkpoint",
        description="A folder, or a name on the hub such as facebook/m2m100_418M; empty: train a small M2M100 on the "
        "parallel text.",
    )
    revision: str = Field("main", title="Revision", description="Branch, tag or commit of a hub name.")
    fine_tune: bool = Field(
        False, title="Fine-tune", description="Train the checkpoint further on the parallel text, with markers."
    )
    training: TranslatorTraining = Field(
        TranslatorTraining(), title="Training", description="Of a small translator, or of the checkpoint."
    )

    @property
    def trains(self) -> bool:
        """Whether parallel text is needed."""
        return self.fine_tune or not self.checkpoint


def take_translator(
    choice: TranslatorChoice, pairs: tuple[Reference, ...], seed: int, runtime: Runtime, name: str = "translator"
) -> Reference:
    """The translator of a run.

    Args:
        choice: which.
        pairs: marked pairs to train on; not looked at if nothing is trained.
        seed: of the run.
        runtime: where folders are looked for.
        name: of the one that is trained, in tables.
    """
    start = None
    if choice.checkpoint:
        folder = checkpoint_folder(choice.checkpoint, runtime)
        with stage(Path(choice.checkpoint).name):
            start = import_translator(
                HubModel.resolve(choice.checkpoint, choice.revision)
                if folder is None
                else InputFolder(path=str(folder))
            )
        if not choice.fine_tune:
            return start
    with stage(name):
        return train_translator(pairs, start, choice.training.seeded(seed))
