"""Run a method once for each value of one setting, and compare the students (CoLaDa's Figure 7 is this with K).

crosstag sweep configs/quickstart.yaml --vary reliability.neighbours=0,50,100,500
"""

import json
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from prefect import flow
from prefect.artifacts import create_markdown_artifact
from rich.table import Table

from artifacts.errors import InputError
from artifacts.recorder import recorded
from artifacts.reference import Reference
from artifacts.report import markdown_table, ui_may_be_away
from artifacts.runs import RunRecord
from artifacts.runtime import Runtime, stage
from artifacts.settings import Settings
from artifacts.store import Store
from flows.commands.configuration import parsed
from flows.commands.methods import Method, load
from flows.parts.plain_errors import tell_plainly
from flows.parts.run_tables import wide_console
from flows.parts.summary import Result, complete, show_pictures
from tasks.evaluation.curves import CurveText, trace_curve
from tasks.evaluation.figures import draw_figures

_SEED = "seed"


@dataclass(frozen=True)
class Variation:
    """One value of the setting, and the run that it makes."""

    value: Any
    name: str
    method: Method
    config: Settings


@dataclass(frozen=True)
class Outcome:
    """What came of a variation: its student, F1 in [0, 1] by test set, how many steps were cached; its run's id."""

    name: str
    result: Result
    f1: dict[str, float]
    ran: int
    cached: int
    run: str = ""


def variations(path: Path, vary: str, settings: Sequence[str] = ()) -> list[Variation]:
    """All runs of a sweep, every one checked before any starts.

    Args:
        path: the configuration.
        vary: `path.to.key=value,value,...`; each value is read as YAML.
        settings: further changes, as of `--set`.

    Raises:
        InputError: if `vary` is not of that form, or the configuration does not take a value.
    """
    key, equals, text = vary.partition("=")
    try:
        values = parsed(f"[{text}]")
    except yaml.YAMLError:
        raise InputError(f"--vary {vary}: the values are not valid YAML; quote those with signs in them") from None
    if not key or not equals or not values:
        raise InputError(f"--vary {vary}: expected path.to.key=value,value, such as reliability.neighbours=0,50,500")
    found: dict[str, Variation] = {}
    for given in values:
        method, config = load(path, [*settings, f"{key}={json.dumps(given, default=str)}"])
        value = method.name if key == "method" else _value_at(config, key)
        name = f"{value:.6g}" if isinstance(value, float) else str(value)
        if name in found:
            raise InputError(f"--vary {vary}: the value {name} is given twice; give it once")
        found[name] = Variation(value, name, method, config)
    return list(found.values())


def check(runs: Sequence[Variation], runtime: Runtime) -> None:
    """Looks at everything the user gave, for every run.

    Raises:
        InputError: at the first thing that would stop one.
    """
    for each in runs:
        each.method.check(each.config, runtime)


@flow(name="sweep")
def sweep(
    config: Path, vary: str, settings: tuple[str, ...] = (), name: str = "", runtime: Runtime | None = None
) -> Reference | None:
    """Runs the method of a configuration once for each value of a setting; all that does not depend on it is cached."""
    chosen = runtime or Runtime()
    tell_plainly()
    runs = variations(config, vary, settings)
    check(runs, chosen)
    key = vary.partition("=")[0]
    outcomes = []
    for number, each in enumerate(runs, start=1):
        wide_console().print(f"{key} = {each.name}, run {number} of {len(runs)}")
        with recorded(chosen, each.method.name, each.config.model_dump(mode="json")) as run:
            result = each.method.steps(each.config, chosen)
            outcomes.append(_outcome(complete(run, result), each, result))
    asked = {"config": str(config), "vary": vary, "settings": list(settings), "runs": [o.run for o in outcomes]}
    with recorded(chosen, "sweep", asked) as run:
        with stage(f"sweep of {key}"):
            figures = _draw(key, name or key, runs, outcomes)
        _show(run.store, key, outcomes, figures)
    return figures


def _outcome(record: RunRecord, each: Variation, result: Result) -> Outcome:
    f1 = {test: scored.overall.f1 for test, scored in record.models[-1].scores.items()}
    return Outcome(each.name, result, f1, len(record.ran), len(record.steps) - len(record.ran), record.id)


def _draw(key: str, name: str, runs: Sequence[Variation], outcomes: Sequence[Outcome]) -> Reference | None:
    """F1 over the setting, if its values are numbers on a scale (seeds are not) and there is a test set."""
    numbers = all(isinstance(each.value, int | float) and not isinstance(each.value, bool) for each in runs)
    points = [
        (scores, test, float(each.value))
        for each, outcome in zip(runs, outcomes, strict=True)
        for test, scores in outcome.result.scores.items()
        if numbers and key != _SEED
    ]
    if len(runs) < 2 or not points:
        return None
    scores, series, xs = zip(*points, strict=True)
    return draw_figures(settings=(trace_curve(scores, series, xs, CurveText(title=f"F1 by {name}", x_name=name)),))


def _show(store: Store, key: str, outcomes: Sequence[Outcome], figures: Reference | None) -> None:
    """Prints the comparison, and shows it in the Prefect UI."""
    header, rows = comparison(key, outcomes)
    table = Table(title="\nF1 of the student, in %", title_justify="left", title_style="bold", box=None, pad_edge=False)
    for column in header:
        table.add_column(column, justify="left" if column in (key, "student") else "right", no_wrap=True)
    for row in rows:
        table.add_row(*row)
    console = wide_console()
    console.print(table)
    page = "## F1 of the student, in %\n\n" + markdown_table(header, rows)
    with ui_may_be_away("the sweep"):
        create_markdown_artifact(markdown=page, key="sweep", description=f"F1 by {key}")
    if figures is not None:
        console.print(f"\nfigures   {store.folder(figures)}")
        with ui_may_be_away("the sweep"):
            show_pictures(store, figures)


def comparison(key: str, outcomes: Sequence[Outcome]) -> tuple[list[str], list[list[str]]]:
    """Header and rows of the table: a row per value; for seeds, mean and standard deviation (n - 1) below."""
    tests = list(dict.fromkeys(test for outcome in outcomes for test in outcome.f1))
    rows = [
        [
            each.name,
            *(f"{100 * each.f1[test]:.1f}" if test in each.f1 else "" for test in tests),
            str(each.ran),
            str(each.cached),
            f"{each.result.student.kind}/{each.result.student.key[:10]}",
        ]
        for each in outcomes
    ]
    if key == _SEED and len(outcomes) > 1:
        for name, of in (("mean", statistics.mean), ("standard deviation", statistics.stdev)):
            rows.append([name, *(f"{100 * of(each.f1[test] for each in outcomes):.1f}" for test in tests), "", "", ""])
    return [key, *tests, "ran", "cached", "student"], rows


def _value_at(config: Any, key: str) -> Any:
    """The checked value that a dotted path leads to."""
    place = config
    for part in key.split("."):
        if isinstance(place, list | tuple):
            place = place[int(part)]
        else:
            place = place[part] if isinstance(place, Mapping) else getattr(place, part)
    return place
