"""Child processes that end when the process that started them has."""

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection, wait
from typing import ParamSpec

from artifacts.errors import InputError, StoreError

P = ParamSpec("P")


def in_new_process(function: Callable[P, None], *args: P.args, **kwargs: P.kwargs) -> None:
    """Calls a function in a new process, whose memory nobody has used, and waits for it.

    The function is given as itself and not as text, so the cache key knows its code.

    Args:
        function: defined at the top of a module.
        args: what it takes, as far as it can be pickled.
        kwargs: the same, by name.

    Raises:
        InputError, StoreError: as the function raises them.
        RuntimeError: if the process fails otherwise, or is killed; its traceback stands in the terminal.
    """
    context = multiprocessing.get_context("spawn")
    heard, told = context.Pipe(duplex=False)
    # A daemon: if this process ends while a thread of it waits, that one ends, too.
    process = context.Process(target=_call, args=(told, function, args, kwargs), daemon=True)
    process.start()
    told.close()
    try:
        process.join()
    finally:
        process.terminate()  # It still runs if the wait for it was interrupted.
        process.join()
    if process.exitcode:
        with suppress(EOFError):
            raise heard.recv()
        raise RuntimeError(
            f"{function.__name__}: its process ended with exit code {process.exitcode}; expected 0; see what it wrote "
            "to the terminal"
        )


def end_with_parent() -> None:
    """Ends this process as soon as its parent has ended: a killed run leaves nothing that goes on."""
    threading.Thread(target=_wait_for_parent, daemon=True).start()


def _call(told: Connection, function: Callable[..., None], args: tuple[object, ...], kwargs: dict[str, object]) -> None:
    end_with_parent()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # A ctrl-c reaches the parent as well, which ends this process.
    try:
        function(*args, **kwargs)
    except (InputError, StoreError) as error:
        told.send(error)
        raise SystemExit(1) from None


def _wait_for_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)
