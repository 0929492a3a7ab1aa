"""Runs of deployments that a run has asked for, and what becomes of them when it ends."""

from collections.abc import Iterable
from uuid import UUID

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterId
from prefect.client.schemas.objects import FlowRun
from prefect.states import Cancelling

_AT_A_TIME = 100  # Of more than 200 at once a server tells nothing.


def read_runs(client: SyncPrefectClient, keys: Iterable[UUID]) -> dict[UUID, FlowRun]:
    """The runs as the server knows them now; one that was deleted there is not among them."""
    wanted, found = list(keys), []
    for first in range(0, len(wanted), _AT_A_TIME):
        some = FlowRunFilter(id=FlowRunFilterId(any_=wanted[first : first + _AT_A_TIME]))
        found += client.read_flow_runs(flow_run_filter=some, limit=_AT_A_TIME)
    return {run.id: run for run in found}


def cancel(client: SyncPrefectClient, runs: Iterable[FlowRun]) -> None:
    """Has those end that are not over; one that no worker has taken is over at once, a training keeps a checkpoint."""
    for run in runs:
        if run.state is None or not run.state.is_final():
            client.set_flow_run_state(run.id, Cancelling())
