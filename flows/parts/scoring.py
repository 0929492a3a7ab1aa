"""Score the models of a run, on every test set, as they come."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from artifacts.reference import Reference
from artifacts.runtime import current_run, stage
from flows.parts.corpora import ScoredText, TargetText
from flows.parts.run_words import BASELINES
from flows.parts.summary import Model
from tasks.evaluation.averages import average_scores
from tasks.evaluation.decode import decode
from tasks.evaluation.outcomes import judge_entities
from tasks.evaluation.scores import score
from tasks.tagging.decoding import Decoding
from tasks.tagging.inference import Inference
from tasks.tagging.predict import predict_words
from tasks.tagging.windows import WindowConfig

Tag = Callable[[Reference], Reference]
"""From sentences to their decoded labels."""


@dataclass
class Scoring:
    """Labels the test sets with each model of a run, scores them, and remembers the models for the summary.

    averages names test sets of several languages to take the mean of; see `averages_of`.
    """

    texts: tuple[ScoredText, ...]
    windows: WindowConfig
    decoding: Decoding
    inference: Inference
    averages: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    models: list[Model] = field(default_factory=list)

    def model(self, name: str, tagger: Reference, *more: ScoredText) -> Model:
        """Labels every test set with a model, and scores it."""
        return self.tagged(name, tagger, partial(self.tag, tagger), *more)

    def tag(self, tagger: Reference, sentences: Reference) -> Reference:
        """A tagger's decoded labels."""
        return predict_words(tagger, sentences, self.windows, self.decoding, self.inference)

    def tagged(self, name: str, reference: Reference | None, tag: Tag, *more: ScoredText) -> Model:
        """Labels every test set, and scores it.

        Args:
            name: of the model.
            reference: to it; None: it has no files of its own, and its labels of the first test set stand for it.
            tag: gives the labels of sentences.
            more: texts beside the test sets.
        """
        scores, said = {}, {}
        for text in (*self.texts, *more):
            with stage(f"{name} on {text.name}"):
                tags = tag(text.sentences)
                scores[text.name], said[text.name] = score(tags, text.gold, f"{name} on {text.name}"), tags
        return self.add(name, reference or next(iter(said.values())), scores, said)

    def add(
        self,
        name: str,
        reference: Reference,
        scores: Mapping[str, Reference],
        said: Mapping[str, Reference] | None = None,
    ) -> Model:
        """Remembers a model, its scores by test set, their means over languages, and the labels that it gave."""
        means = {}
        for average, parts in self.averages.items():
            if all(part in scores for part in parts):
                with stage(f"{name} on {average}"):
                    means[average] = average_scores(tuple(scores[part] for part in parts), f"{name} on {average}")
        return self.remember(Model(name, reference, {**scores, **means}, dict(said or {})))

    def pseudo_labels(self, name: str, soft_labels: Reference, text: ScoredText | None) -> Model | None:
        """Scores pseudo-labels, if gold labels of the unlabelled text are known."""
        if text is None:
            return None
        return self.remember(Model(name, soft_labels, {text.name: self.labels(name, soft_labels, text)}))

    def remember(self, model: Model) -> Model:
        """Keeps a scored model for the summary; it is on record from now on, should the run end early."""
        self.models.append(model)
        run = current_run()
        if run is not None and run.recorder is not None:
            run.recorder.scored(model.name, model.reference, model.scores)
        return model

    def outcomes(self, student: Model, training: Reference) -> dict[str, Reference]:
        """What became of the entities of the test sets, by the student and by what the method is measured against.

        Args:
            student: the one that is shipped.
            training: the labelled source corpus that all learnt from.

        Returns:
            By the names of model and test set, the student last.
        """
        found = {}
        baselines = [model for model in self.models if model.name.startswith(BASELINES) and model is not student]
        for model in (*baselines, student):
            for text in self.texts:
                name = f"{model.name} on {text.name}"
                with stage(name):
                    found[name] = judge_entities(model.predictions[text.name], text.gold, training)
        return found

    def labels(self, name: str, soft_labels: Reference, text: ScoredText) -> Reference:
        """Scores the soft labels of a text."""
        return score(decode(soft_labels, self.decoding), text.gold, f"{name} on {text.name}")


def averages_of(languages: Sequence[TargetText], names: Sequence[Sequence[str]]) -> dict[str, tuple[str, ...]]:
    """Which test sets of several languages are averaged, by the name of the mean.

    Those with one name in all languages are; it is just `average` where each language has one test set. The texts
    that are labelled on the way have a mean of their own, if gold labels of them all are known.

    Args:
        languages: what was read of each.
        names: of each language's test sets, in their order, as the configuration has them.
    """
    if len(languages) < 2:
        return {}
    found: dict[str, tuple[str, ...]] = {}
    if all(len(each) == 1 for each in names):
        found["average"] = tuple(language.tests[0].name for language in languages)
    else:
        places = [
            {name: test.name for name, test in zip(n, t.tests, strict=True)}
            for n, t in zip(names, languages, strict=True)
        ]
        for name in names[0]:
            if all(name in place for place in places):
                found[f"average {name}"] = tuple(place[name] for place in places)
    golds = [language.gold for language in languages]
    texts = tuple(gold.name for gold in golds if gold is not None)
    return {**found, "average target text": texts} if len(texts) == len(golds) else found
