"""What is deployed: each configuration file as a deployment, whose form opens filled with that file."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flows.commands.methods import load

CPU_POOL, GPU_POOL = "cpu", "gpu"
_WEEKLY = {"cron": "0 3 * * 1", "timezone": "UTC"}
_SCHEDULED = "quickstart"


@dataclass(frozen=True)
class Deployment:
    """A flow with a name, a form that is filled in, and a pool whose workers run it.

    Attributes:
        name: what it is called, beside its flow.
        flow: the Prefect flow.
        entrypoint: where a worker finds it: a name to import, wherever the package lies.
        description: what the UI says of it.
        tags: to filter by.
        parameters: of a run that nobody changes.
        cron: schedules, switched off.
        pool: where its runs wait for a worker.
    """

    name: str
    flow: Any
    entrypoint: str
    description: str
    tags: tuple[str, ...]
    parameters: dict[str, Any]
    cron: tuple[dict[str, str], ...]
    pool: str


def deployments_of(paths: Iterable[Path]) -> list[Deployment]:
    """The deployments of configuration files.

    Raises:
        InputError: if one is not valid.
    """
    return [_deployment(path) for path in paths]


def _deployment(path: Path) -> Deployment:
    method, config = load(path)
    command = path.read_text(encoding="utf-8").splitlines()[0].lstrip("# ")
    on_gpu = _option(command, "--device") == "cuda"
    runtime = {"data": _option(command, "--data") or ".", **({"device": "cuda"} if on_gpu else {})}
    return Deployment(
        name=path.stem,
        flow=method.flow,
        entrypoint=f"flows.{method.name}.{method.name}",
        description=f"{method.name} with {path.name}. From a terminal: {command}",
        tags=(method.name,),
        parameters={"config": config.model_dump(mode="json", exclude_unset=True), "runtime": runtime},
        cron=(_WEEKLY,) if path.stem == _SCHEDULED else (),
        pool=GPU_POOL if on_gpu else CPU_POOL,
    )


def _option(command: str, name: str) -> str | None:
    """What follows an option in the command that a configuration starts with."""
    words = command.split()
    return words[words.index(name) + 1] if name in words else None
