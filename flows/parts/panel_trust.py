"""How far a panel is trusted: its teachers, by calibration on source dev; its labels, by their neighbours."""

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
from tasks.denoising.reliability import Reliability
from tasks.denoising.score_reliability import score_reliability
from tasks.evaluation.detection import measure_detection
from tasks.tagging.decoding import Decoding

Calibration = Literal["none", "temperature"]

_CALIBRATION: dict[str, Form] = {
    "temperature": "two decimals",
    "right": "percent",
    "calibration error": "percent",
    "at that temperature": "percent",
}


@dataclass
class Trust:
    """What is known of teachers and labels without gold labels of the target.

    detections tell how well weights find wrong labels, by the labels' name, where gold labels of the text are known.
    """

    calibration: Calibration
    reliability: Reliability
    corpora: Corpora
    taggers: Ensembling
    detections: dict[str, Reference] = field(default_factory=dict)
    _calibrations: dict[str, Reference] = field(default_factory=dict)

    def calibrated(self, said: Reference, teacher: Ensemble | None) -> Reference:
        """What a teacher said, as sure as it is right on the source dev set; of one that is not trained, as it is."""
        if self.calibration == "none" or teacher is None:
            return said
        with stage(f"{teacher.name}, calibration"):
            dev = self.corpora.dev
            found = self._calibrations[teacher.name] = calibrate_teacher(self.taggers.label(teacher, dev), dev)
            return temper_labels(said, found)

    def weights(self, name: str, joint: Reference, tagger: Reference) -> Reference:
        """Of joint labels, w of CoLaDa's Eq. 3; a tagger's encoder says which words are near."""
        found = score_reliability(tagger, joint, self.reliability, self.taggers.windows, self.taggers.inference)
        if self.corpora.target_gold is not None:
            by = Decoding(method=self.reliability.labels_from)
            self.detections[name] = measure_detection(joint, found, self.corpora.target_gold.gold, by)
        return found

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
