"""What is in use until the step that asked for it is done: local copies whose paths were given out."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from contextvars import ContextVar
from pathlib import Path

_Held = dict[str, tuple[AbstractContextManager[Path], Path]]
_OF_THE_PROCESS: _Held = {}
_HELD: ContextVar[_Held] = ContextVar("crosstag_in_use", default=_OF_THE_PROCESS)


def keep_until_done(name: str, holding: AbstractContextManager[Path]) -> Path:
    """Holds what a name stands for until the end of the enclosing `until_done`, or of the process; gives its path.

    Asked again, it holds the later one alone: its content may be another.
    """
    held = _HELD.get()
    path = holding.__enter__()
    before = held.pop(name, None)
    held[name] = (holding, path)
    if before is not None:
        before[0].__exit__(None, None, None)
    return path


@contextmanager
def until_done() -> Iterator[None]:
    """What is held inside is let go at the end."""
    held: _Held = {}
    token = _HELD.set(held)
    try:
        yield
    finally:
        _HELD.reset(token)
        with ExitStack() as stack:
            for holding, _ in held.values():
                stack.push(holding)
