"""Puts deployments on a Prefect server, and leaves alone what a person changed there.

A deployment has parts (parameters, schedules, ...). Its version on the server holds a digest of each part as it was
deployed. A part that still has that digest follows its configuration file; one that has another was changed by hand.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.actions import DeploymentScheduleCreate, DeploymentUpdate
from prefect.client.schemas.responses import DeploymentResponse
from prefect.client.schemas.schedules import CronSchedule
from prefect.exceptions import ObjectNotFound

from artifacts.digest import canonical_json, text_digest
from artifacts.dotted import changed, dotted
from flows.commands.automations import dead_runs, make, stuck_runs
from flows.commands.deployments import Deployment, deployments_of, with_files_here
from flows.commands.pools import create_pools, server_for

PULL_STEPS: list[dict[str, Any]] = [{"flows.commands.workplace.enter": {}}]
_QUEUE = "default"  # every pool has one
_SHOWN = 3
_UNSET = "nothing"


@dataclass
class Deployed:
    """What became of deployments: names of the new and the updated ones, lines about what was left alone."""

    new: list[str] = field(default_factory=list)
    updated: list[str] = field(default_factory=list)
    same: list[str] = field(default_factory=list)
    left_alone: list[str] = field(default_factory=list)


def deploy(deployments: Iterable[Deployment]) -> Deployed:
    """Makes the pools and the deployments that the server of $PREFECT_API_URL has not; brings the others up to date.

    So it does with the automations that give the places of dead runs in a pool back.
    """
    result = Deployed()
    with get_client(sync_client=True) as client:
        create_pools(client)
        make(client, [dead_runs(), stuck_runs()])
        for wanted in deployments:
            try:
                found = client.read_deployment_by_name(f"{wanted.flow}/{wanted.name}")
            except ObjectNotFound:
                _create(client, wanted)
                result.new.append(wanted.name)
                continue
            _update(client, wanted, found, result)
    return result


def deploy_folder(folder: Path, data: str | None = None) -> None:
    """Deploys the configurations of a folder whose files are here, says how many were left out; and what is of none.

    Args:
        folder: of the configurations.
        data: where relative paths in them start; None: what the command at the top of each says.

    Raises:
        InputError: as `deploy_files`.
    """
    paths = sorted(folder.glob("*.yaml"))
    here = with_files_here(paths, data)
    from flows.commands.service import service_deployments  # `many` deploys its cells by this module

    _deploy_and_tell([*deployments_of(here, data), *service_deployments()])
    if not paths:
        print(f"no configurations in {folder.absolute()}: start this in the folder that has {folder}, or name files")
    if len(here) < len(paths):
        print(
            f"left out: {len(paths) - len(here)} configurations whose files are not here; `crosstag deploy --data "
            "FOLDER` and `make up DATA=FOLDER` look for them in FOLDER"
        )


def deploy_files(paths: Sequence[Path], data: str | None = None) -> None:
    """Deploys configuration files, and says what became of each.

    Args:
        paths: of the files.
        data: where relative paths in them start; None: what the command at the top of each says.

    Raises:
        InputError: if one is not valid, or there is no server.
    """
    _deploy_and_tell(deployments_of(paths, data))


def _deploy_and_tell(deployments: Sequence[Deployment]) -> None:
    with server_for("deploy"):
        result = deploy(deployments)
    counts = {"new": result.new, "updated": result.updated, "as before": result.same}
    print(f"deployments: {', '.join(f'{len(names)} {status}' for status, names in counts.items() if names) or 'none'}")
    for line in result.left_alone:
        print(f"left alone: {line}")


def _create(client: SyncPrefectClient, wanted: Deployment) -> None:
    parts = _wanted_parts(wanted)
    client.create_deployment(
        flow_id=client.create_flow_from_name(wanted.flow),
        name=wanted.name,
        version=_version({name: _digest(part) for name, part in parts.items()}),
        schedules=_schedules(wanted),
        work_pool_name=wanted.pool,
        parameters=wanted.parameters,
        description=wanted.description,
        tags=list(wanted.tags),
        **_code(wanted),
    )


def _update(client: SyncPrefectClient, wanted: Deployment, found: DeploymentResponse, result: Deployed) -> None:
    before = _digests(found.version)
    if not before:
        result.left_alone.append(f"{wanted.name}: not made by crosstag; delete it, and it will be made of the file")
        return
    there, new = _parts(found), _wanted_parts(wanted)
    by_hand = [name for name in new if there[name] != new[name] and _digest(there[name]) != before.get(name)]
    if "parameters" in by_hand and found.entrypoint != wanted.entrypoint:
        by_hand.remove("parameters")  # They are of another form, and would not run.
        told = _differences(there["parameters"], new["parameters"])
        result.left_alone.append(f"{wanted.name}: not the parameters, as the form is another one now ({told})")
    changed = [name for name in new if there[name] != new[name] and name not in by_hand]
    digests = {name: before.get(name, "") if name in by_hand else _digest(part) for name, part in new.items()}
    current = {"version": _version(digests), **_code(wanted)}
    if changed or any(getattr(found, name) != value for name, value in current.items()):
        as_file: dict[str, dict[str, Any]] = {
            "parameters": {"parameters": wanted.parameters},
            "schedules": {"schedules": [each.model_dump() for each in _schedules(wanted)]},
            "concurrency": {"concurrency_limit": None},
            "pool": {"work_pool_name": wanted.pool, "work_queue_name": _QUEUE},
            "description": {"description": wanted.description},
            "tags": {"tags": list(wanted.tags)},
        }
        update = {key: value for name in changed for key, value in as_file[name].items()}
        client.update_deployment(found.id, DeploymentUpdate.model_validate({**current, **update}))
    (result.updated if changed else result.same).append(wanted.name)
    for name in by_hand:
        told = (_schedule_differences if name == "schedules" else _differences)(there[name], new[name])
        result.left_alone.append(f"{wanted.name}: {name} changed by hand ({told})")


def _code(wanted: Deployment) -> dict[str, Any]:
    """What follows the code, whatever a person changed."""
    return {"entrypoint": wanted.entrypoint, "pull_steps": PULL_STEPS, "parameter_openapi_schema": wanted.schema}


def _schedules(wanted: Deployment) -> list[DeploymentScheduleCreate]:
    return [DeploymentScheduleCreate(schedule=CronSchedule(**cron), active=False) for cron in wanted.cron]


def _wanted_parts(wanted: Deployment) -> dict[str, Any]:
    return {
        "parameters": wanted.parameters,
        "schedules": [_schedule(each) for each in _schedules(wanted)],
        "concurrency": None,
        "pool": {"pool": wanted.pool, "queue": _QUEUE},
        "description": wanted.description,
        "tags": sorted(wanted.tags),
    }


def _parts(found: DeploymentResponse) -> dict[str, Any]:
    """The same parts as they are on the server."""
    limit = found.global_concurrency_limit
    options = found.concurrency_options
    concurrency = limit and {"limit": limit.limit, "options": options and options.model_dump(mode="json")}
    return {
        "parameters": found.parameters,
        "schedules": sorted(map(_schedule, found.schedules), key=canonical_json),
        "concurrency": concurrency,
        "pool": {"pool": found.work_pool_name, "queue": found.work_queue_name},
        "description": found.description,
        "tags": sorted(found.tags),
    }


def _schedule(schedule: Any) -> dict[str, Any]:
    timing = schedule.schedule.model_dump(mode="json")
    return {**timing, "on": schedule.active, "parameters": schedule.parameters, "most": schedule.max_scheduled_runs}


def _digest(part: Any) -> str:
    return text_digest(canonical_json(part))[:8]


def _version(digests: Mapping[str, str]) -> str:
    return " ".join(f"{name}:{digest}" for name, digest in digests.items())


def _digests(version: str | None) -> dict[str, str]:
    """What `_version` wrote down; nothing of a deployment that is not ours."""
    words = [word.partition(":") for word in (version or "").split()]
    return {name: digest for name, _, digest in words} if all(colon for _, colon, _ in words) else {}


def _schedule_differences(there: Sequence[dict[str, Any]], wanted: Sequence[dict[str, Any]]) -> str:
    """All schedules of both, such as `here 31 16 * * * on, 0 3 * * 1 off; in the file 0 3 * * 1 off`."""
    here, in_file = (", ".join(map(_timing, side)) or "none" for side in (there, wanted))
    return f"here {here}; in the file {in_file}" if here != in_file else _differences(there, wanted)


def _timing(schedule: Mapping[str, Any]) -> str:
    when = schedule.get("cron") or schedule.get("rrule") or f"every {schedule.get('interval')} s"
    return f"{when} {'on' if schedule['on'] else 'off'}"


def _differences(there: Any, wanted: Any) -> str:
    """What is on the server and differs from the file, such as `config.iterations is 5, the file has 3`."""
    old, new = dotted(there), dotted(wanted)
    names = changed(old, new)
    lines = [f"{name or 'it'} is {_text(old, name)}, the file has {_text(new, name)}" for name in names[:_SHOWN]]
    return "; ".join(lines) + (f"; and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")


def _text(values: Mapping[str, Any], name: str) -> str:
    value = values.get(name, _UNSET)
    return value if isinstance(value, str) else _UNSET if value is None else json.dumps(value, ensure_ascii=False)
