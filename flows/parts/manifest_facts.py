"""What the manifests of a run's artifacts tell beside their content: how trainings went, why sentences were dropped."""

from collections.abc import Iterator
from dataclasses import dataclass

from artifacts.manifest import Manifest
from artifacts.reference import Reference
from artifacts.runs import RunRecord, StepTaken
from artifacts.store import Store

_MODELS = ("tagger", "encoder", "translator")
# Where a kind that drops says how much it kept; a marked translation has it in its notes.
KEPT = {"projection": "kept", "aligned_translation": "kept", "marked_translation": "kept", "conjugate_pairs": "pairs"}


@dataclass(frozen=True)
class Training:
    """How a model was trained.

    Attributes:
        step: that trained it.
        name: for what; its step's, if it has no other.
        reference: the model.
        losses: by epoch, mean of its updates; empty where an epoch was chosen and nothing trained.
        f1: on the dev set by epoch, [0, 1]; empty where nothing was chosen by it.
    """

    step: str
    name: str
    reference: Reference
    losses: tuple[float, ...]
    f1: tuple[float, ...]


@dataclass(frozen=True)
class Dropped:
    """What a step kept and dropped: sentences, or conjugate pairs.

    Attributes:
        name: for what.
        reference: what it made.
        kept: how many.
        reasons: of the others, how many by reason.
    """

    name: str
    reference: Reference
    kept: int
    reasons: dict[str, int]

    @property
    def total(self) -> int:
        """Kept and dropped."""
        return self.kept + sum(self.reasons.values())


def trainings_of(store: Store, record: RunRecord) -> list[Training]:
    """The trainings of a run in the order of its steps, each once, cached ones too.

    Raises:
        StoreError: if a model is gone.
    """
    return [
        Training(
            step=taken.step,
            name=taken.stage or taken.step,
            reference=taken.reference,
            losses=tuple(manifest.notes.get("losses", ())),
            f1=tuple(manifest.notes.get("f1", ())),
        )
        for taken, manifest in _described(store, record, _MODELS)
        if "losses" in manifest.notes or "f1" in manifest.notes
    ]


def dropped_of(store: Store, record: RunRecord) -> list[Dropped]:
    """What steps of a run that read or carried labels through translation dropped; raises as `trainings_of` does."""
    return [
        Dropped(
            name=taken.stage or taken.step,
            reference=taken.reference,
            kept={**manifest.notes, **manifest.metadata}[KEPT[taken.reference.kind]],
            reasons=manifest.metadata["dropped"],
        )
        for taken, manifest in _described(store, record, tuple(KEPT))
    ]


def _described(store: Store, record: RunRecord, kinds: tuple[str, ...]) -> Iterator[tuple[StepTaken, Manifest]]:
    taken = {step.reference: step for step in record.steps if step.reference.kind in kinds}
    for reference, step in taken.items():
        yield step, store.describe(reference)
