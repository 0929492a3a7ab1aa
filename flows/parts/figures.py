"""The evidence of a run: what is measured beside the method, and the pictures of it (CoLaDa, 5.2-5.3)."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from pydantic import Field, field_validator

from artifacts.reference import Reference
from artifacts.runs import Cell, Form
from artifacts.runtime import current_run, stage
from artifacts.settings import Settings
from artifacts.store import Store
from flows.parts.summary import Listing, Model
from tasks.denoising.reliability import Reliability
from tasks.denoising.score_reliability import score_reliability
from tasks.evaluation.bins import bin_reliability
from tasks.evaluation.cases import compare_cases
from tasks.evaluation.consistency import measure_consistency
from tasks.evaluation.curves import CurveText, trace_curve
from tasks.evaluation.detection import measure_detection
from tasks.evaluation.figures import draw_figures
from tasks.tagging.decoding import Decoding
from tasks.tagging.inference import Inference
from tasks.tagging.predict import predict_words
from tasks.tagging.windows import WindowConfig

LabelsFrom = Literal["argmax", "viterbi"]


class Analysis(Settings):
    """What is measured and drawn beside the method; nothing of it reaches training."""

    figures: bool = Field(
        True, title="Figures", description="Draw F1 by iteration, and reliability against correctness if gold is known."
    )
    layers: bool = Field(
        False,
        title="Layers",
        description="Label consistency by encoder layer in the first iteration (Figure 6): one neighbour search per "
        "layer. Needs gold labels of the unlabelled text.",
    )
    cases: bool = Field(
        False,
        title="Cases",
        description="Sentences of D_trans that the translation, M_trans^0 and the last M_trans label otherwise (Figure "
        "8); two passes over D_trans.",
    )
    compare: tuple[Reliability, ...] = Field(
        (),
        title="Other reliabilities",
        description="Settings whose weights are compared with the run's own as detectors of wrong pseudo-labels, in "
        "the first iteration. Needs gold labels of the unlabelled text.",
    )

    @field_validator("compare")
    @classmethod
    def _compared_have_neighbours(cls, compare: tuple[Reliability, ...]) -> tuple[Reliability, ...]:
        for each in compare:
            if not each.enabled or each.neighbours == 0:
                raise ValueError("settings that weigh no word cannot be compared; give neighbours and enabled: true")
        return compare


@dataclass
class Evidence:
    """Gathers scores and measurements of a run as they come, and draws them at its end."""

    analysis: Analysis
    windows: WindowConfig
    inference: Inference
    tests: tuple[str, ...]
    points: list[tuple[str, int, Model]] = field(default_factory=list)
    pseudo_points: list[tuple[str, int, Model]] = field(default_factory=list)
    bins: list[Reference] = field(default_factory=list)
    detections: dict[str, Reference] = field(default_factory=dict)
    consistency: Reference | None = None
    cases: Reference | None = None

    def model(self, series: str, iteration: int, model: Model) -> None:
        """A point of Figure 4: a model's scores on the test sets."""
        self.points.append((series, iteration, model))

    def pseudo_labels(self, iteration: int, model: Model | None) -> None:
        """A point of Figure 4's line of pseudo-labels, if their gold labels are known."""
        if model is not None:
            self.pseudo_points.append(("pseudo-labels (unlabelled text)", iteration, model))

    def reliability(
        self, name: str, soft_labels: Reference, weights: Reference, gold: Reference, by: LabelsFrom
    ) -> None:
        """Measures weights as a detector of wrong pseudo-labels; `by` says how the labels they judge were decoded."""
        self.detections[name] = measure_detection(soft_labels, weights, gold, Decoding(method=by))

    def binned(self, soft_labels: Reference, weights: Reference, gold: Reference, by: LabelsFrom) -> None:
        """Bins of Figure 5, one table per iteration; `by` as in `reliability`."""
        self.bins.append(bin_reliability(soft_labels, weights, gold, Decoding(method=by)))

    def compared(self, tagger: Reference, soft_labels: Reference, gold: Reference, remark: str) -> None:
        """Weighs the same pseudo-labels by the other settings, only to measure those; a remark ends their names."""
        for number, other in enumerate(self.analysis.compare, start=1):
            name = f"iteration 1, compare {number}: {_differences(other)}{remark}"
            with stage(name):
                weights = score_reliability(tagger, soft_labels, other, self.windows, self.inference)
                self.reliability(name, soft_labels, weights, gold, other.labels_from)

    def by_layer(
        self, tagger: Reference, soft_labels: Reference, gold: Reference, reliability: Reliability, depth: int
    ) -> None:
        """Figure 6: label consistency with the representations of each layer, embeddings first."""
        scores = []
        for layer in range(depth + 1):
            # The top layer's reliability is mostly the run's own; asked for by the same name, it is cached.
            at = reliability.model_copy(update={"layers": "last" if layer == depth else layer})
            with stage(f"layer {layer}"):
                scores.append(score_reliability(tagger, soft_labels, at, self.windows, self.inference))
        with stage("label consistency by layer"):
            decoding = Decoding(method=reliability.labels_from)
            self.consistency = measure_consistency(soft_labels, tuple(scores), gold, decoding)

    def compared_on(self, translation: Reference, m_trans: Reference, decoding: Decoding) -> None:
        """Figure 8: D_trans labelled by M_trans^0, the first point of its series, and by the last M_trans."""
        (translate_train,) = (model.reference for series, i, model in self.points if (series, i) == ("M_trans", 0))
        with stage("cases"):
            said = [
                predict_words(tagger, translation, self.windows, decoding, self.inference)
                for tagger in (translate_train, m_trans)
            ]
            self.cases = compare_cases(translation, *said)

    @property
    def listings(self) -> tuple[Listing, ...]:
        """The cases, counted."""
        if self.cases is None:
            return ()
        columns: dict[str, Form] = {
            name: "count" for name in ("sentences", "cases", "words", "by_translate_train", "by_method")
        }

        def cells(store: Store, reference: Reference) -> list[Cell]:
            return [store.metadata(reference)[name] for name in columns]

        title = "labels of D_trans: sentences that differ, words labelled otherwise (Figure 8)"
        return (Listing(title, "of", columns, {"D_trans": self.cases}, cells),)

    def draw(self) -> Reference | None:
        """Draws what there is to draw, if pictures are wanted."""
        if not self.analysis.figures:
            return None
        with stage("figures"):
            curves = self._curves()
            if not (curves or self.bins or self.consistency):
                return None
            return draw_figures(curves, tuple(self.bins), self.consistency)

    def _curves(self) -> tuple[Reference, ...]:
        """F1 on each test set; the pseudo-labels' F1 beside that of one test set, as in the paper, else on its own."""
        own = [(series, i, next(iter(model.scores.values()))) for series, i, model in self.pseudo_points]
        panels = {test: [(series, i, model.scores[test]) for series, i, model in self.points] for test in self.tests}
        if len(panels) == 1:
            panels[self.tests[0]] += own
        elif own:
            panels["unlabelled text"] = panels.get("unlabelled text", []) + own
        return tuple(_curve(title, points) for title, points in panels.items())


def encoder_depth(encoder: Reference, planned: int) -> int:
    """Number of an encoder's layers; `planned` where the encoder is not made yet and the run is only planned."""
    run = current_run()
    if run is None or not encoder.known:
        return planned
    from transformers import AutoConfig

    return int(AutoConfig.from_pretrained(run.store.folder(encoder)).num_hidden_layers)


def _curve(title: str, points: Sequence[tuple[str, int, Reference]]) -> Reference:
    series, xs, scores = zip(*points, strict=True)
    return trace_curve(scores, series, tuple(float(x) for x in xs), CurveText(title=title, x_name="iteration"))


def _differences(reliability: Reliability) -> str:
    """Settings that are not CoLaDa's own, such as `layers=last3 pooling=mean`."""
    changed = reliability.model_dump(mode="json", exclude_defaults=True)
    return " ".join(f"{name}={value}" for name, value in changed.items()) or "the paper's settings"
