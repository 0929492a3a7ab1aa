"""The command line. Imports that take long stand inside the commands, so that --help answers at once."""

import os
import sys
from collections.abc import Callable

import typer

from flows.commands.cli import comparing, corpora, corrections, running, runs, store, using

app = typer.Typer(
    name="crosstag",
    help="Labelled text in one language plus raw text in another, turned into a named-entity tagger for the second.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
store_app = typer.Typer(help="Look at the store, check it, tidy it.", no_args_is_help=True)
runs_app = typer.Typer(help="Look at the runs on record, and compare two.", no_args_is_help=True)
corrections_app = typer.Typer(
    help="Labels that people correct: out to annotation tools, and back.", no_args_is_help=True
)
app.add_typer(store_app, name="store")
app.add_typer(runs_app, name="runs")
app.add_typer(corrections_app, name="corrections")

# A command has its function's name; --help has them in this order.
_COMMANDS: dict[typer.Typer, tuple[Callable[..., None], ...]] = {
    app: (
        *(running.run, running.plan, running.systems, running.adopt, using.predict),
        *(comparing.sweep, comparing.compare, comparing.ablate, comparing.many, comparing.refresh),
        *(using.notices, using.inspect),
        *(corpora.corpus, corpora.convert, corpora.suspects, corpora.align, corpora.label),
        *(using.deploy, using.worker),
    ),
    runs_app: (runs.ls, runs.show, runs.diff, runs.compare),
    corrections_app: (corrections.queue, corrections.import_, corrections.export),
    store_app: (store.ls, store.show, store.why, store.export, store.verify, store.gc),
}
for group, commands in _COMMANDS.items():
    for command in commands:
        group.command(command.__name__.rstrip("_"))(command)


def main() -> None:
    """Runs the command line; what a user can mend ends with one clear message and exit code 2."""
    from artifacts.errors import InputError, RunsFailed, StoreError

    # Prefect's temporary server is stopped while it may still be writing, and then prints a traceback about events it
    # could not record. What goes wrong in a run is told by the flow.
    os.environ.setdefault("PREFECT_SERVER_LOGGING_LEVEL", "CRITICAL")
    try:
        app()
    except InputError as error:
        typer.secho(f"error: {error}", fg="red", err=True)
        sys.exit(2)
    except (StoreError, RunsFailed) as error:
        typer.secho(f"error: {error}", fg="red", err=True)
        sys.exit(1)
