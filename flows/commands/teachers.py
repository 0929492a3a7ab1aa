"""The deployment by which a run has workers of a pool train teachers of its ensemble (flows/parts/teachers.py)."""

from prefect.utilities.callables import parameter_schema

from flows.commands.deploy import deploy
from flows.commands.deployments import Deployment
from flows.commands.pools import check_pool, server_for
from flows.parts.teachers import FLOW, teacher


def teachers_in(pool: str) -> Deployment:
    """What makes teachers in a pool: a deployment without settings, for each run is given its own."""
    return Deployment(
        name=pool,
        flow=FLOW,
        entrypoint="flows.parts.teachers.teacher",
        schema=parameter_schema(teacher).model_dump(mode="json", exclude_unset=True),
        description="One teacher of an ensemble; started by a run with `--teachers-pool` and by `crosstag many`, not "
        "by hand.",
        tags=(FLOW,),
        parameters={},
        cron=(),
        pool=pool,
    )


def open_to_teachers(pool: str) -> None:
    """Makes the deployment in a pool that has a worker.

    Raises:
        InputError: if there is no server, no such pool, or no worker that polls it.
    """
    with server_for("--teachers-pool") as client:
        check_pool(client, pool, "--teachers-pool")
    deploy([teachers_in(pool)])
