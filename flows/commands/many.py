"""One run per target language and seed, made by the workers of a pool, and one comparison at the end.

crosstag many configs/wikineural-crop.yaml --targets de,es,nl --seeds 1,2,3 --pool gpu

Each cell is a run of its own deployment, and each teacher of an ensemble may be: Prefect hands them to workers, and the
store's locks see to it that a step that several need is computed once. The same command again finds finished cells in
the store.
"""

import shlex
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast
from uuid import UUID

from httpx import TransportError
from prefect import flow, get_client, get_run_logger
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.objects import FlowRun
from prefect.deployments import run_deployment
from prefect.utilities.callables import parameter_schema
from pydantic import Field

from artifacts.errors import InputError, RunsFailed
from artifacts.runs import RunRecord, all_runs
from artifacts.runtime import Runtime, default_store
from artifacts.settings import Settings
from artifacts.stopping import STOPS
from artifacts.store import Store
from flows.commands.cell import FLOW, cells_in
from flows.commands.compare import Cell, Shown, check_types, given_once, side_by_side
from flows.commands.configuration import override, read_yaml
from flows.commands.deploy import deploy
from flows.commands.deployments import MANY_POOL, Deployment, data_of, pool_of
from flows.commands.methods import load_values
from flows.commands.pools import check_pool, server_for
from flows.commands.targets import carried
from flows.commands.teachers import teachers_in
from flows.parts.other_runs import cancel, read_runs
from flows.parts.plain_errors import tell_plainly

_POLL_SECONDS = 2.0
_DELETED = "somebody deleted it on the server"


class Grid(Settings):
    """Which runs: each configuration, for each target language, with each seed."""

    configurations: tuple[str, ...] = Field(
        min_length=1, title="Configurations", description="Files, as configs/quickstart.yaml, in the worker's folder."
    )
    targets: tuple[str, ...] = Field(
        (), title="Target languages", description="Codes, such as de. Empty: those that each file names."
    )
    seeds: tuple[int, ...] = Field((), title="Seeds", description="Such as 1, 2, 3; empty: that of each file.")
    pool: str = Field("", title="Pool", description="Whose workers make the runs; empty: as each file's command says.")
    data_folder: str = Field(
        "", title="Data folder", description="Where relative paths start, on the workers' machines; empty: as the file."
    )
    settings: tuple[str, ...] = Field(
        (), title="Other settings", description="path.to.key=value, such as student.epochs=5, as --set takes them."
    )


@dataclass(frozen=True)
class Placed:
    """A cell of the grid, and where it is run."""

    cell: Cell
    path: str
    target: str
    pool: str
    data: str

    @property
    def seed(self) -> object:
        """Of all that is drawn."""
        return getattr(self.cell.config, "seed", "")

    @property
    def name(self) -> str:
        """What lists of runs show."""
        return f"{self.cell.name}, seed {self.seed}"


def grid_of(grid: Grid) -> list[Placed]:
    """The cells, every one checked before any starts.

    Raises:
        InputError: if something is given twice, a setting is not valid, or a configuration has no such target.
    """
    paths = [Path(each) for each in grid.configurations]
    given_once("configurations", [path.stem for path in paths])
    given_once("--targets", grid.targets)
    given_once("--seeds", [str(seed) for seed in grid.seeds])
    placed = [
        _placed(grid, path, target, seed)
        for path in paths
        for target in grid.targets or ("",)
        for seed in grid.seeds or (None,)
    ]
    check_types([each.cell for each in placed])
    return placed


def _placed(grid: Grid, path: Path, target: str, seed: int | None) -> Placed:
    values = override(read_yaml(path), grid.settings)
    if target:
        values = carried(values, target, str(path))
    method, config = load_values(values, () if seed is None else (f"seed={seed}",), str(path))
    cell = Cell(f"{path.stem}, {target}" if target else path.stem, path.stem, method, config)
    return Placed(cell, str(path), target, grid.pool or pool_of(path), grid.data_folder or data_of(path))


def check_workers(placed: Sequence[Placed]) -> None:
    """Looks for the server, the pools, and a worker that polls each.

    Raises:
        InputError: if one is missing.
    """
    with server_for("many") as client:
        for pool in dict.fromkeys(each.pool for each in placed):
            check_pool(client, pool)


