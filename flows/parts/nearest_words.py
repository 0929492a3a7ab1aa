"""The words that decided how far a pseudo-label is trusted: what they are found with, and in which bank."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from multiprocessing.sharedctypes import Synchronized
from pathlib import Path
from typing import Any

from artifacts.catalog import RELIABILITY
from artifacts.errors import InputError
from artifacts.job import INFERENCE_SUBWORDS
from artifacts.reference import Reference
from artifacts.runtime import Runtime
from artifacts.store import Store
from tasks.denoising.neighbours.bank import Bank
from tasks.denoising.reliability import Reliability

_STEP = "score_reliability"
_TRUSTED = "trust_corrections"
_BANK = "neighbours"


@dataclass(frozen=True)
class Weighed:
    """A reliability table, the soft labels that it weighs, the tagger that found what is near, and the settings.

    Attributes:
        scores: the table.
        soft_labels: of the same sentences in the same order.
        tagger: that represented their words.
        config: of the step.
        parameters: all settings of the step, as its manifest keeps them.
    """

    scores: Reference
    soft_labels: Reference
    tagger: Reference
    config: Reliability
    parameters: dict[str, Any]


def weighed_by(store: Store, reference: Reference) -> Weighed:
    """What a reliability table was made of, as its manifest says; without torch.

    Raises:
        InputError: if it is none, no neighbours made it, or an input is gone.
    """
    recipe = store.describe(reference).recipe
    if recipe.step == _TRUSTED and (before := store.holding(recipe.inputs["reliability"])) is not None:
        return weighed_by(store, before)  # Where people's labels got weight 1, neighbours had said something else.
    if reference.kind != RELIABILITY.name or recipe.step != _STEP:
        raise InputError(f"{reference}: this is {reference.kind}; expected reliability (`crosstag store ls`)")
    config = Reliability.model_validate(recipe.parameters["config"])
    if not config.enabled or not config.neighbours:
        why = "neighbours was 0" if config.enabled else "enabled was false"
        raise InputError(f"{reference}: every word has the same weight, as reliability.{why}; none has neighbours")
    given = {}
    for name in ("tagger", "soft_labels"):
        found = store.holding(recipe.inputs[name])
        if found is None or store.describe(found).dropped:
            gone = f"the files of {found} were dropped" if found else f"{recipe.inputs[name]} is gone"
            raise InputError(
                f"{reference}: {gone}, without which no neighbours are found; name the reliability of another "
                f"iteration, or delete {store.where(reference.kind, reference.key)} and run again without "
                "--keep-taggers last, which makes them anew"
            )
        given[name] = found
    return Weighed(reference, given["soft_labels"], given["tagger"], config, recipe.parameters)


def made_bank(store: Store, weighed: Weighed) -> Bank | None:
    """The bank of its words, if it is made.

    Raises:
        StoreError: if its files are not whole.
    """
    folder = store.derived(_BANK, weighed.scores.key)
    return None if folder is None else Bank.open(folder)


def make_bank_of(store: Store, weighed: Weighed, device: str, progress: Callable[[int], None]) -> Bank:
    """The bank of its words, made if it is not there; with torch, and about as long as the text takes to be labelled.

    Args:
        store: that all of it lies in.
        weighed: whose words.
        device: "cpu" or "cuda".
        progress: called with the number of words after each batch that was represented.

    Raises:
        InputError: if the tagger does not fit the settings.
        StoreError: if an input is damaged, or the disk is full.
    """
    return Bank.open(store.derive(_BANK, weighed.scores.key, partial(_make, store, weighed, device, progress)))


def make_bank_alone(done: "Synchronized[int]", root: str, reference: Reference) -> None:
    """The same, as a process that does only this; `done` counts the words that are represented."""
    store = Store(root)

    def advance(words: int) -> None:
        with done.get_lock():
            done.value += words

    make_bank_of(store, weighed_by(store, reference), Runtime(store=root).resolved_device(), advance)


def _make(store: Store, weighed: Weighed, device: str, progress: Callable[[int], None], folder: Path) -> None:
    from tasks.denoising.make_bank import make_bank  # A page asks for what is made, and never loads torch.
    from tasks.tagging.inference import SENTENCES_AT_A_TIME, Inference
    from tasks.tagging.windows import WindowConfig

    make_bank(
        folder,
        store.batches(weighed.soft_labels, rows=SENTENCES_AT_A_TIME),
        store.metadata(weighed.soft_labels)["labels"],
        store.folder(weighed.tagger),
        weighed.config,
        WindowConfig.model_validate(weighed.parameters["windows"]),
        Inference.model_validate(weighed.parameters["inference"]),
        device,
        INFERENCE_SUBWORDS[device],
        progress,
    )
