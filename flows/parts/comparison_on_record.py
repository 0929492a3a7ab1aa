"""A comparison as its record and the runs that it names tell it; nothing is computed again."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from artifacts.catalog import OUTCOMES
from artifacts.errors import StoreError
from artifacts.reference import Reference
from artifacts.runs import Line, Measurements, RunRecord, Scored, ScoredModel, read_run
from artifacts.store import Store
from flows.parts.comparison import ByTest, Measured, Runs, is_score_table, models_called
from flows.parts.error_tables import Judged, is_error_table, stage_of
from tasks.evaluation.drawing import BarGroup, draw_bars

COMPARE = "compare"
"""Under which comparisons are on record."""


@dataclass(frozen=True)
class Comparison:
    """What a comparison put side by side.

    Attributes:
        runs: of each configuration, one for each seed.
        tests: models by test set, as in its tables of scores.
        judged: what became of the entities, as in its tables of errors.
    """

    runs: Runs
    tests: ByTest
    judged: list[Judged]

    @property
    def scores(self) -> pa.Table:
        """F1 of each model and seed, in [0, 1]."""
        rows = [
            {
                "test": test,
                "model": model.model,
                "configuration": model.configuration,
                "seed": str(run.configuration.get("seed", "")),
                "f1": scored.overall.f1,
            }
            for test, models in self.tests.items()
            for model in models
            for run, scored in zip(self.runs[model.configuration], model.scored, strict=True)
        ]
        return pa.Table.from_pylist(rows)


def compared_on_record(store: Store, record: RunRecord) -> Comparison:
    """The comparison of a record.

    Raises:
        StoreError: if one of its runs is gone, or no longer has what was compared.
    """
    named = record.configuration.get("runs", {})
    runs = {name: [read_run(store, identity) for identity in ids] for name, ids in named.items()}
    tests = dict(_models(table, runs) for table in record.measurements if is_score_table(table) and table.lines)
    lines = {line.reference for table in record.measurements if is_error_table(table) for line in table.lines}
    made: dict[str, list[Reference]] = {}
    for taken in record.steps:
        if taken.reference.kind == OUTCOMES.name:
            made.setdefault(taken.stage, []).append(taken.reference)
    judged = [
        Judged(test, model, tuple(made[stage_of(model, test)]))
        for test, models in tests.items()
        for model in models
        if made.get(stage_of(model, test), [None])[0] in lines
    ]
    return Comparison(runs, tests, judged)


def draw_f1(tests: ByTest, path: Path) -> None:
    """A group of bars for each model, a place for each test set; where a model was not tried, there is a gap."""
    names = dict.fromkeys((model.model, model.configuration) for models in tests.values() for model in models)
    groups = []
    for name in names:
        found = [[100 * m.f1 for m in models if (m.model, m.configuration) == name] for models in tests.values()]
        heights = np.array([each[0] if each else np.nan for each in found])
        groups.append(BarGroup(f"{name[0]}, {name[1]}", heights))
    draw_bars(groups, list(tests), "F1 by method", "F1 (%)", path)


def _models(table: Measurements, runs: Runs) -> tuple[str, list[Measured]]:
    """The test set of a table of scores, by the name that it has there, and its models."""
    return table.title.partition(", in %")[0], [_measured(line, runs) for line in table.lines]


def _measured(line: Line, runs: Runs) -> Measured:
    configuration = str(line.cells[0])
    first, *_ = of_seeds = list(runs[configuration])
    models = models_called(of_seeds, line.name)
    test = next((test for test, each in _scores(models[0]) if each.reference == line.reference), None)
    scored = tuple(model.scores[test] for model in models if model is not None and test in model.scores)
    if test is None or len(scored) < len(of_seeds):
        raise StoreError(
            f"{first}: it no longer has the scores {line.reference} of {line.name} that were compared; "
            f"compare again: crosstag runs compare"
        )
    return Measured(line.name, configuration, scored)


def _scores(model: ScoredModel | None) -> Iterable[tuple[str, Scored]]:
    return model.scores.items() if model is not None else ()
