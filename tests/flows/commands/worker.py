"""Waiting for a worker that makes the runs of a deployment."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterDeploymentId
from prefect.client.schemas.objects import FlowRun

_WAIT_SECONDS = 240.0


def wait_for(find: Callable[[], Any], log: Path) -> Any:
    """What `find` gives, as soon as it gives something; the log is shown if that takes too long."""
    deadline = time.monotonic() + _WAIT_SECONDS
    while not (found := find()):
        assert time.monotonic() < deadline, log.read_text(encoding="utf-8")
        time.sleep(0.5)
    return found


def ended(client: SyncPrefectClient, made: Any) -> list[FlowRun]:
    """Runs of the deployment that are over."""
    of = FlowRunFilter(deployment_id=FlowRunFilterDeploymentId(any_=[made.id]))
    return [run for run in client.read_flow_runs(flow_run_filter=of) if run.state and run.state.is_final()]
