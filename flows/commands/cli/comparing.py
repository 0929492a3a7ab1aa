"""Commands that run several configurations, or one several times, and put the students side by side."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from flows.commands.cli.options import (
    ConfigFile,
    DataFolder,
    Device,
    EveryModel,
    Overrides,
    Published,
    Seeds,
    StoreFolder,
    Threads,
    Write,
)
from flows.commands.cli.starting import runtime_of, server_starting
from flows.commands.stopping import goes_on_when_run_again

if TYPE_CHECKING:
    from collections.abc import Sequence

    from artifacts.runtime import Runtime
    from flows.commands.compare import Cell, Shown


@goes_on_when_run_again()
def sweep(
    config: ConfigFile,
    vary: Annotated[
        str, typer.Option("--vary", help="The setting and its values, read as YAML.", metavar="KEY=VALUE,VALUE,...")
    ],
    name: Annotated[str, typer.Option(help="What the setting is called in the picture; empty: its key.")] = "",
    settings: Overrides = None,
    data: DataFolder = ".",
    store: StoreFolder = "store",
    device: Device = "auto",
    threads: Threads = None,
) -> None:
    """Run a method once for each value of one setting, and compare the students: a table and a picture."""
    with server_starting(config.stem) as started:
        from flows.commands.sweep import check, variations
        from flows.commands.sweep import sweep as run_sweep

        runtime = runtime_of(store, data, device, threads=threads)
        check(variations(config, vary, settings or ()), runtime)
        with started():
            run_sweep(config, vary, tuple(settings or ()), name, runtime)


@goes_on_when_run_again()
def compare(
    configs: Annotated[list[Path], typer.Argument(help="Configurations of the same languages.", metavar="CONFIG...")],
    seeds: Seeds = "",
    settings: Overrides = None,
    every_model: EveryModel = False,
    published: Published = "",
    write: Write = None,
    data: DataFolder = ".",
    store: StoreFolder = "store",
    device: Device = "auto",
    threads: Threads = None,
) -> None:
    """Run several methods with the same seeds, and compare them: means, significance, cost; what is there is cached."""
    from flows.commands.compare import Shown, cells_of

    cells = cells_of(configs, _numbers(seeds), settings or ())
    shown = Shown(every_model=every_model, published=published, folder=write)
    asked = {"configs": list(map(str, configs)), "seeds": seeds, "settings": settings or []}
    _compare(
        "-".join(path.stem for path in configs), cells, shown, asked, runtime_of(store, data, device, threads=threads)
    )


@goes_on_when_run_again()
def ablate(
    config: ConfigFile,
    rows: Annotated[
        str, typer.Option(help="Rows of the paper's table, such as no_iteration,no_translation; empty: all.")
    ] = "",
    seeds: Seeds = "",
    settings: Overrides = None,
    published: Published = "",
    write: Write = None,
    data: DataFolder = ".",
    store: StoreFolder = "store",
    device: Device = "auto",
    threads: Threads = None,
) -> None:
    """Run a method without each of its parts: the paper's table of ablations, by the switch `ablation`."""
    from flows.commands.compare import Shown, ablations_of

    named = _listed(rows)
    cells = ablations_of(config, named, _numbers(seeds), settings or ())
    shown = Shown(baselines=False, published=published, folder=write)
    asked = {"configs": [str(config)], "rows": named, "seeds": seeds, "settings": settings or []}
    _compare(config.stem, cells, shown, asked, runtime_of(store, data, device, threads=threads))


@goes_on_when_run_again()
def many(
    configs: Annotated[list[Path], typer.Argument(help="Configurations.", metavar="CONFIG...")],
    targets: Annotated[
        str, typer.Option(help="Target languages such as de,es,nl; empty: those that each configuration names.")
    ] = "",
    seeds: Seeds = "",
    pool: Annotated[
        str, typer.Option(help="Work pool whose workers make the runs; empty: as each configuration's command says.")
    ] = "",
    settings: Overrides = None,
    every_model: EveryModel = False,
    published: Published = "",
    write: Write = None,
    data: Annotated[
        str, typer.Option(help="Folder on the workers' machines that relative paths start from; empty: as each says.")
    ] = "",
    store: StoreFolder = "store",
) -> None:
    """Run every configuration, target language and seed on the workers of the server of $PREFECT_API_URL; compare."""
    from artifacts.recorder import from_command_line
    from flows.commands.compare import Shown, check
    from flows.commands.many import Grid, check_workers, grid_of
    from flows.commands.many import many as run_many

    grid = Grid(
        configurations=tuple(map(str, configs)),
        targets=tuple(_listed(targets)),
        seeds=tuple(_numbers(seeds)),
        pool=pool,
        data_folder=data,
        settings=tuple(settings or ()),
    )
    shown = Shown(every_model=every_model, published=published, folder=write)
    check((), shown, runtime_of(store, ".", "cpu"))
    check_workers(grid_of(grid))
    with from_command_line("-".join(path.stem for path in configs)):
        run_many(grid, shown, store)


@goes_on_when_run_again()
def refresh(
    config: ConfigFile,
    lost_points: Annotated[
        float, typer.Option(help="An event is sent if the student has so many points of F1 less on source dev.", min=0)
    ] = 1.0,
    changed_percent: Annotated[
        float,
        typer.Option(
            help="An event is sent if it labels more of the target text's words otherwise, in %.", min=0, max=100
        ),
    ] = 5.0,
    settings: Overrides = None,
    data: DataFolder = ".",
    store: StoreFolder = "store",
    device: Device = "auto",
    threads: Threads = None,
) -> None:
    """Run a configuration again if what it reads has changed; tell what was new, and what that changed."""
    from flows.commands.server import start_server

    wait_for_server = start_server()
    from artifacts.recorder import from_command_line
    from flows.commands.refresh import Limits
    from flows.commands.refresh import refresh as run_refresh

    limits = Limits(lost_points=lost_points, changed_percent=changed_percent)
    runtime = runtime_of(store, data, device, threads=threads)
    wait_for_server()
    with from_command_line(config.stem):
        run_refresh(str(config), tuple(settings or ()), runtime, limits)


def _compare(name: str, cells: "Sequence[Cell]", shown: "Shown", asked: dict[str, Any], runtime: "Runtime") -> None:
    from flows.commands.compare import check
    from flows.commands.compare import compare as run_comparison

    with server_starting(name) as started:
        check(cells, shown, runtime)
        with started():
            run_comparison(tuple(cells), asked, shown, runtime)


def _listed(text: str) -> list[str]:
    """What stands between commas."""
    return [part.strip() for part in text.split(",") if part.strip()]


def _numbers(text: str) -> list[int]:
    """Seeds from a list such as 1,2,3."""
    from artifacts.errors import InputError

    parts = _listed(text)
    if not all(part.isdecimal() for part in parts):
        raise InputError(f"--seeds {text}: expected whole numbers with commas between, such as 1,2,3")
    return [int(part) for part in parts]
