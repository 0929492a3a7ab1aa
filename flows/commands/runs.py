"""What `crosstag runs` prints: the runs of a store, one of them, and where two differ."""

from collections.abc import Sequence
from typing import Any

import yaml
from pydantic import ValidationError
from rich.console import Console
from rich.table import Table
from rich.text import Text

from artifacts.errors import InputError
from artifacts.run_difference import RunDifference, compare_runs
from artifacts.runs import RunRecord, all_runs, find_run, standing
from artifacts.store import Store
from flows.commands.methods import METHODS
from flows.commands.store import existing
from flows.parts.comparison_on_record import COMPARE
from flows.parts.console import text_console
from flows.parts.run_tables import print_result
from flows.parts.run_words import BESIDE_TEST_SETS, about, languages, moment, place_in_run, seconds_taken

_WIDTH = 140
_ID = 10
_UNSET = "unset"
_STYLES = {"running": "yellow", "killed": "red", "failed": "red", "stopped": "red", "done": "green"}


def print_runs(root: str) -> None:
    """One line per run, the newest last."""
    store = existing(root)
    header = ("run", "started", "method", "configuration", "languages", "status", "F1", "steps", "seconds", "at")
    table = Table(*header, box=None, pad_edge=False)
    for record in all_runs(store):
        status = standing(store, record)
        cells = (record.id[:_ID], moment(record.started), record.method, record.name or "-", languages(record))
        steps = f"{len(record.steps) - len(record.ran)} cached, {len(record.ran)} ran"
        shown = Text(status, style=_STYLES[status])
        table.add_row(*cells, shown, f1_of_student(record), steps, seconds_taken(record, status), place_in_run(record))
    _console().print(table)


def print_run(root: str, text: str, *, everything: bool) -> None:
    """A run from its record alone: who and where, settings, steps, scores, student."""
    store = existing(root)
    record = find_run(store, text)
    console = text_console()
    for name, value in about(record, standing(store, record)).items():
        console.print(f"{name:<14} {value}")
    console.print("\nsettings" + ("" if everything else " that are not the defaults"))
    changed = None if everything else changed_settings(record)
    settings = record.configuration if changed is None else changed
    console.print(yaml.safe_dump(settings, sort_keys=False, allow_unicode=True).rstrip())
    console.print()
    table = Table("step", "for", "status", "seconds", "memory", "artifact", box=None, pad_edge=False)
    for taken in record.steps:
        cells = (taken.status, f"{taken.seconds:.1f}", _memory(taken.peak_memory_bytes, taken.peak_gpu_memory_bytes))
        table.add_row(taken.step, taken.stage, *cells, f"{taken.reference.kind}/{taken.reference.key[:_ID]}")
    _console().print(table)
    print_result(store, record)


def print_difference(root: str, one: str, other: str) -> None:
    """Where two runs differ, and nothing else."""
    store = existing(root)
    first, second = find_run(store, one), find_run(store, other)
    found = difference_of(store, first, second)
    names = tuple(f"{record.id[:_ID]} ({record.name or record.method})" for record in (first, second))
    for title, pairs in (("settings", found.settings), ("ran on", found.surroundings)):
        _print_rows(title, ("", *names), [(path, *map(_value, pair)) for path, pair in pairs.items()])
    _print_rows("steps that made something else", ("step", "for", "why"), _step_rows(found))
    _print_rows("F1, in %", ("model", "on", *names, "change"), score_rows(found))
    if not any((found.settings, found.surroundings, found.steps, found.scores)):
        _console().print("they differ in nothing but time")


def difference_of(store: Store, first: RunRecord, second: RunRecord) -> RunDifference:
    """Where two runs of methods differ.

    Raises:
        InputError: if one of them is a comparison, whose settings and steps are not those of a method.
    """
    for record in (first, second):
        if record.method == COMPARE:
            raise InputError(
                f"run {record.id[:_ID]}: it is a comparison, which has no settings and steps of a method to "
                "differ in; name a run of a method: `crosstag runs ls` lists them"
            )
    return compare_runs(store, first, second)


def changed_settings(record: RunRecord) -> dict[str, Any] | None:
    """The configuration without what are today's defaults of its method; None if it is none of a method of today."""
    if record.method not in METHODS:
        return None
    try:
        config = METHODS[record.method]().config.model_validate(record.configuration)
    except ValidationError:  # Settings of an older Crosstag: their defaults are not known.
        return None
    return config.model_dump(mode="json", exclude_defaults=True)


def _step_rows(found: RunDifference) -> list[tuple[str, ...]]:
    return [(each.step, each.stage, "; ".join(each.reasons)) for each in found.steps]


def score_rows(found: RunDifference) -> list[tuple[str, ...]]:
    """Model, test set, F1 of both in %, and the change."""
    rows = []
    for each in found.scores:
        both = each.first is not None and each.second is not None
        change = f"{100 * (each.second - each.first):+.1f}" if both else ""  # type: ignore[operator]
        scores = ["-" if f1 is None else f"{100 * f1:.1f}" for f1 in (each.first, each.second)]
        rows.append((each.model, each.test, *scores, change))
    return rows


def _print_rows(title: str, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    if rows:
        table = Table(*header, title=f"\n{title}", title_justify="left", title_style="bold", box=None, pad_edge=False)
        for row in rows:
            table.add_row(*row)
        _console().print(table)


def _value(value: object) -> str:
    return _UNSET if value is None else str(value)


def f1_of_student(record: RunRecord) -> str:
    """The student's F1 on its first test set, or on the mean over languages, in %; empty if it has no test set."""
    if record.student is None or not record.models:
        return ""
    tests = {name: each for name, each in record.models[-1].scores.items() if name not in BESIDE_TEST_SETS}
    means = [each for name, each in tests.items() if name.startswith("average")]
    first = next(iter(means or tests.values()), None)
    return "" if first is None else f"{100 * first.overall.f1:.1f}"


def _memory(resident: int | None, gpu: int | None) -> str:
    parts = [f"{amount / 2**20:,.0f} MB{where}" for amount, where in ((resident, ""), (gpu, " GPU")) if amount]
    return ", ".join(parts)


def _console() -> Console:
    return text_console(_WIDTH)
