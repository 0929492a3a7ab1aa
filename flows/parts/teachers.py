"""Teachers of an ensemble that other workers train, beside the run that needs them (`Runtime.teachers_pool`).

The run asks for a run of the deployment `teacher/POOL` for each teacher but the first, the last one first, and trains
them itself from the first on. Who comes to a teacher first trains it, under its lock; the other finds it in the store.
So no run waits for a worker: where none is free, the run trains them all. On record is the run that needs them, alone.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, cast

from httpx import HTTPError
from prefect import flow, get_client, get_run_logger
from prefect.client.schemas.objects import FlowRun
from prefect.deployments import run_deployment
from prefect.exceptions import ObjectNotFound
from prefect.settings import PREFECT_API_URL

from artifacts.errors import InputError
from artifacts.reference import Reference
from artifacts.runtime import Run, Runtime, current_run, running, stage
from artifacts.side_by_side import Call
from flows.parts.other_runs import cancel, read_runs
from flows.parts.plain_errors import tell_plainly
from tasks.tagging.train_tagger import TaggerTraining, train_tagger
from tasks.tagging.windows import WindowConfig

FLOW = "teacher"
_OF_THE_RUN = {"device", "threads", "checkpoint_minutes"}  # The store is where the worker says.


@flow(name=FLOW, flow_run_name="{configuration}, {name}")
def teacher(
    configuration: str,
    name: str,
    data: Reference,
    start: Reference,
    training: TaggerTraining,
    windows: WindowConfig,
    runtime: Runtime,
) -> Reference:
    """Trains one teacher; all that it reads is in the store.

    Args:
        configuration: name of that of the run that needs it.
        name: such as Theta_src^2.
        data: labelled sentences.
        start: an encoder, or a tagger.
        training: its settings, the seed among them.
        windows: how long sentences are cut.
        runtime: of the worker's machine.
    """
    tell_plainly()
    with running(runtime), stage(name):
        return train_tagger(data, start, training, windows)


def check_teachers_pool(runtime: Runtime) -> None:
    """Looks whether teachers can be asked for, if the run is to.

    Raises:
        InputError: if there is no server, or none that has the deployment.
    """
    where = f"{FLOW}/{runtime.teachers_pool}"
    if not runtime.teachers_pool:
        return
    if PREFECT_API_URL.value() is None:
        raise InputError(
            f"teachers_pool {runtime.teachers_pool}: PREFECT_API_URL is not set, so there are no workers; set it to "
            "the address of your server, or train teachers side by side on this machine by `workers`"
        )
    with get_client(sync_client=True) as client:
        try:
            client.read_deployment_by_name(where)
        except ObjectNotFound:
            raise InputError(
                f"teachers_pool {runtime.teachers_pool}: the server has no deployment {where}; `crosstag deploy` and "
                "`make up` make those of the pools cpu and gpu, --teachers-pool that of the pool it names"
            ) from None


@contextmanager
def handed_out(calls: Sequence[Call]) -> Iterator[None]:
    """While the run makes these calls of `train_tagger`, workers of `Runtime.teachers_pool` make them, too.

    At the end those that no worker has taken are cancelled; all of them if the run fails or is stopped.
    """
    run = current_run()
    if run is None or run.planning or not run.runtime.teachers_pool:
        yield
        return
    keys = [train_tagger.key_of(train_tagger.bound(*call.arguments)) for call in calls]
    missing = [call for call, key in zip(calls, keys, strict=True) if run.store.known(*key) is None]
    asked: list[FlowRun] = []
    finished = False
    try:
        with _server_may_be_away():
            for call in reversed(missing[1:]):
                asked.append(_ask(run, call))
        yield
        finished = True
    finally:
        with _server_may_be_away():
            _end(asked, only_waiting=finished)


@contextmanager
def _server_may_be_away() -> Iterator[None]:
    """What a run computes does not wait for the server: it trains all teachers itself."""
    try:
        yield
    except HTTPError as error:
        get_run_logger().warning("the server does not answer, so teachers are trained without it: %r", error)


def _ask(run: Run, call: Call) -> FlowRun:
    """Asks for the run of a teacher, and does not wait for it."""
    data, start, training, windows = call.arguments
    parameters: dict[str, Any] = {
        "configuration": run.recorder.record.name if run.recorder is not None else "",
        "name": call.stage,
        "data": data.model_dump(mode="json"),
        "start": start.model_dump(mode="json"),
        "training": training.model_dump(mode="json"),
        "windows": windows.model_dump(mode="json"),
        "runtime": run.runtime.model_dump(mode="json", include=_OF_THE_RUN),
    }
    where = f"{FLOW}/{run.runtime.teachers_pool}"
    return cast(FlowRun, run_deployment(where, parameters=parameters, timeout=0, tags=[FLOW]))


def _end(asked: Sequence[FlowRun], *, only_waiting: bool) -> None:
    """Cancels runs that were asked for, and tells of those that failed: this run has trained their teachers itself."""
    if not asked:
        return
    with get_client(sync_client=True) as client:
        found = list(read_runs(client, [run.id for run in asked]).values())
        cancel(client, [run for run in found if not only_waiting or not (run.state and run.state.is_running())])
    for run in found:
        if run.state is not None and (run.state.is_failed() or run.state.is_crashed()):
            get_run_logger().warning("the run %s ended %s: %s", run.name, run.state.name, run.state.message)
