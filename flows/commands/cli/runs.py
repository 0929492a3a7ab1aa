"""`crosstag runs`."""

from typing import Annotated

import typer

from flows.commands.cli.options import EveryModel, Published, RunName, StoreFolder, Write
from flows.commands.cli.starting import runtime_of, server_starting
from flows.commands.stopping import goes_on_when_run_again


def ls(store: StoreFolder = "store") -> None:
    """List the runs, the newest last: status, F1 of the student, what was cached, and where one ended that did not."""
    from flows.commands.runs import print_runs

    print_runs(store)


def show(
    run: RunName,
    everything: Annotated[bool, typer.Option("--all", help="Every setting, defaults too.")] = False,
    store: StoreFolder = "store",
) -> None:
    """Print a run: who started it, on what, with which settings; its steps, scores and student."""
    from flows.commands.runs import print_run

    print_run(store, run, everything=everything)


def diff(run: RunName, other: RunName, store: StoreFolder = "store") -> None:
    """Print where two runs differ: settings, steps that made something else (and why), scores."""
    from flows.commands.runs import print_difference

    print_difference(store, run, other)


@goes_on_when_run_again()
def compare(
    runs: Annotated[
        list[str],
        typer.Argument(help="Runs that are done; those of one configuration with all its seeds.", metavar="RUN..."),
    ],
    every_model: EveryModel = False,
    published: Published = "",
    write: Write = None,
    store: StoreFolder = "store",
) -> None:
    """Put runs side by side as `crosstag compare` does; nothing is run again."""
    from flows.commands.compare import Shown, check, runs_of
    from flows.commands.compare import compare_runs as compare_records
    from flows.commands.store import existing

    shown = Shown(every_model=every_model, published=published, folder=write)
    runtime = runtime_of(store, ".", "cpu")
    runs_of(existing(store), runs)
    with server_starting("compare") as started:
        check((), shown, runtime)
        with started():
            compare_records(tuple(runs), shown, runtime)
