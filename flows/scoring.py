"""Score the models of a run, on every test set, as they come."""

from dataclasses import dataclass, field

from artifacts.reference import Reference
from artifacts.runtime import stage
from flows.corpora import ScoredText
from flows.summary import Model
from tasks.evaluation.decode import Decoding, decode
from tasks.evaluation.scores import score
from tasks.tagging.labelling import label_words
from tasks.tagging.windows import WindowConfig


@dataclass
class Scoring:
    """Labels the test sets with each model of a run, scores them, and remembers the models for the summary."""

    texts: tuple[ScoredText, ...]
    windows: WindowConfig
    decoding: Decoding
    models: list[Model] = field(default_factory=list)

    def model(self, name: str, tagger: Reference, *more: ScoredText) -> None:
        """Labels every test set with a model, and scores it."""
        scores = {}
        for text in (*self.texts, *more):
            with stage(f"{name} on {text.name}"):
                scores[text.name] = self.labels(name, label_words(tagger, text.sentences, self.windows), text)
        self.models.append(Model(name, tagger, scores))

    def pseudo_labels(self, name: str, soft_labels: Reference, text: ScoredText | None) -> None:
        """Scores pseudo-labels, if gold labels of the unlabelled text are known."""
        if text is not None:
            self.models.append(Model(name, soft_labels, {text.name: self.labels(name, soft_labels, text)}))

    def labels(self, name: str, soft_labels: Reference, text: ScoredText) -> Reference:
        """Scores the soft labels of a text."""
        return score(decode(soft_labels, self.decoding), text.gold, f"{name} on {text.name}")
