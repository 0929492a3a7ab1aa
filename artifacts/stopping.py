"""Being asked to stop: ctrl-c, and SIGTERM, which is also how a cancelled or shut down run is ended by Prefect."""

import signal
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from threading import Event
from types import FrameType

from prefect.exceptions import TerminationSignal

from artifacts.threads import give_back

STOPS = (KeyboardInterrupt, TerminationSignal)


def stop_at_whole_states(work: Callable[[Callable[[], bool]], str]) -> None:
    """Does work that may stop at some places alone, such as a training between two updates.

    Ctrl-c and SIGTERM raise in the main thread, wherever it is, and Prefect must keep its own handler of SIGTERM to
    tell a cancelled run from a crashed one. So the work is done in another thread, while this one waits. If its waiting
    is interrupted, the work is asked to end, and waited for, before the interruption goes on.

    Args:
        work: gets a function that says whether to end now; returns what is to be said of it if it did, which becomes a
            note of the interruption.
    """
    asked = Event()
    give_back()  # Both threads compute, and never at a time.
    with ThreadPoolExecutor(1) as thread:
        done = thread.submit(copy_context().run, work, asked.is_set)
        try:
            done.result()
        except BaseException as interruption:
            if not done.done():
                asked.set()
                failure = done.exception()
                interruption.add_note(str(failure or done.result()))
            raise


def what_stopped(error: BaseException | None) -> str:
    """The notes of an interruption, or of what it arose from; empty if it has none."""
    while error is not None:
        if notes := getattr(error, "__notes__", None):
            return "; ".join(notes)
        error = error.__cause__ or error.__context__
    return ""


def stop_by_parent() -> None:
    """Makes this child process stop when its parent asks by SIGTERM, once; a ctrl-c reaches the parent as well."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, terminate)


def terminate(number: int, frame: FrameType | None) -> None:
    """Handles SIGTERM as Prefect does, once: who is stopping already is not to be disturbed.

    Raises:
        TerminationSignal: at the first one.
    """
    signal.signal(number, signal.SIG_IGN)
    raise TerminationSignal(signal=number)
