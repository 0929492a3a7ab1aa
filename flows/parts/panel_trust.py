"""How far a panel's teachers are trusted: calibration on the source dev set."""

from dataclasses import dataclass, field
from typing import Literal

from artifacts.reference import Reference
from artifacts.runs import Cell, Form
from artifacts.runtime import stage
from artifacts.store import Store
from flows.parts.corpora import Corpora
from flows.parts.ensemble import Ensemble, Ensembling
from flows.parts.summary import Listing
from tasks.denoising.panel.calibrate_teacher import calibrate_teacher
from tasks.denoising.panel.temper_labels import temper_labels

Calibration = Literal["none", "temperature"]

_CALIBRATION: dict[str, Form] = {
    "temperature": "two decimals",
    "right": "percent",
    "calibration error": "percent",
    "at that temperature": "percent",
}


@dataclass
class Trust:
    """What is known of teachers and their labels without gold labels of the target, and is measured on the way."""

    calibration: Calibration
    corpora: Corpora
    taggers: Ensembling
    _calibrations: dict[str, Reference] = field(default_factory=dict)

    def calibrated(self, said: Reference, teacher: Ensemble | None) -> Reference:
        """What a teacher said, as sure as it is right on the source dev set; of one that is not trained, as it is."""
        if self.calibration == "none" or teacher is None:
            return said
        with stage(f"{teacher.name}, calibration"):
            dev = self.corpora.dev
            found = self._calibrations[teacher.name] = calibrate_teacher(self.taggers.label(teacher, dev), dev)
            return temper_labels(said, found)

    @property
    def listings(self) -> tuple[Listing, ...]:
        """How sure teachers are and how right on the source dev set; nothing if that was not looked at."""
        if not self._calibrations:
            return ()
        title = "calibration on source dev, of all words, in %"
        return (Listing(title, "teacher", _CALIBRATION, self._calibrations, _calibration_cells),)


def _calibration_cells(store: Store, reference: Reference) -> list[Cell]:
    row = store.table(reference).to_pylist()[0]
    return [row[name] for name in ("temperature", "accuracy", "ece", "ece_calibrated")]
