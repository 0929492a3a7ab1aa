"""The deployments that are of no configuration, and take any."""

from flows.commands.deployments import CPU_POOL, GPU_POOL, Deployment
from flows.commands.many import many_deployment
from flows.commands.refresh import refresh_deployments
from flows.commands.teachers import teachers_in


def service_deployments() -> list[Deployment]:
    """What `make up` and `crosstag deploy` put on a server beside the configurations."""
    return [many_deployment(), *refresh_deployments(), *map(teachers_in, (CPU_POOL, GPU_POOL))]
