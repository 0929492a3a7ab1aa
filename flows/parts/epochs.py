"""Which epoch's tagger goes on: the last, or the best by gold labels of a development set."""

from dataclasses import dataclass, field
from typing import TypeVar

from artifacts.dropping import drop_models
from artifacts.reference import Reference
from artifacts.runs import Cell, Form
from artifacts.store import Store
from flows.parts.corpora import ScoredText
from flows.parts.summary import Listing
from tasks.evaluation.choose_epoch import choose_epoch, score_epochs
from tasks.tagging.decoding import Decoding
from tasks.tagging.fitting import TaggerTrainingConfig
from tasks.tagging.inference import Inference
from tasks.tagging.windows import WindowConfig

Training = TypeVar("Training", bound=TaggerTrainingConfig)
_COLUMNS: dict[str, Form] = {"epoch": "count", "of": "count", "F1": "percent", "by epoch": "text"}


@dataclass
class Epochs:
    """Chooses among the epochs of trainings, if there is a dev set to choose by, and tells what was chosen.

    dev is a development corpus: the source's (ConNER), or the target's, whose gold labels the summary then names; those
    of several target languages are judged by the mean of their F1 (CROP). None keeps the last epoch.
    """

    dev: ScoredText | tuple[ScoredText, ...] | None
    windows: WindowConfig
    decoding: Decoding
    inference: Inference
    choices: dict[str, Reference] = field(default_factory=dict)

    def kept(self, training: Training) -> Training:
        """The settings of a training whose epochs are to be chosen from."""
        return training if self.dev is None else training.model_copy(update={"keep_epochs": True})

    def chosen(self, name: str, tagger: Reference) -> Reference:
        """The tagger that goes on."""
        if self.dev is None:
            return tagger
        texts = self.dev if isinstance(self.dev, tuple) else (self.dev,)
        scores = score_epochs(
            tagger,
            tuple(each.name for each in texts),
            tuple(each.sentences for each in texts),
            tuple(each.gold for each in texts),
            self.windows,
            self.decoding,
            self.inference,
        )
        self.choices[name] = choose_epoch(tagger, scores)
        drop_models(tagger)
        return self.choices[name]

    @property
    def listings(self) -> tuple[Listing, ...]:
        """What was chosen, for the summary; it names whose gold labels."""
        if not self.choices:
            return ()
        assert self.dev is not None
        if isinstance(self.dev, tuple):
            title = "epochs chosen on the target languages' dev sets, by their gold labels; mean F1 there in %"
        else:
            language = self.dev.name.removesuffix(" dev")
            title = f"epochs chosen on the {language}'s dev set, by its gold labels; F1 there in %"
        return (Listing(title, "model", _COLUMNS, self.choices, _cells),)


def _cells(store: Store, reference: Reference) -> list[Cell]:
    notes = store.require(reference).notes
    f1 = notes["f1"]
    return [notes["epoch"], len(f1), f1[notes["epoch"] - 1], " ".join(f"{100 * each:.1f}" for each in f1)]
