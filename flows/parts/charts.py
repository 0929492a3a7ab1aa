"""What a run measured, as charts with their data; nothing is drawn before somebody asks for the picture."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa

from artifacts.catalog import TYPE_SHARES
from artifacts.errors import StoreError
from artifacts.reference import Reference
from artifacts.runs import RunRecord
from artifacts.store import Store
from flows.parts.comparison_on_record import COMPARE, compared_on_record, draw_f1
from flows.parts.manifest_facts import Training, dropped_of, trainings_of
from flows.parts.run_words import BASELINES
from tasks.evaluation.drawing import BarGroup, Line, Panel, draw, draw_bars, number_ticks
from tasks.evaluation.figures import bin_panels, consistency_panel, curve_panel, detection_panels, together
from tasks.evaluation.span_figures import draw_types

_MOST_SERIES = 7


@dataclass(frozen=True)
class Chart:
    """A chart of a run.

    Attributes:
        name: in addresses and file names; as that of the picture of `figures` that shows the same, if there is one.
        title: what it shows.
        data: that it is drawn from.
        sources: the artifacts that hold the data.
        draw: draws it into a PNG or an SVG file, as its name ends.
    """

    name: str
    title: str
    data: pa.Table
    sources: tuple[Reference, ...]
    draw: Callable[[Path], None]


def charts_of(store: Store, record: RunRecord) -> tuple[list[Chart], list[str]]:
    """The charts that there is data for, and what is wrong with the data of others."""
    charts: list[Chart] = []
    damaged: list[str] = []
    for part in _PARTS:
        try:
            charts += part(store, record)
        except StoreError as error:
            damaged.append(str(error))
    return charts, damaged


def _curves(store: Store, record: RunRecord) -> Iterator[Chart]:
    """F1 by iteration of CoLaDa, or by epoch of GLoDe: as `draw_figures` and `draw_span_figures` do it."""
    if curves := _taken(record, "curve"):
        texts, tables = [store.metadata(each) for each in curves], [store.table(each) for each in curves]
        panels = [
            curve_panel(table, text["title"], text["x_name"], text["y_name"])
            for table, text in zip(tables, texts, strict=True)
        ]
        x_name = texts[0]["x_name"]
        data = together("panel", [text["title"] for text in texts], tables)
        name = "figure4-f1-by-iteration" if x_name == "iteration" else "glode-figure3-pseudo-labels"
        yield Chart(name, f"F1 by {x_name}", data, curves, partial(draw, panels))


def _models(store: Store, record: RunRecord) -> Iterator[Chart]:
    """F1 of every model on every test set, where no curve shows it."""
    tests = list(dict.fromkeys(test for model in record.models for test in model.scores))
    if not tests or any(store.metadata(each)["x_name"] == "iteration" for each in _taken(record, "curve")):
        return
    rows = [
        {"model": model.name, "test": test, "f1": scored.overall.f1}
        for model in record.models
        for test, scored in model.scores.items()
    ]
    of = {(row["model"], row["test"]): row["f1"] for row in rows}
    models = [model.name for model in record.models]
    groups = [BarGroup(test, 100 * np.array([of.get((model, test), np.nan) for model in models])) for test in tests]
    sources = tuple(scored.reference for model in record.models for scored in model.scores.values())
    shown, told = _some(tests)
    picture = partial(draw_bars, [groups[i] for i in shown], models, "F1 of each model" + told, "F1 (%)")
    yield Chart("f1-by-model", "F1 by model and test set", pa.Table.from_pylist(rows), sources, picture)


def _bins(store: Store, record: RunRecord) -> Iterator[Chart]:
    if bins := _taken(record, "reliability_bins"):
        tables = [store.table(each) for each in bins]
        data = together("iteration", list(range(1, len(bins) + 1)), tables)
        title = "Reliability against correctness"
        yield Chart("figure5-reliability", title, data, bins, partial(draw, bin_panels(tables)))


def _detection(store: Store, record: RunRecord) -> Iterator[Chart]:
    if found := _taken(record, "detection"):
        stages = {taken.reference: taken.stage for taken in record.steps}
        names, tables = [stages[each] for each in found], [store.table(each) for each in found]
        data, title = together("pseudo_labels", names, tables), "Wrong pseudo-labels found by trust"
        yield Chart("detection", title, data, found, partial(draw, detection_panels(names, tables)))


def _consistency(store: Store, record: RunRecord) -> Iterator[Chart]:
    for number, each in enumerate(_taken(record, "consistency")):
        rows = store.table(each)
        panel = consistency_panel(rows, store.metadata(each)["neighbours"])
        name = "figure6-consistency" + (f"-{number + 1}" if number else "")
        yield Chart(name, "Label consistency by type and layer", rows, (each,), partial(draw, [panel]))


def _types(store: Store, record: RunRecord) -> Iterator[Chart]:
    for number, each in enumerate(_taken(record, "type_shares")):
        rows, title = store.table(each), "Types of entities in labels"
        name = "glode-figure4-types" + (f"-{number + 1}" if number else "")
        yield Chart(name, title, rows, (each,), partial(draw_types, rows, title))


def _types_found(store: Store, record: RunRecord) -> Iterator[Chart]:
    """Which types the entities have that models find, beside those of the gold labels they were scored by."""
    tests = list(dict.fromkeys(test for model in record.models for test in model.scores))
    for number, test in enumerate(tests, start=1):
        scored = {model.name: model.scores[test] for model in record.models if test in model.scores}
        gold = next(iter(scored.values())).rows[1:]
        rows = _shares("gold", {row.type: row.gold for row in gold})
        for name, each in scored.items():
            rows += _shares(name, {row.type: row.predicted for row in each.rows[1:]})
        names = ["gold", *scored]
        shown, told = _some(names)
        few = [row for row in rows if row["series"] in {names[i] for i in shown}]
        title, sources = f"Types of entities, {test}", tuple(each.reference for each in scored.values())
        data, drawn = (pa.Table.from_pylist(each, schema=TYPE_SHARES.schema) for each in (rows, few))
        yield Chart(f"types-{number}", title, data, sources, partial(draw_types, drawn, title + told))


def _shares(series: str, counts: dict[str, int]) -> list[dict[str, object]]:
    total = sum(counts.values())
    return [
        {"series": series, "type": name, "entities": count, "share": count / total if total else None}
        for name, count in counts.items()
    ]


def _trainings(store: Store, record: RunRecord) -> Iterator[Chart]:
    """Loss by epoch of every training; where an epoch was chosen, F1 by epoch. A panel for each step."""
    trainings = trainings_of(store, record)
    losses = [(each, each.losses) for each in trainings if each.losses]
    chosen = [(each, each.f1) for each in trainings if each.f1]
    if losses:
        panels = _by_epoch(losses, "mean loss", 1.0, logarithmic=True)
        yield Chart("losses", "Training curves", _epochs("loss", losses), _models_of(losses), partial(draw, panels))
    if chosen:
        panels, title = _by_epoch(chosen, "F1 (%)", 100.0), "F1 on the dev set, by which an epoch was chosen"
        yield Chart("dev-f1", title, _epochs("f1", chosen), _models_of(chosen), partial(draw, panels))


def _by_epoch(
    found: Sequence[tuple[Training, Sequence[float]]], y_name: str, times: float, *, logarithmic: bool = False
) -> list[Panel]:
    of_step: dict[str, list[Line]] = {}
    for training, values in found:
        line = Line(training.name, np.arange(1.0, len(values) + 1), times * np.array(values))
        of_step.setdefault(training.step, []).append(line)
    panels = []
    for step, lines in of_step.items():
        ticks = number_ticks(np.arange(1.0, max(len(line.x) for line in lines) + 1).tolist())
        shown, told = _some([line.name for line in lines])
        panels.append(Panel([lines[i] for i in shown], step + told, "epoch", y_name, ticks, logarithmic))
    return panels


def _epochs(name: str, found: Sequence[tuple[Training, Sequence[float]]]) -> pa.Table:
    return pa.Table.from_pylist(
        [
            {"step": training.step, "training": training.name, "epoch": epoch, name: value}
            for training, values in found
            for epoch, value in enumerate(values, start=1)
        ]
    )


def _models_of(found: Sequence[tuple[Training, Sequence[float]]]) -> tuple[Reference, ...]:
    return tuple(training.reference for training, _ in found)


def _dropped(store: Store, record: RunRecord) -> Iterator[Chart]:
    """Why sentences or pairs were dropped on their way through translation."""
    found = dropped_of(store, record)
    reasons = list(dict.fromkeys(reason for each in found for reason in each.reasons))
    if not reasons:
        return
    rows = [
        {"of": each.name, "kind": each.reference.kind, "reason": reason, "number": count, "share": count / each.total}
        for each in found
        for reason, count in {"kept": each.kept, **each.reasons}.items()
        if each.total
    ]
    groups = [
        BarGroup(each.name, np.array([100 * each.reasons.get(reason, 0) / each.total for reason in reasons]))
        for each in found
        if each.total
    ]
    ticks = [reason.replace("_", " ") for reason in reasons]
    shown, told = _some([group.name for group in groups])
    picture = partial(draw_bars, [groups[i] for i in shown], ticks, "Dropped" + told, "share of all (%)")
    sources = tuple(each.reference for each in found)
    yield Chart("dropped", "What translation dropped, by reason", pa.Table.from_pylist(rows), sources, picture)


def _compared(store: Store, record: RunRecord) -> Iterator[Chart]:
    """F1 of what a comparison put side by side."""
    found = compared_on_record(store, record) if record.method == COMPARE else None
    if found is not None and found.tests:
        models = [model for each in found.tests.values() for model in each]
        sources = tuple(dict.fromkeys(scored.reference for model in models for scored in model.scored))
        yield Chart("f1-by-method", "F1 by method", found.scores, sources, partial(draw_f1, found.tests))


def _taken(record: RunRecord, kind: str) -> tuple[Reference, ...]:
    """The artifacts of a kind that a run made or took, each once, in the order of its steps."""
    return tuple(dict.fromkeys(taken.reference for taken in record.steps if taken.reference.kind == kind))


def _some(names: Sequence[str]) -> tuple[list[int], str]:
    """Which series are drawn, where more would not be told apart, and what the title says of it, empty if all are.

    The first (gold, if it is there), the last (the student) and baselines always are; of the others some are, at equal
    distances.
    """
    must = [i for i, name in enumerate(names) if i in (0, len(names) - 1) or name.startswith(BASELINES)]
    others = [i for i in range(len(names)) if i not in must]
    left = min(len(others), max(_MOST_SERIES - len(must), 0))
    between = [others[i] for i in np.linspace(0, len(others) - 1, left).round().astype(int).tolist()]
    shown = sorted([*must, *between])
    return shown, "" if len(shown) == len(names) else f"\n{len(shown)} of {len(names)} shown; all in the CSV"


_PARTS = (_compared, _curves, _models, _bins, _detection, _consistency, _types, _types_found, _trainings, _dropped)
