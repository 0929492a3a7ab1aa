"""What a run would do, without a server and without touching the store; and keeping results over a code change."""

import uuid
from typing import Any

from rich.table import Column, Table
from rich.text import Text

from artifacts.cache import record_key, step_key
from artifacts.errors import InputError
from artifacts.explain import nearest_manifest, only_code_differs
from artifacts.manifest import Recipe
from artifacts.progress import duration
from artifacts.runtime import Run, Runtime, StepOutcome, running
from artifacts.settings import Settings
from flows.commands.methods import Method
from flows.parts.console import text_console

_WIDTH = 140
_STYLE = {"cached": "green", "to run": "yellow", "depends": "dim"}


def plan_steps(method: Method, config: Settings, runtime: Runtime, anew: str = "") -> Run:
    """Goes through the flow and looks up each step's key; computes nothing, writes nothing.

    A step that `anew` names, as `step` or `step · stage`, is planned as if the store had nothing of it.
    """
    with running(runtime, planning=True) as run:
        run.anew = anew
        method.steps(config, runtime)
    return run


def announcement(method: Method, config: Any, run: Run, takes: str, changed: bool) -> str:
    """One line on what a run will do: the method, its languages, how many steps, how long.

    Args:
        method: the method.
        config: its configuration.
        run: as planned by `plan_steps`.
        takes: how long the configuration's file says that it takes from an empty store; empty if it does not.
        changed: whether settings of the file were changed, so that it may take another time.
    """
    total, cached = len(run.outcomes), sum(outcome.status == "cached" for outcome in run.outcomes)
    what = f"{method.name}, {config.direction}: {total} steps"
    if cached == total:
        return f"{what}, all in the store: nothing to compute"
    seconds, unknown = time_expected(run)
    if seconds is not None and unknown < total - cached:
        return f"{what}, {cached} in the store; the others take {seconds}" + (
            f", and {unknown} that never ran in this store on top" if unknown else ", as they took before"
        )
    if not takes:
        return f"{what}, {cached} in the store; how long the others take is not known"
    known = f"about {takes}{' without --set' if changed else ''}"
    return f"{what}, {cached} in the store; all of them take {known}" if cached else f"{what}, {known}"


def time_expected(run: Run) -> tuple[str | None, int]:
    """How long the steps that are not in the store take by those that ran there before, and how many never did.

    A step that depends on others counts as if it ran.
    """
    expected = [outcome.expected.seconds for outcome in run.outcomes if outcome.status != "cached"]
    known = [seconds for seconds in expected if seconds is not None]
    return (f"about {duration(sum(known))}" if known else None), len(expected) - len(known)


def plan_rows(run: Run) -> list[tuple[str, str, str, str, str]]:
    """Step, stage, status, time, why."""
    rows = []
    for outcome in run.outcomes:
        seconds = outcome.expected.seconds
        time = "" if seconds is None else duration(seconds)
        rows.append((outcome.step, outcome.label, str(outcome.status), time, "; ".join(outcome.reasons)))
    return rows


def print_plan(run: Run) -> None:
    """A table of the steps, then how many of each status, and how long they will take."""
    table = Table("step", "for", "status", Column("time", justify="right"), "why", box=None, pad_edge=False)
    for step, stage, status, time, why in plan_rows(run):
        table.add_row(step, stage, Text(status, style=_STYLE[status]), time, why)
    console = text_console(_WIDTH)
    console.print(table)
    counts = {status: sum(o.status == status for o in run.outcomes) for status in _STYLE}
    console.print("\n" + ", ".join(f"{count} {status}" for status, count in counts.items()))
    if counts["depends"]:
        console.print("depends: waits for the steps to run; cached if they give what they gave before")
    total, unknown = time_expected(run)
    if total is not None:
        more = f"; {unknown} never ran in this store, and are not counted" if unknown else ""
        console.print(f"time: {total} if all of these run, as they took before, by rows and epochs{more}")


def adopt_step(method: Method, config: Settings, runtime: Runtime, step: str, why: str) -> list[str]:
    """Gives results of `step` made by older code the key that today's code has.

    Only where nothing but the code differs. Steps below become plannable with each adoption, so it goes on until
    none is left.

    Raises:
        InputError: if the flow has no such step, no reason was given, there is nothing to adopt, or a run is making it.
    """
    if not why.strip():
        raise InputError("adopt: --why is empty; say why the change cannot alter the result")
    lines: list[str] = []
    while True:
        run = plan_steps(method, config, runtime)
        if step not in {outcome.step for outcome in run.outcomes}:
            names = ", ".join(dict.fromkeys(outcome.step for outcome in run.outcomes))
            raise InputError(f"adopt: {method.name} has no step {step!r}; its steps are {names}")
        adopted = [line for o in run.outcomes if o.step == step and (line := _adopt(run, o, why))]
        if not adopted:
            break
        lines += adopted
    if not lines:
        raise InputError(
            f"adopt: no result of {step} differs from a stored one by code alone; `crosstag plan` says what differs"
        )
    return lines


def _adopt(run: Run, outcome: StepOutcome, why: str) -> str | None:
    recipe: Recipe | None = outcome.recipe
    if outcome.status != "to run" or recipe is None:
        return None
    made = run.store.manifests_of(outcome.reference.kind)
    nearest = nearest_manifest(made, recipe, outcome.definitions, outcome.label)
    if nearest is None or not only_code_differs(nearest.recipe, recipe):
        return None
    key, holder = step_key(recipe), f"adopt-{uuid.uuid4().hex}"
    lock = record_key(nearest.kind, key)
    if not run.store.locks.acquire_lock(lock, holder, acquire_timeout=0):
        raise InputError(
            f"adopt: a run is making {nearest.kind}/{key} at this moment, and would put it in the place of what is "
            "adopted; stop it, adopt, and run again"
        )
    try:
        reference = run.store.adopt(nearest, key, recipe, outcome.definitions, why)
    finally:
        run.store.locks.release_lock(lock, holder)
    return f"{nearest.kind}/{nearest.key} is now also {reference}"
