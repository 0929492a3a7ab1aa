"""Errors of several methods side by side: by kind, and by how the source's training set has the names."""

import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from artifacts.reference import Reference
from artifacts.runs import Cell, Column, Form, Line, Measurements, RunRecord
from artifacts.runtime import stage
from artifacts.store import Store
from flows.parts.comparison import Benchmark, Measured, Runs, holding
from tasks.evaluation.outcomes import CATEGORIES, FREQUENCIES, SEEN, judge_entities

_RECALLS = {("seen", name): name for name in SEEN} | {
    ("frequency", name): f"seen {name}" for name in FREQUENCIES if name != "0"
}


@dataclass(frozen=True)
class Judged:
    """What became of the entities of a test set by a model, one artifact for each seed."""

    test: str
    model: Measured
    outcomes: tuple[Reference, ...]


def judged(tests: Sequence[Benchmark], runs: Runs, store: Store) -> tuple[list[Judged], list[str]]:
    """Judges the entities of all models that are compared; what their runs have judged already is in the store.

    Returns:
        The outcomes, and the configurations whose runs are older than this analysis, which have none: such a run does
        not say what it learnt from.
    """
    found, without = [], []
    for test in tests:
        for model in test.models:
            training = [_training(store, record) for record in runs[model.configuration]]
            if not all(training):
                without.append(model.configuration)
                continue
            with stage(stage_of(model, test.name)):
                made = [
                    judge_entities(said, test.gold, holding(store, content))
                    for said, content in zip(model.labels, training, strict=True)
                ]
            found.append(Judged(test.name, model, tuple(made)))
    return found, list(dict.fromkeys(without))


def stage_of(model: Measured, test: str) -> str:
    """The stage under which the entities of a test set are judged, for each seed."""
    return f"{model.model} of {model.configuration} on {test}"


def _training(store: Store, record: RunRecord) -> str:
    """The content of the source corpus that a run learnt from, as its own analysis names it; empty if it has none."""
    made = next((step.reference for step in record.steps if step.step == judge_entities.name), None)
    return "" if made is None else store.describe(made).recipe.inputs["training"]


def is_error_table(table: Measurements) -> bool:
    """Whether a comparison has a table from here."""
    return tuple(column.name for column in table.columns[1 : len(CATEGORIES) + 1]) == CATEGORIES


def error_tables(tests: Sequence[Benchmark], found: Sequence[Judged], store: Store) -> list[Measurements]:
    """A table for each test set of which any model was judged: a line for each model, means over its seeds."""
    tables = []
    for test in tests:
        these = [each for each in found if each.test == test.name]
        if not these:
            continue
        seeds = len(test.models[0].labels)
        counted: Form = "count" if seeds == 1 else "one decimal"
        columns = [Column(name="configuration", form="text")]
        columns += [Column(name=name, form=counted) for name in CATEGORIES]
        columns += [Column(name=name, form="percent") for name in _RECALLS.values()]
        lines = [
            Line(
                name=each.model.model,
                reference=each.outcomes[0],
                cells=(each.model.configuration, *_cells(each, store)),
            )
            for each in these
        ]
        title = f"{test.name}: entities by what became of them"
        title += "" if seeds == 1 else f", means of {seeds} seeds"
        title += "; recall in %, by how the source's training set has the name"
        tables.append(Measurements(title=title, first="model", columns=tuple(columns), lines=tuple(lines)))
    return tables


def _cells(each: Judged, store: Store) -> Iterator[Cell]:
    about = [store.metadata(reference) for reference in each.outcomes]
    for category in CATEGORIES:
        counts = [one["categories"][category] for one in about]
        yield counts[0] if len(counts) == 1 else statistics.mean(counts)
    for group, name in _RECALLS:
        gold = [one[group][name]["gold"] for one in about]
        right = [one[group][name]["right"] for one in about]
        shares = [r / g for r, g in zip(right, gold, strict=True) if g]
        yield statistics.mean(shares) if shares else None


def error_lines(found: Sequence[Judged], runs: Runs, store: Store) -> list[dict[str, object]]:
    """Every count: a line for each test set, model and seed."""
    lines = []
    for each in found:
        for record, reference in zip(runs[each.model.configuration], each.outcomes, strict=True):
            about = store.metadata(reference)
            line: dict[str, object] = {"test": each.test, "model": each.model.model}
            line |= {"configuration": each.model.configuration, "seed": record.configuration.get("seed")}
            line |= about["categories"] | _counts(about, "seen") | _counts(about, "frequency")
            lines.append(line | {"outcomes": str(reference)})
    return lines


def _counts(about: Mapping[str, Mapping[str, Mapping[str, int]]], group: str) -> dict[str, int]:
    return {f"{side}, {group} {name}": n for name, each in about[group].items() for side, n in each.items()}
