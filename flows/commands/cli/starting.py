"""What commands that compute begin with: where they do, and a server that starts while they load and check."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from artifacts.runtime import Runtime


def runtime_of(store: str, data: str, device: Literal["auto", "cpu", "cuda"], **settings: Any) -> "Runtime":
    """Where and how a command computes."""
    from artifacts.runtime import Runtime

    return Runtime(store=store, data=data, device=device, **settings)


@contextmanager
def server_starting(name: str) -> Iterator[Callable[[], AbstractContextManager[None]]]:
    """Inside, a server starts and files are read once; what is given waits for it, for runs of this command line.

    Args:
        name: of the configuration, under which runs are recorded.
    """
    from flows.commands.server import start_server

    wait_for_server = start_server()  # First: what follows takes as long to load.
    from artifacts.recorder import from_command_line
    from tasks.corpus.once import reading_once

    @contextmanager
    def started() -> Iterator[None]:
        wait_for_server()
        with from_command_line(name):
            yield

    with reading_once():
        yield started
