"""What a setting is called where a run was asked for: an option of the command line, or a field of the form."""


def called(option: str, field: str) -> str:
    """An option of the command line, such as `--data`; in a run of a deployment, the field of its form instead."""
    from prefect.context import FlowRunContext

    context = FlowRunContext.get()
    by_deployment = context is not None and context.flow_run is not None and context.flow_run.deployment_id is not None
    return field if by_deployment else option
