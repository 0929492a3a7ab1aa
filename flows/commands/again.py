"""A run from a chosen step on: that step and all that depends on it are made anew, whatever the store has of them."""

from collections import Counter
from collections.abc import Iterator

from artifacts.errors import InputError
from artifacts.garbage import forget
from artifacts.reference import Reference
from artifacts.runtime import Run, Runtime, StepOutcome
from artifacts.settings import Settings
from artifacts.store import Store
from flows.commands.methods import Method
from flows.commands.plan import plan_steps


def plan_from(method: Method, config: Settings, runtime: Runtime, step: str) -> tuple[Run, list[Reference]]:
    """What a run from a step on would do, and which artifacts it would make again; nothing is touched.

    Args:
        method: whose steps they are.
        config: its settings.
        runtime: where the store is.
        step: a step's name, for all of that name, or with its stage as logs have it: train_student · student; empty:
            nothing is to be made again.

    Raises:
        InputError: if the method takes no such step.
    """
    before = plan_steps(method, config, runtime)
    if not step:
        return before, []
    after = plan_steps(method, config, runtime, anew=step)
    if not any(step in (outcome.step, outcome.place) for outcome in before.outcomes):
        known = ", ".join(dict.fromkeys(outcome.step for outcome in before.outcomes))
        raise InputError(f"from step {step}: {method.name} takes no such step here; expected one of: {known}")
    kept = {place for place, outcome in _placed(after) if outcome.status == "cached"}
    there = [each.reference for place, each in _placed(before) if each.status == "cached" and place not in kept]
    return after, list(dict.fromkeys(there))


def _placed(run: Run) -> Iterator[tuple[tuple[str, int], StepOutcome]]:
    """Steps by their place; several of one place by their order, for a plan may end earlier than another."""
    seen: Counter[str] = Counter()
    for outcome in run.outcomes:
        yield (outcome.place, seen[outcome.place]), outcome
        seen[outcome.place] += 1


def forget_from(method: Method, config: Settings, runtime: Runtime, step: str) -> Run:
    """Takes the artifacts of a step, and of what depends on it, out of the store, so that the next run makes them anew.

    Raises:
        InputError: if the method takes no such step, or another run is at one of them.
    """
    planned, references = plan_from(method, config, runtime, step)
    busy = forget(Store(runtime.store), references)
    if busy:
        raise InputError(f"from step {step}: a run that goes on uses {busy[0]}; wait until it is done, or stop it")
    return planned
