"""One run of many: the flow that `crosstag many` has workers run, once for each language and seed."""

from typing import Any

from prefect import flow
from prefect.utilities.callables import parameter_schema

from artifacts.recorder import named
from artifacts.reference import Reference
from artifacts.runtime import Runtime
from flows.commands.configuration import checked
from flows.commands.deployments import Deployment
from flows.commands.methods import METHODS

FLOW = "cell"


@flow(name=FLOW)
def cell(name: str, method: str, config: dict[str, Any], runtime: Runtime) -> Reference:
    """A method with all its settings; nothing is read of a configuration's file, so any worker can run it.

    Args:
        name: of the configuration, under which the run is on record.
        method: such as colada.
        config: every setting of the method that is not a default.
        runtime: of the worker's machine.
    """
    chosen = METHODS[method]()
    with named(name):
        made: Reference = chosen.flow.fn(checked(chosen.config, config, f"configuration {name}"), runtime)
    return made


def cells_in(pool: str) -> Deployment:
    """What makes cells in a pool: a deployment that carries no settings, for each run is given its own."""
    return Deployment(
        name=pool,
        flow=FLOW,
        entrypoint="flows.commands.cell.cell",
        schema=parameter_schema(cell).model_dump(mode="json", exclude_unset=True),
        description="One run of many; started by `crosstag many` and the deployment `many`, not by hand.",
        tags=("many",),
        parameters={},
        cron=(),
        pool=pool,
    )
