"""Taggers that are trained alike but for the seed, and used as one (UniTrans, 4.4)."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from artifacts.reference import Reference
from artifacts.side_by_side import Call, side_by_side
from artifacts.step import Step
from flows.parts.corpora import ScoredText
from flows.parts.scoring import Scoring
from flows.parts.teachers import handed_out
from tasks.evaluation.decode import decode
from tasks.tagging.ensembling import average_soft_labels
from tasks.tagging.inference import Inference
from tasks.tagging.labelling import label_words
from tasks.tagging.train_tagger import TaggerTraining, train_tagger
from tasks.tagging.windows import WindowConfig

Arguments = Callable[[Reference, int], tuple[Any, ...]]
"""What a step that trains is called with, of what a tagger begins from and its seed."""


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

        def arguments(begin: Reference, seed: int) -> tuple[Any, ...]:
            return data, begin, self.training.seeded(seed), self.windows

        calls = self._calls(name, start, arguments)
        with handed_out(calls):
            return Ensemble(name, side_by_side(train_tagger, calls))

    def train_by(self, made: Step[...], arguments: Arguments, name: str, start: Reference | Ensemble) -> Ensemble:
        """Trains taggers with another head, as `train` does; no workers are asked for them.

        Args:
            made: the step that trains one.
            arguments: its own, of what it begins from and its seed.
            name: of the ensemble.
            start: an encoder, or an ensemble.
        """
        return Ensemble(name, side_by_side(made, self._calls(name, start, arguments)))

    def _calls(self, name: str, start: Reference | Ensemble, arguments: Arguments) -> list[Call]:
        starts = start.members if isinstance(start, Ensemble) else (start,) * len(self.seeds)
        return [
            Call(name if len(self.seeds) == 1 else f"{name}^{m}", arguments(each, seed))
            for m, (each, seed) in enumerate(zip(starts, self.seeds, strict=True), start=1)
        ]

    def label(self, ensemble: Ensemble, sentences: Reference) -> Reference:
        """p(x, Theta_*): the mean of what the members say of each word (Eq. 14)."""
        said = tuple(label_words(member, sentences, self.windows, self.inference) for member in ensemble.members)
        return said[0] if len(said) == 1 else average_soft_labels(said)

    def tag(self, scoring: Scoring, ensemble: Ensemble, sentences: Reference) -> Reference:
        """Decoded labels; of several members those of their mean."""
        if len(ensemble.members) == 1:
            return scoring.tag(ensemble.members[0], sentences)
        return decode(self.label(ensemble, sentences), scoring.decoding)

    def score(self, scoring: Scoring, name: str, ensemble: Ensemble, *more: ScoredText) -> None:
        """Labels every test set with an ensemble, and scores it, as `Scoring.model` does with one tagger."""
        scoring.tagged(name, ensemble.members[0], partial(self.tag, scoring, ensemble), *more)
