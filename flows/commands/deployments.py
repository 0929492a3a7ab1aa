"""What is deployed of each configuration file: a short form, and one with every setting, filled in as the file says."""

import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

from prefect import Flow
from prefect.utilities.callables import parameter_schema

from artifacts.errors import InputError
from artifacts.runtime import Runtime
from flows.commands.configuration import is_open, read_yaml
from flows.commands.files_named import missing_files
from flows.commands.form import form_of
from flows.commands.form_changes import EXPERT
from flows.commands.from_form import form_schema
from flows.commands.methods import load

CPU_POOL, GPU_POOL, MANY_POOL = "cpu", "gpu", "many"
_WEEKLY = {"cron": "0 3 * * 1", "timezone": "UTC"}
_SCHEDULED = "quickstart"
_EXPERT_TAG = "expert"


@dataclass(frozen=True)
class Deployment:
    """A flow with a name, a form that is filled in, and a pool whose workers run it.

    Attributes:
        name: what it is called, beside its flow.
        flow: name of the Prefect flow that its runs are listed under: the method's.
        entrypoint: where a worker finds what it runs: a name to import, wherever the package lies.
        schema: of the form, in OpenAPI.
        description: what the UI says of it.
        tags: to filter by.
        parameters: of a run that nobody changes.
        cron: schedules, switched off.
        pool: where its runs wait for a worker.
    """

    name: str
    flow: str
    entrypoint: str
    schema: dict[str, Any]
    description: str
    tags: tuple[str, ...]
    parameters: dict[str, Any]
    cron: tuple[dict[str, str], ...]
    pool: str


def deployments_of(paths: Iterable[Path], data: str | None = None) -> list[Deployment]:
    """The deployments of configuration files, two of each.

    Args:
        paths: of the files.
        data: folder that relative paths in them start from; None: what the command at the top of each says.

    Raises:
        InputError: if one is not valid, or two have one name.
    """
    found: dict[tuple[str, str], Path] = {}
    made = []
    for path in paths:
        for each in _deployments(path, data):
            if (other := found.setdefault((each.flow, each.name), path)) != path:
                raise InputError(
                    f"deploy: {other} and {path} would both be the deployment {each.flow}/{each.name}, and the second "
                    "would take the place of the first; give one of the files another name"
                )
            made.append(each)
    return made


def with_files_here(paths: Sequence[Path], data: str | None = None) -> list[Path]:
    """Those of the configuration files whose corpora and models lie on this machine, or are to be had from the hub.

    One that leaves its target language open is of many runs, and none of them.

    Raises:
        InputError: if one is not valid.
    """
    single = [path for path in paths if not is_open(read_yaml(path))]
    return [path for path in single if not missing_files(load(path)[1], Runtime(data=_command(path, data).data))]


def pool_of(path: Path) -> str:
    """The pool whose workers make the runs of a configuration, by the command at its top."""
    return GPU_POOL if _command(path, None).device == "cuda" else CPU_POOL


def data_of(path: Path) -> str:
    """The folder that relative paths in a configuration start from, by the command at its top."""
    return _command(path, None).data


@dataclass(frozen=True)
class _Command:
    """The command at the top of a configuration file, and what it says of data and device."""

    text: str
    data: str
    device: Literal["auto", "cuda"]


def _deployments(path: Path, data: str | None) -> tuple[Deployment, Deployment]:
    method, config = load(path)
    command = _command(path, data)
    expert = f"{path.stem}{EXPERT}"
    pool = pool_of(path)
    form = form_of(read_yaml(path), command.data, command.device)
    runtime = {"data": command.data, **({"device": command.device} if command.device == "cuda" else {})}
    told = f"{method.name} with {path.name}. From a terminal: {command.text}"
    short = Deployment(
        name=path.stem,
        flow=method.name,
        entrypoint="flows.commands.from_form.from_form",
        schema=_short_schema(method.name),
        description=f"{told}. What the form leaves out is as in the file; the form with every setting: {expert}",
        tags=(method.name,),
        parameters={"configuration": path.as_posix(), "form": form.model_dump(mode="json", exclude_none=True)},
        cron=(_WEEKLY,) if path.stem == _SCHEDULED else (),
        pool=pool,
    )
    whole = Deployment(
        name=expert,
        flow=method.name,
        entrypoint=f"flows.{method.name}.{method.name}",
        schema=_whole_schema(method.flow),
        description=f"{told}. Every setting; what most people change: {path.stem}",
        tags=(method.name, _EXPERT_TAG),
        parameters={"config": config.model_dump(mode="json", exclude_unset=True), "runtime": runtime},
        cron=(),
        pool=pool,
    )
    return short, whole


@cache
def _short_schema(method: str) -> dict[str, Any]:
    """`form_schema`; a method's is made once for all of its configurations."""
    return form_schema(method)


@cache
def _whole_schema(flow: Flow[..., Any]) -> dict[str, Any]:
    """The parameters of a deployment with every setting; the same."""
    return parameter_schema(flow).model_dump(mode="json", exclude_unset=True)


def _command(path: Path, data: str | None) -> _Command:
    text = path.read_text(encoding="utf-8").splitlines()[0].lstrip("# ")
    named = _option(text, "--data") or "."
    return _Command(text, named if data is None else data, "cuda" if _option(text, "--device") == "cuda" else "auto")


def _option(command: str, name: str) -> str | None:
    """What follows an option in the command that a configuration starts with; a path with spaces is in quotes."""
    try:
        words = shlex.split(command)
    except ValueError:  # A sentence with an apostrophe.
        words = command.split()
    for word, following in pairwise([*words, ""]):
        if word == name:
            return following
        if word.startswith(f"{name}="):
            return word.removeprefix(f"{name}=")
    return None
