"""Being asked to stop: ctrl-c, and SIGTERM, which is also how a cancelled or shut down run is ended by Prefect."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import current_thread, main_thread
from types import FrameType
from typing import Any

from prefect.exceptions import TerminationSignal

STOPS = (KeyboardInterrupt, TerminationSignal)


def stop_at_whole_states(work: Callable[[Callable[[], bool]], str]) -> None:
    """Does work that may stop at some places alone, such as a training between two updates.

    Ctrl-c and SIGTERM would raise in the main thread, wherever it is. So while the work goes on they only ask it to
    end. What they would have raised is raised afterwards by the handler that was there, Prefect's for example, which
    tells a cancelled run from a crashed one. Work in another thread than the main one hears of neither.

    The work is done in this thread: OpenMP keeps threads for each one that computes, and as soon as these are more than
    the cores they fall asleep at every wait, which made trainings half as long again.

    Args:
        work: gets a function that says whether to end now; returns what is to be said of it if it did, which becomes a
            note of the interruption.
    """
    asked: list[int] = []
    heard: list[bool] = []

    def stopping() -> bool:
        if asked:
            heard.append(True)
        return bool(asked)

    told = ""
    with _handled(asked) as before:
        try:
            told = work(stopping)
        except Exception as failure:
            if not heard:
                raise
            told = str(failure)
    if asked:
        try:
            before[asked[0]](asked[0], None)
        except BaseException as interruption:
            if heard:
                interruption.add_note(told)
            raise


@contextmanager
def _handled(asked: list[int]) -> Iterator[dict[int, Callable[[int, FrameType | None], Any]]]:
    """Inside, signals that have a handler are noted instead; gives these handlers."""
    before: dict[int, Callable[[int, FrameType | None], Any]] = {}
    if current_thread() is main_thread():
        for number in map(int, (signal.SIGINT, signal.SIGTERM)):
            handler = signal.getsignal(number)
            if callable(handler):
                before[number] = handler
                signal.signal(number, lambda number, frame: asked.append(number))
    try:
        yield before
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


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
