"""What people corrected in a target text, as a run uses it: hard labels before training, and what they did."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from artifacts.reference import Reference
from artifacts.runs import Cell, Form
from artifacts.runtime import stage
from artifacts.store import Store
from flows.parts.corpora import Corpora
from flows.parts.summary import Listing
from tasks.corpus.corrections import by_whom
from tasks.denoising.correct_soft_labels import correct_soft_labels
from tasks.denoising.correct_span_labels import correct_span_labels
from tasks.denoising.correct_training_set import correct_training_set
from tasks.denoising.correct_votes import correct_votes
from tasks.denoising.trust_corrections import trust_corrections
from tasks.distillation.training_sets import training_set
from tasks.evaluation.corrections import measure_corrections
from tasks.tagging.decoding import Decoding
from tasks.tagging.inference import Inference
from tasks.tagging.predict import predict_words
from tasks.tagging.windows import WindowConfig

_USED = "corrections by people, learnt as hard labels: this run has labels of the target language"
_USED_COLUMNS: dict[str, Form] = {"sentences": "count", "words": "count", "changed": "count", "by": "text"}
_AGREEMENT = "agreement with people on the sentences that they corrected, in %"
_AGREEMENT_COLUMNS: dict[str, Form] = {"words": "percent", "F1": "percent"}


@dataclass
class Corrected:
    """The corrections of a run's texts, by language; where there are none, everything stays as it is."""

    given: Mapping[str, Reference]
    windows: WindowConfig
    decoding: Decoding
    inference: Inference
    agreements: dict[str, Reference] = field(default_factory=dict)

    @classmethod
    def of(cls, corpora: Corpora, windows: WindowConfig, decoding: Decoding, inference: Inference) -> "Corrected":
        """Those of a run with one target text."""
        given = {} if corpora.corrections is None else {"target text": corpora.corrections}
        return cls(given, windows, decoding, inference)

    @property
    def references(self) -> tuple[Reference, ...]:
        """All corrections."""
        return tuple(self.given.values())

    @property
    def remark(self) -> str:
        """Stands behind the name of a measurement of labels that people corrected."""
        return " (with corrections)" if self.given else ""

    def labels(self, soft_labels: Reference) -> Reference:
        """Soft labels of the only text, in which people's stand for the sentences that they corrected."""
        for given in self.given.values():
            soft_labels = correct_soft_labels(soft_labels, given)
        return soft_labels

    def weights(self, soft_labels: Reference, reliability: Reference | None) -> Reference | None:
        """Weights of these labels, that of people's 1; None, which is 1 everywhere, stays None."""
        for given in self.given.values():
            reliability = None if reliability is None else trust_corrections(soft_labels, reliability, given)
        return reliability

    def votes(self, votes: Reference) -> Reference:
        """Votes on the only text, in which people's labels stand for the sentences that they corrected."""
        for given in self.given.values():
            votes = correct_votes(votes, given)
        return votes

    def span_labels(self, span_labels: Reference) -> Reference:
        """Labels of the only text's spans, with people's for the sentences that they corrected."""
        for given in self.given.values():
            span_labels = correct_span_labels(span_labels, given)
        return span_labels

    def sentences(self, parts: tuple[Reference, ...]) -> tuple[Reference, ...]:
        """Labelled sentences to train on: corrected ones with people's labels, whether or not they were kept."""
        if not self.given:
            return parts
        with stage("corrections"):
            return (correct_training_set(training_set(parts), self.references),)

    def model(self, name: str, tagger: Reference) -> None:
        """Measures how far a model agrees with people."""
        for language, given in self.given.items():
            named = f"{name}, {language}" if len(self.given) > 1 else name
            with stage(f"{named} on corrections"):
                said = predict_words(tagger, given, self.windows, self.decoding, self.inference)
                self.agreements[named] = measure_corrections(given, said)

    @property
    def listings(self) -> tuple[Listing, ...]:
        """What was corrected, by whom, and how far models agree; nothing if nothing was corrected."""
        if not self.given:
            return ()
        used = Listing(_USED, "text", _USED_COLUMNS, dict(self.given), _used_cells)
        return (used, Listing(_AGREEMENT, "model", _AGREEMENT_COLUMNS, self.agreements, _agreement_cells))


def _used_cells(store: Store, reference: Reference) -> list[Cell]:
    rows = store.table(reference, ["tags", "before"]).to_pylist()
    changed = sum(tag != seen for row in rows for tag, seen in zip(row["tags"], row["before"], strict=True))
    return [len(rows), sum(len(row["tags"]) for row in rows), changed, by_whom(store.metadata(reference)["authors"])]


def _agreement_cells(store: Store, reference: Reference) -> list[Cell]:
    row = store.table(reference).to_pylist()[0]
    return [row["accuracy"], row["f1"]]
