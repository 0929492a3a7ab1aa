"""Runs of several methods side by side: one table per test set, with means over seeds and tests of significance."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pyarrow as pa

from artifacts.catalog import GOLD, PREDICTIONS
from artifacts.digest import TableDigest
from artifacts.errors import InputError
from artifacts.reference import Reference
from artifacts.runs import Cell, Column, Line, Measurements, RunRecord, Scored, ScoredModel
from artifacts.runtime import stage
from artifacts.store import Store
from flows.parts.run_words import BASELINES
from tasks.evaluation.significance import compare_labels

STUDENT = "student"
"""The name of students whose own differ between seeds, as where runs ended after other iterations."""

_MILLION = 1_000_000
_SCORED = ("configuration", "precision", "recall", "F1", "gain", "p to first", "p to best")


@dataclass(frozen=True)
class Measured:
    """A model on a test set.

    Attributes:
        model: its name in the method, or `STUDENT`.
        configuration: of which it is a model.
        scored: its scores, one for each seed.
    """

    model: str
    configuration: str
    scored: tuple[Scored, ...]

    @property
    def f1(self) -> float:
        """Mean over the seeds, in [0, 1]."""
        return statistics.mean(each.overall.f1 for each in self.scored)


@dataclass(frozen=True)
class Compared(Measured):
    """The same with what it said, one artifact for each seed."""

    labels: tuple[Reference, ...]


@dataclass
class Benchmark:
    """A test set, and all models that were tried on it; the first one is what the others are measured against."""

    name: str
    gold: Reference
    models: list[Compared] = field(default_factory=list)

    @property
    def best(self) -> Compared:
        """The model with the highest mean F1."""
        return max(self.models, key=lambda model: model.f1)


Runs = Mapping[str, Sequence[RunRecord]]
"""Runs of each configuration, by its name: one for each seed, in the same order for all."""

Benchmarks = dict[tuple[str, str], Benchmark]
"""Test sets by the content of their gold labels and of their words."""

ByTest = Mapping[str, Sequence[Measured]]
"""Models by the name of the test set that they were tried on."""


def test_sets(store: Store, runs: Runs, *, every_model: bool, baselines: bool = True) -> list[Benchmark]:
    """The test sets of all runs, with the models to compare.

    Test sets are the same whose gold labels and words are. A model that two methods share is there once, unless it is
    what one of them ends with.

    Args:
        store: where the runs are.
        runs: of each configuration.
        every_model: also the models on the way.
        baselines: also source-only, translate-train and translate-test.

    Raises:
        InputError: if the seeds of a configuration have other gold labels or words, or what a run names is not there
            any more.
    """
    found: Benchmarks = {}
    for configuration, records in runs.items():
        for number, model in enumerate(records[0].models):
            student = number == len(records[0].models) - 1
            if not (student or every_model or (baselines and model.name.startswith(BASELINES))):
                continue
            differ = any(record.models[-1].name != model.name for record in records)
            name = STUDENT if student and differ else model.name
            of_seeds = models_called(records, name)
            for test in records[0].models[-1].scores:
                if all(each is not None and test in each.scores for each in of_seeds):
                    scored = [each for each in of_seeds if each is not None]
                    _add(store, found, test, configuration, name, scored, shared=not student)
    return list(found.values())


def models_called(records: Sequence[RunRecord], name: str) -> list[ScoredModel | None]:
    """The model of this name of each run, None where there is none; with `STUDENT` what each run ended with."""
    named = [next((each for each in record.models if each.name == name), None) for record in records]
    return [record.models[-1] for record in records] if name == STUDENT and not all(named) else named


def _add(
    store: Store,
    found: Benchmarks,
    test: str,
    configuration: str,
    name: str,
    of_seeds: Sequence[ScoredModel],
    *,
    shared: bool,
) -> None:
    """Adds a model to the test set that it was scored on; one that may be `shared` only with labels of its own."""
    scored = tuple(each.scores[test] for each in of_seeds)
    inputs = [store.describe(each.reference).recipe.inputs for each in scored]
    if any({"gold", "predictions"} - each.keys() for each in inputs):
        return  # A mean over languages: no sentences of its own.
    gold, *others = dict.fromkeys(each["gold"] for each in inputs)
    if not gold.startswith(f"{GOLD.name}:"):
        return  # The source's dev set, which is labelled text, and may be drawn by the seed.
    if others:
        raise InputError(
            f"{configuration}, {test}: its runs were scored against {len(others) + 1} versions of the gold labels; "
            "expected the same for every seed; run those of the old one again"
        )
    labels = tuple(holding(store, each["predictions"]) for each in inputs)
    words, *others = dict.fromkeys(_words(store, each) for each in labels)
    if others:
        raise InputError(
            f"{configuration}, {test}: its runs were scored on {len(others) + 1} versions of the sentences; expected "
            "the same for every seed; run those of the old one again"
        )
    if (gold, words) not in found:
        taken = any(each.name == test for each in found.values())
        found[gold, words] = Benchmark(f"{test}, of {configuration}" if taken else test, holding(store, gold))
    models = found[gold, words].models
    digests = [each.digest for each in labels]
    if not (shared and any([each.digest for each in other.labels] == digests for other in models)):
        models.append(Compared(name, configuration, scored, labels))


def _words(store: Store, predictions: Reference) -> str:
    """A digest of the words that were labelled: gold labels, which have none, may be the same for other sentences."""
    digest = TableDigest(pa.schema([PREDICTIONS.schema.field("words")]))
    for batch in store.batches(predictions, ["words"]):
        digest.update(batch)
    return digest.hexdigest({})


def holding(store: Store, content: str) -> Reference:
    """The artifact with this content.

    Raises:
        InputError: if it is not in the store any more.
    """
    reference = store.holding(content)
    if reference is None:
        raise InputError(
            f"{content.partition(':')[0]} of a run on record are not in the store any more (`crosstag store gc` may "
            "have removed them); run its configuration again"
        )
    return reference


def is_score_table(table: Measurements) -> bool:
    """Whether a comparison has a table from here."""
    return tuple(column.name for column in table.columns[: len(_SCORED)]) == _SCORED


def score_table(store: Store, test: Benchmark) -> Measurements:
    """The models on a test set: F1, the gain over the first, and how often chance gives as much."""
    first, best = test.models[0], test.best
    types = [row.type for row in first.scored[0].rows[1:]]
    lines = []
    for model in test.models:
        shares = [_spread(model, share) for share in ("precision", "recall", "f1")]
        gain: Cell = None if model is first else f"{100 * (model.f1 - first.f1):+.1f}"
        chances = [_chance(store, test, model, first), _chance(store, test, model, best)]
        of_types: list[Cell] = [
            statistics.mean(scored.rows[place].f1 for scored in model.scored) for place in range(1, len(types) + 1)
        ]
        cells = (model.configuration, *shares, gain, *chances, *of_types)
        lines.append(Line(name=model.model, reference=model.scored[0].reference, cells=cells))
    columns = [Column(name=name, form="text") for name in _SCORED]
    columns += [Column(name=name, form="percent") for name in types]
    seeds = len(first.scored)
    spread = "" if seeds == 1 else f", mean of {seeds} seeds and standard deviation"
    title = f"{test.name}, in %{spread}; gain over the first; p by approximate randomisation over sentences"
    return Measurements(title=title, first="model", columns=tuple(columns), lines=tuple(lines))


def _spread(model: Compared, share: str) -> str:
    """Mean in %, with the standard deviation (n - 1) if there are several seeds."""
    values = [100 * float(getattr(scored.overall, share)) for scored in model.scored]
    spread = f" ± {statistics.stdev(values):.1f}" if len(values) > 1 else ""
    return f"{statistics.mean(values):.1f}{spread}"


def _chance(store: Store, test: Benchmark, model: Compared, other: Compared) -> Cell:
    """How often chance alone gives as great a difference."""
    if model is other:
        return None
    with stage(f"{model.model} of {model.configuration} and {other.model} of {other.configuration} on {test.name}"):
        name = f"{test.name}: {model.model} and {other.model}"
        table = store.table(compare_labels(model.labels, other.labels, test.gold, name))
    p = table["p_value"][0].as_py()
    return "< .001" if p < 0.001 else f"{p:.3f}".removeprefix("0")


def cost_table(runs: Runs, store: Store) -> Measurements:
    """What each run did, and what all its steps took when they were computed, whichever run did that."""
    lines = []
    for configuration, records in runs.items():
        for record in records:
            made = {step.reference for step in record.steps}
            seconds = sum(store.describe(each).seconds for each in made)
            peaks = [step.peak_memory_bytes for step in record.ran if step.peak_memory_bytes is not None]
            memory = max(peaks) // _MILLION if peaks else None
            counts = (len(record.steps) - len(record.ran), len(record.ran))
            seed = record.configuration.get("seed")
            cells = (record.id[:10], seed, *counts, round(seconds), memory)
            student = record.student
            if student is None:
                raise RuntimeError(f"{record} is done, and has no student")
            lines.append(Line(name=configuration, reference=student, cells=cells))
    names = ("run", "seed"), ("cached", "ran", "seconds of all steps", "peak memory of those that ran, MB")
    columns = [Column(name=name, form="text") for name in names[0]]
    columns += [Column(name=name, form="count") for name in names[1]]
    return Measurements(title="runs", first="configuration", columns=tuple(columns), lines=tuple(lines))
