"""The Prefect server of $PREFECT_API_URL, its work pools, and whether a worker serves one."""

from collections.abc import Iterator
from contextlib import contextmanager

import httpx
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.client.schemas.objects import WorkerStatus
from prefect.exceptions import ObjectNotFound, PrefectHTTPStatusError
from prefect.workers.process import ProcessWorker

from artifacts.errors import InputError
from flows.commands.deployments import CPU_POOL, GPU_POOL, MANY_POOL
from flows.commands.server import HOW_TO_GET_ONE, WANTS_A_PASSWORD, named_server, refused

_GPU_RUNS = 1  # Trainings share no GPU.


@contextmanager
def server_for(command: str) -> Iterator[SyncPrefectClient]:
    """A client of the server.

    Args:
        command: that needs it, for messages.

    Raises:
        InputError: if no server is named, none answers, or it wants another password.
    """
    server = named_server(command)
    try:
        with get_client(sync_client=True) as client:
            yield client
    except (httpx.ConnectError, httpx.ConnectTimeout):
        raise InputError(f"{command}: no Prefect server answers at {server}; {HOW_TO_GET_ONE}") from None
    except PrefectHTTPStatusError as error:
        if not refused(error):
            raise
        raise InputError(f"{command}: the Prefect server at {server} {WANTS_A_PASSWORD}") from None


def create_pools(client: SyncPrefectClient) -> None:
    """Makes the pools that are not there; what a person set of them stays."""
    there = {pool.name for pool in client.read_work_pools()}
    template = ProcessWorker.get_default_base_job_template()
    for name, limit in ((CPU_POOL, None), (GPU_POOL, _GPU_RUNS), (MANY_POOL, None)):
        if name not in there:
            pool = WorkPoolCreate(name=name, type="process", base_job_template=template, concurrency_limit=limit)
            client.create_work_pool(pool)


def check_pool(client: SyncPrefectClient, name: str, option: str = "--pool") -> None:
    """Looks for a worker that serves a pool.

    Args:
        client: of the server.
        name: of the pool.
        option: by which a person named it, for messages.

    Raises:
        InputError: if there is no such pool, it is paused, or no worker polls it.
    """
    try:
        pool = client.read_work_pool(name)
    except ObjectNotFound:
        known = ", ".join(sorted(each.name for each in client.read_work_pools())) or "none"
        raise InputError(
            f"{option} {name}: the server has no such work pool; expected one of: {known} (`make up` and `crosstag "
            f"deploy` make {CPU_POOL} and {GPU_POOL})"
        ) from None
    if pool.is_paused:
        raise InputError(f"{option} {name}: it is paused; `prefect work-pool resume {name}`")
    workers = client.read_workers_for_work_pool(name)
    if not any(worker.status == WorkerStatus.ONLINE for worker in workers):
        raise InputError(
            f"{option} {name}: no worker polls it, so its runs would wait; start one: CROSSTAG_ROOT=$PWD crosstag "
            f"worker --pool {name}"
        )
