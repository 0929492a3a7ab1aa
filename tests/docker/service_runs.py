"""Runs on the native services: a small configuration, started as the UI starts it."""

from pathlib import Path
from typing import Any

import yaml
from native import Native
from small_run import tiny_settings, write_tiny_corpora

ENDS = ("COMPLETED", "FAILED", "CRASHED", "CANCELLED")
LONG_EPOCHS = 400


def write_configurations(home: Path) -> None:
    """`tiny`, and `long`, whose pretraining takes so long that something can happen meanwhile; both in configs/."""
    (home / "configs").mkdir()
    (home / "data").mkdir()
    write_tiny_corpora(home / "data")
    tiny = tiny_settings(home / "data")
    long = tiny_settings(home / "data")
    long["encoder"]["pretraining"]["epochs"] = LONG_EPOCHS
    for name, settings in (("tiny", tiny), ("long", long)):
        command = f"# crosstag run configs/{name}.yaml --data path/to/data\n"
        (home / "configs" / f"{name}.yaml").write_text(command + yaml.safe_dump(settings), encoding="utf-8")


def start_run(service: Native, name: str, **parameters: Any) -> str:
    """Starts a run of a deployment, such as colada/tiny; gives its id."""
    found = service.api("/deployments/filter", deployments={"name": {"any_": [name.partition("/")[2]]}})
    (made,) = [each for each in found if each["name"] == name.partition("/")[2]]
    return str(service.api(f"/deployments/{made['id']}/create_flow_run", parameters=parameters)["id"])


def state_of(service: Native, run: str) -> dict[str, Any]:
    """Of a run: type, name, message."""
    (found,) = service.api("/flow_runs/filter", flow_runs={"id": {"any_": [run]}})
    return dict(found["state"])


def ended(service: Native, run: str, *names: str, seconds: float = 600) -> dict[str, Any]:
    """Its state at the end; the logs of services are shown if that does not come."""

    def over() -> dict[str, Any] | None:
        state = state_of(service, run)
        return state if state["type"] in ENDS else None

    return dict(service.wait(over, *names, seconds=seconds))


def steps_of(service: Native, run: str) -> dict[str, str]:
    """The steps of a run, by name and stage, and the name of their states: Cached, Completed."""
    found: list[dict[str, Any]] = []
    while page := service.api("/task_runs/filter", flow_runs={"id": {"any_": [run]}}, limit=200, offset=len(found)):
        found += page
    return {each["name"]: each["state"]["name"] for each in found}


def steps_at_the_end(service: Native, run: str) -> dict[str, str]:
    """Of a run that is over; the server may hear of the end of its steps later than of its own."""
    service.wait(lambda: not {"Pending", "Running"} & set(steps_of(service, run).values()), "server")
    return steps_of(service, run)
