"""What a run says while it waits for another that works on the same step."""

import sys
from collections.abc import Callable

from prefect import get_run_logger
from prefect.exceptions import MissingContextError

from artifacts.errors import StoreError
from artifacts.runs import RunRecord, StepUnderWay, all_runs, standing
from artifacts.store import Store, record_key


def waiting_for(store: Store, lock: str, own: str) -> str:
    """Which run holds the lock of a step, as far as records of runs tell; several that want it began after it.

    Args:
        store: of the runs.
        lock: name of the lock.
        own: the id of the run that waits.
    """
    found: list[tuple[StepUnderWay, RunRecord]] = []
    try:
        for run in all_runs(store):
            at = [step for step in run.under_way if record_key(*step.artifact.split("/")) == lock]
            if at and run.id != own and standing(store, run) == "running":
                found.append((at[0], run))
    except StoreError:
        pass  # A record that cannot be read says nothing of who it is; `crosstag runs ls` tells.
    if not found:
        return f"waiting for another process that works on {lock.rpartition('/')[0]}"
    step, run = min(found, key=lambda pair: pair[0].since)
    where = f"{step.step} · {step.stage}" if step.stage else step.step
    name = f"{run.method} {run.name}".rstrip()
    return f"waiting for {run} ({name}), which is at {where} since {step.since.astimezone():%H:%M}"


def tell_waiting(store: Store, own: str) -> Callable[[str], None]:
    """Gives what says for whom a run waits, by the name of a lock: in its log, or without one on standard error."""

    def tell(lock: str) -> None:
        text = waiting_for(store, lock, own)
        try:
            get_run_logger().info("%s", text)
        except MissingContextError:
            print(text, file=sys.stderr, flush=True)

    return tell