@flow(name="many")
def many(grid: Grid, shown: Shown | None = None, store: str | None = None) -> None:
    """Have workers make one run per target language and seed, and put them side by side.

    Args:
        grid: which runs.
        shown: what the comparison shows; None: students and baselines.
        store: in which the workers' runs are; None: $CROSSTAG_STORE.
    """
    tell_plainly()
    placed = grid_of(grid)
    check_workers(placed)
    runtime = Runtime(store=store or default_store())
    pools = dict.fromkeys(each.pool for each in placed)
    deploy([*map(cells_in, pools), *map(teachers_in, pools)])
    runs: dict[UUID, Placed] = {}
    with get_client(sync_client=True) as client:
        try:
            for each in placed:
                runs[_start(each)] = each
            ended = _wait(client, runs)
        except STOPS:
            cancel(client, read_runs(client, runs).values())
            raise
    done = [key for key, run in ended.items() if run.state is not None and run.state.is_completed()]
    failed = [_reason(ended.get(key), each, grid) for key, each in runs.items() if key not in done]
    found = _records(Store(runtime.store), runs, done)
    if found:
        side_by_side(found, {"grid": grid.model_dump(mode="json")}, shown or Shown(), runtime)
    if failed:
        raise RunsFailed(
            f"{len(failed)} of {len(placed)} runs failed; the others are in the store\n" + "\n".join(failed)
        )


def _start(placed: Placed) -> UUID:
    """Asks for the run of a cell, and does not wait for it."""
    cell = placed.cell
    parameters = {
        "name": cell.name,
        "method": cell.method.name,
        "config": cell.config.model_dump(mode="json", exclude_unset=True),
        # Not the store, which is where the worker says.
        "runtime": {"data": placed.data, "teachers_pool": placed.pool},
    }
    tags = ["many", cell.method.name, *([placed.target] if placed.target else [])]
    where = f"{FLOW}/{placed.pool}"
    asked = run_deployment(where, parameters=parameters, flow_run_name=placed.name, timeout=0, tags=tags)
    return cast(FlowRun, asked).id


def _wait(client: SyncPrefectClient, runs: dict[UUID, Placed]) -> dict[UUID, FlowRun]:
    """Tells what becomes of the runs until all are over; gives them in their order, but for those that were deleted."""
    log, told = get_run_logger(), dict.fromkeys(runs, "")
    while True:
        try:
            found = read_runs(client, runs)
        except TransportError as error:  # After Prefect's client has asked again for a minute.
            log.warning("the server does not answer; the runs go on without it, and it is asked again: %r", error)
            time.sleep(_POLL_SECONDS)
            continue
        for key in runs:
            state = (found[key].state_name or "") if key in found else _DELETED
            if state != told[key]:
                told[key] = state
                log.info("%s: %s", runs[key].name, state)
        if all(run.state and run.state.is_final() for run in found.values()):
            return {key: found[key] for key in runs if key in found}
        time.sleep(_POLL_SECONDS)


def _records(store: Store, runs: dict[UUID, Placed], done: Sequence[UUID]) -> dict[str, list[RunRecord]]:
    """The records of the runs by the name of their cells; only of names whose every seed is done.

    Raises:
        InputError: if a run is not on record in the store.
    """
    by_flow_run = {record.caller.flow_run: record for record in all_runs(store) if record.state == "done"}
    found: dict[str, list[RunRecord]] = {}
    for key in done:
        if str(key) not in by_flow_run:
            raise InputError(
                f"many: the run {runs[key].name} is done, but not on record in the store {store}: its worker has "
                "another; name that by --store, or start workers with the same CROSSTAG_STORE"
            )
        found.setdefault(runs[key].cell.name, []).append(by_flow_run[str(key)])
    wanted = [placed.cell.name for placed in runs.values()]
    return {name: records for name, records in found.items() if len(records) == wanted.count(name)}


def _reason(run: FlowRun | None, placed: Placed, grid: Grid) -> str:
    """Which run failed, why, and the command that runs it alone."""
    told = _DELETED if run is None else (run.state.message if run.state else "") or run.state_name or "no state"
    words = ["crosstag", "many", placed.path, "--seeds", str(placed.seed), "--pool", placed.pool]
    words += ["--targets", placed.target] if placed.target else []
    words += ["--data", grid.data_folder] if grid.data_folder else []
    words += [word for setting in grid.settings for word in ("--set", setting)]
    return f"  {placed.name}: {told}\n    alone: {shlex.join(words)}"


def many_deployment() -> Deployment:
    """`many` in the Prefect UI; it waits for others, so it has a pool of its own, whose workers take any number."""
    schema: dict[str, Any] = parameter_schema(many).model_dump(mode="json", exclude_unset=True)
    for name in ("shown", "store"):
        del schema["properties"][name]
    schema["properties"]["grid"]["title"] = "Which runs"
    return Deployment(
        name="many",
        flow="many",
        entrypoint="flows.commands.many.many",
        schema=schema,
        description="One run for each target language and seed, on whichever workers serve the pool; a table at the "
        "end. From a terminal: crosstag many CONFIG --targets de,es --seeds 1,2,3",
        tags=("many",),
        parameters={"grid": {"configurations": ["configs/quickstart.yaml"], "seeds": [1, 2, 3]}},
        cron=(),
        pool=MANY_POOL,
    )
