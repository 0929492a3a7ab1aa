"""A schedule fires, and a worker in a folder without our code makes the run: every step comes from the store."""

import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.actions import DeploymentUpdate
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterDeploymentId,
    FlowRunFilterId,
    TaskRunFilter,
    TaskRunFilterFlowRunId,
)
from prefect.client.schemas.schedules import IntervalSchedule
from worker import ended, wait_for

from artifacts.runs import all_runs
from artifacts.store import Store
from flows.commands.deploy import deploy
from flows.commands.deployments import Deployment, deployments_of


@pytest.fixture
def deployment(data: Path, tmp_path: Path) -> Deployment:
    path = tmp_path / "tiny-scheduled.yaml"
    text = f"# crosstag run configs/tiny-scheduled.yaml --data {data} --device cpu\n"
    path.write_text(text + (data / "tiny.yaml").read_text(encoding="utf-8"), encoding="utf-8")
    return deployments_of([path])[0]


def test_the_server_makes_the_runs_of_a_schedule(
    client: SyncPrefectClient, deployment: Deployment, prefect_home: Path
) -> None:
    # Of SQLAlchemy 2.1 the server's scheduler says `Can't evaluate bulk DML statement`, and no run ever comes.
    deploy([deployment])
    made = client.read_deployment_by_name("colada/tiny-scheduled")
    client.create_deployment_schedules(made.id, [(IntervalSchedule(interval=timedelta(days=1)), True)])
    client.update_deployment(made.id, DeploymentUpdate(paused=False))
    of = FlowRunFilter(deployment_id=FlowRunFilterDeploymentId(any_=[made.id]))
    (first, *_) = wait_for(lambda: client.read_flow_runs(flow_run_filter=of), prefect_home / "server.log")
    client.update_deployment(made.id, DeploymentUpdate(schedules=[], paused=True))
    assert first.auto_scheduled and first.parameters == made.parameters
    assert "InvalidRequestError" not in (prefect_home / "server.log").read_text(encoding="utf-8")


@pytest.mark.slow
def test_a_schedule_fires_and_its_run_finds_every_step_in_the_store(
    client: SyncPrefectClient,
    deployment: Deployment,
    start_worker: Callable[..., Path],
    finished: Path,
    tmp_path: Path,
) -> None:
    store = Path(shutil.copytree(finished, tmp_path / "store"))
    artifacts = {path for path in store.rglob("manifest.json")}
    deploy([deployment])
    made = client.read_deployment_by_name("colada/tiny-scheduled")
    log = start_worker(CROSSTAG_ROOT=str(tmp_path / "elsewhere"), CROSSTAG_STORE=str(store))
    client.create_deployment_schedules(made.id, [(IntervalSchedule(interval=timedelta(seconds=20)), True)])
    client.update_deployment(made.id, DeploymentUpdate(paused=False))
    run = wait_for(lambda: ended(client, made), log)[0]
    client.update_deployment(made.id, DeploymentUpdate(schedules=[], paused=True))
    assert run.auto_scheduled and run.state.is_completed(), log.read_text(encoding="utf-8")
    steps = client.read_task_runs(
        flow_run_filter=FlowRunFilter(id=FlowRunFilterId(any_=[run.id])),
        task_run_filter=TaskRunFilter(flow_run_id=TaskRunFilterFlowRunId(any_=[run.id])),
    )
    assert len(steps) > 30 and {step.state_name for step in steps} == {"Cached"}
    assert {path for path in store.rglob("manifest.json")} == artifacts
    first, *fired = all_runs(Store(store))
    record = next(each for each in fired if each.caller.flow_run == str(run.id))
    assert (record.caller.by, record.name, record.state) == ("schedule", "tiny-scheduled", "done")
    assert len(record.steps) == len(first.steps) and record.ran == ()


@pytest.mark.slow
def test_a_worker_that_was_told_no_folder_says_so_and_computes_nothing(
    client: SyncPrefectClient, deployment: Deployment, start_worker: Callable[..., Path], tmp_path: Path
) -> None:
    deploy([deployment])
    made = client.read_deployment_by_name("colada/tiny-scheduled")
    log = start_worker(CROSSTAG_STORE=str(tmp_path / "store"))
    client.update_deployment(made.id, DeploymentUpdate(paused=False))
    client.create_flow_run_from_deployment(made.id)
    before = wait_for(lambda: [run for run in ended(client, made) if not run.auto_scheduled], log)
    assert not before[0].state.is_completed()
    assert "CROSSTAG_ROOT is ''" in log.read_text(encoding="utf-8")
    assert not (tmp_path / "store").exists()
