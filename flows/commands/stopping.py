"""How a command ends that is stopped: by ctrl-c with exit code 130, by SIGTERM with 143, as shells have it."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager

import typer


@contextmanager
def goes_on_when_run_again() -> Iterator[None]:
    """Inside, a request to stop ends the command with one line that says how to go on, and no traceback.

    Raises:
        SystemExit: when asked to stop.
    """
    from artifacts.stopping import STOPS, terminate, what_stopped

    before = signal.signal(signal.SIGTERM, terminate)
    try:
        yield
    except STOPS as stop:
        for asked in (signal.SIGINT, signal.SIGTERM):
            signal.signal(asked, signal.SIG_IGN)  # What is left to do takes a moment.
        typer.echo(
            f"stopped. Run the same command again: {what_stopped(stop) or 'finished steps and checkpoints are kept'}",
            err=True,
        )
        number = signal.SIGINT if isinstance(stop, KeyboardInterrupt) else signal.SIGTERM
        raise SystemExit(128 + number) from None
    else:
        signal.signal(signal.SIGTERM, before)
