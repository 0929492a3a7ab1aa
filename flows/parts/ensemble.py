"""Taggers that are trained alike but for the seed, and used as one (UniTrans, 4.4)."""

from dataclasses import dataclass

from artifacts.reference import Reference
from artifacts.runtime import stage
from artifacts.side_by_side import Call, side_by_side
from flows.parts.corpora import ScoredText
from flows.parts.scoring import Scoring
from flows.parts.summary import Model
from flows.parts.teachers import handed_out
from tasks.evaluation.decode import decode
from tasks.evaluation.scores import score
from tasks.tagging.ensembling import average_soft_labels
from tasks.tagging.inference import Inference
from tasks.tagging.labelling import label_words
from tasks.tagging.train_tagger import TaggerTraining, train_tagger
from tasks.tagging.windows import WindowConfig


@dataclass(frozen=True)
class Ensemble:
    """Theta_*^(m), m = 1 ... M: taggers with one name; of M = 1 it is a plain tagger."""

    name: str
    members: tuple[Reference, ...]


@dataclass(frozen=True)
class Ensembling:
    """How ensembles are trained and asked."""

    seeds: tuple[int, ...]
    training: TaggerTraining
    windows: WindowConfig
    inference: Inference

    def train(self, name: str, data: Reference, start: Reference | Ensemble) -> Ensemble:
        """Trains a tagger for each seed, from an encoder or each from its own member of another ensemble."""
        starts = start.members if isinstance(start, Ensemble) else (start,) * len(self.seeds)
        calls = [
            Call(
                name if len(self.seeds) == 1 else f"{name}^{m}", (data, each, self.training.seeded(seed), self.windows)
            )
            for m, (each, seed) in enumerate(zip(starts, self.seeds, strict=True), start=1)
        ]
        with handed_out(calls):
            return Ensemble(name, side_by_side(train_tagger, calls))

    def label(self, ensemble: Ensemble, sentences: Reference) -> Reference:
        """p(x, Theta_*): the mean of what the members say of each word (Eq. 14)."""
        said = tuple(label_words(member, sentences, self.windows, self.inference) for member in ensemble.members)
        return said[0] if len(said) == 1 else average_soft_labels(said)

    def score(self, scoring: Scoring, name: str, ensemble: Ensemble, *more: ScoredText) -> None:
        """Labels every test set with an ensemble, and scores it, as `Scoring.model` does with one tagger."""
        if len(ensemble.members) == 1:
            scoring.model(name, ensemble.members[0], *more)
            return
        scores, said = {}, {}
        for text in (*scoring.texts, *more):
            with stage(f"{name} on {text.name}"):
                tags = decode(self.label(ensemble, text.sentences), scoring.decoding)
                scores[text.name], said[text.name] = score(tags, text.gold, f"{name} on {text.name}"), tags
        scoring.remember(Model(name, ensemble.members[0], scores, said))
