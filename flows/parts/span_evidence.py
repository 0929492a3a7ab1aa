"""The evidence of a run on spans: labels by epoch, types of entities, entities out of reach (GLoDe, 4.4-4.5)."""

from dataclasses import dataclass, field

from artifacts.reference import Reference
from artifacts.runs import Cell, Form
from artifacts.runtime import stage
from artifacts.store import Store
from flows.parts.corpora import ScoredText
from flows.parts.scoring import Scoring
from flows.parts.summary import Listing, Model
from tasks.evaluation.curves import CurveText, trace_curve
from tasks.evaluation.decode_spans import decode_spans
from tasks.evaluation.entity_types import measure_reach, measure_types
from tasks.evaluation.scores import score
from tasks.evaluation.span_figures import draw_span_figures

_SERIES = "pseudo-labels (unlabelled text)"
_SCORES: dict[str, Form] = {"precision": "percent", "recall": "percent", "F1": "percent"}
_REACH: dict[str, Form] = {"entities": "count", "too long": "count"}


@dataclass
class SpanEvidence:
    """Measures pseudo-labels of spans as they come, if gold labels of the text are known, and draws them at the end."""

    scoring: Scoring
    gold: ScoredText | None
    epochs: dict[int, Reference] = field(default_factory=dict)
    reach: dict[str, Reference] = field(default_factory=dict)
    types: Reference | None = None

    def pseudo_labels(
        self, name: str, epoch: int, span_labels: Reference, sentences: Reference, *, shown: bool
    ) -> None:
        """A point of Figure 3: the labels after an epoch, 0 for the initial ones; `shown` puts them among the models.

        Decoded labels of each epoch are made in any case, for people to compare.
        """
        tags = decode_spans(span_labels, sentences)
        if self.gold is None:
            return
        found = self.epochs[epoch] = score(tags, self.gold.gold, f"{name} on {self.gold.name}")
        if shown:
            self.scoring.remember(Model(name, span_labels, {self.gold.name: found}))

    def out_of_reach(self, texts: dict[str, Reference], most_words: int) -> None:
        """Counts the entities of labelled texts that have more words than a span."""
        for name, gold in texts.items():
            with stage(f"entities of {name}"):
                self.reach[name] = measure_reach(gold, most_words)

    def distribution(self, labels: dict[str, Reference]) -> None:
        """Figure 4: which types entities have, in gold labels and in predictions."""
        with stage("types of entities"):
            self.types = measure_types(tuple(labels.values()), tuple(labels))

    def draw(self) -> Reference:
        """The pictures: Figure 4, and Figure 3 if gold labels are known."""
        with stage("figures"):
            text = CurveText(title=_SERIES, x_name="epoch (0: initial labels)")
            xs = tuple(float(epoch) for epoch in self.epochs)
            curve = trace_curve(tuple(self.epochs.values()), (_SERIES,) * len(xs), xs, text) if xs else None
            return draw_span_figures(curve, self.types)

    @property
    def listings(self) -> tuple[Listing, ...]:
        """Tables for the summary: labels by epoch, and entities that no span is long enough for."""
        found = []
        if self.epochs:
            rows = {str(epoch): each for epoch, each in self.epochs.items()}
            title = "pseudo-labels by epoch, in % (0: initial)"
            found.append(Listing(title, "epoch", _SCORES, rows, _score_cells))
        if self.reach:
            title = "entities with more words than a span may have: they cannot be found, and count against recall"
            found.append(Listing(title, "text", _REACH, self.reach, _reach_cells))
        return tuple(found)


def _score_cells(store: Store, reference: Reference) -> list[Cell]:
    overall = store.table(reference).slice(0, 1).to_pylist()[0]
    return [overall[name] for name in ("precision", "recall", "f1")]


def _reach_cells(store: Store, reference: Reference) -> list[Cell]:
    overall = store.table(reference).slice(0, 1).to_pylist()[0]
    return [overall["entities"], overall["too_long"]]
