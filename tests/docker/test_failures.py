"""What fails: a machine dies in a training, the server goes away for a while, somebody cancels; nothing is lost."""

import signal
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from native import Native
from service_runs import ended, start_run, state_of, steps_of

from artifacts.runs import all_runs, standing
from artifacts.store import Store
from flows.commands.automations import dead_runs

pytestmark = [pytest.mark.slow, pytest.mark.timeout(2400)]
OFTEN = {"data": "data", "device": "cpu", "checkpoint_minutes": 0.01}
CHECKPOINT = ".unfinished/work-encoder-*/checkpoint.pt"
SOON = timedelta(seconds=70)  # Heartbeats come every 30 s at the most often.


@pytest.fixture
def worker(service: Native) -> Iterator[Native]:
    """A worker of the pool cpu whose runs say every 30 s that they live."""
    start_worker(service)
    yield service
    if "worker-cpu" in service.running:
        service.stop("worker-cpu")


def start_worker(service: Native) -> None:
    service.start("worker-cpu", PREFECT_FLOWS_HEARTBEAT_FREQUENCY="30")


def long_run(service: Native, seed: int) -> str:
    """A run that is in its first training, and has a checkpoint."""
    (made,) = service.api("/deployments/filter", deployments={"name": {"any_": ["long-expert"]}})
    config = {**made["parameters"]["config"], "seed": seed}
    before = set(service.store.glob(CHECKPOINT))
    run = start_run(service, "colada/long-expert", config=config, runtime=OFTEN)
    service.wait(lambda: set(service.store.glob(CHECKPOINT)) - before, "worker-cpu", seconds=600)
    return run


def record_of(service: Native, run: str) -> Any:
    """Of the run of a flow run; None if there is none yet."""
    return next((each for each in all_runs(Store(service.store)) if each.caller.flow_run == run), None)


def set_state(service: Native, run: str, kind: str) -> None:
    """As the page of a run does."""
    service.api(f"/flow_runs/{run}/set_state", state={"type": kind, "name": kind.capitalize()}, force=False)


def test_a_run_that_is_cancelled_stops_its_training_within_seconds_and_keeps_its_checkpoint(worker: Native) -> None:
    run = long_run(worker, seed=11)
    asked = time.time()
    set_state(worker, run, "CANCELLING")
    worker.wait(lambda: record_of(worker, run).state == "stopped", "worker-cpu", seconds=120)
    record = record_of(worker, run)
    assert record.ended.timestamp() - asked < 10
    assert record.error is not None and "the training goes on from update" in record.error.message
    assert ended(worker, run, "worker-cpu")["type"] == "CANCELLED"
    (kept,) = worker.store.glob(CHECKPOINT)
    assert kept.stat().st_mtime > asked - 1


def test_a_run_whose_machine_dies_is_called_crashed_and_run_again_it_goes_on_from_its_checkpoint(
    worker: Native,
) -> None:
    (made,) = (each for each in worker.api("/automations/filter") if each["name"] == dead_runs().name)
    soon = dead_runs(SOON).model_dump(mode="json", exclude_unset=True)
    httpx.put(f"{worker.url}/api/automations/{made['id']}", json=soon, auth=worker.auth, timeout=30).raise_for_status()
    run = long_run(worker, seed=12)
    machine = psutil.Process(worker.running["worker-cpu"].pid)
    for process in [*machine.children(recursive=True), machine]:
        process.kill()
    worker.running.pop("worker-cpu").wait()
    assert state_of(worker, run)["type"] == "RUNNING", "nobody was left to say otherwise"
    store = Store(worker.store)
    worker.wait(lambda: standing(store, record_of(worker, run)) == "killed", "worker-cpu", seconds=60)
    state = ended(worker, run, "server", seconds=400)
    assert state["type"] == "CRASHED" and "said nothing for too long" in state["message"]

    start_worker(worker)
    (found,) = worker.api("/deployments/filter", deployments={"name": {"any_": ["long-expert"]}})
    again = start_run(worker, "colada/long-expert", config={**found["parameters"]["config"], "seed": 12}, runtime=OFTEN)
    (encoder,) = worker.wait(lambda: list(store.manifests_of("encoder")), "worker-cpu", seconds=900)
    assert encoder.notes["resumed_at"] > 0
    set_state(worker, again, "CANCELLING")
    assert ended(worker, again, "worker-cpu")["type"] == "CANCELLED"


def test_a_run_goes_on_while_the_server_is_away(worker: Native) -> None:
    run = start_run(worker, "colada/tiny", **_form(worker, seed=13))
    worker.wait(lambda: len(steps_of(worker, run)) > 10, "worker-cpu", seconds=600)
    worker.stop("server", signal.SIGKILL)
    time.sleep(15)
    worker.start("server")
    assert ended(worker, run, "worker-cpu", "server")["type"] == "COMPLETED"
    record = record_of(worker, run)
    assert record.state == "done" and len({taken.reference for taken in record.steps}) == len(record.steps)


def _form(service: Native, **changes: Any) -> dict[str, Any]:
    (made,) = service.api("/deployments/filter", deployments={"name": {"any_": ["tiny"]}})
    return {**made["parameters"], "form": {**made["parameters"]["form"], **changes}}


def test_a_store_is_not_harmed_by_any_of_it(service: Native) -> None:
    from artifacts.upkeep import verify

    assert [str(finding) for finding in verify(Store(Path(service.store)))] == []
