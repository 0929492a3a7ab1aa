"""Read each corpus once: what the checks before a run have read, the steps need not read again."""

from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeVar

T = TypeVar("T")

_READINGS: ContextVar[dict[Hashable, object] | None] = ContextVar("readings", default=None)


@contextmanager
def reading_once() -> Iterator[None]:
    """Inside, what was read is kept until `forget_readings` or the end; an inner one adds nothing.

    It saves time alone: a reading is known by the content of its files, so a step gives the same without it, in
    another process for example. What is kept is shared; nobody may change it.
    """
    if _READINGS.get() is not None:
        yield
        return
    token = _READINGS.set({})
    try:
        yield
    finally:
        _READINGS.reset(token)


def forget_readings() -> None:
    """Lets go of what was read: all corpora are in the store."""
    readings = _READINGS.get()
    if readings is not None:
        readings.clear()


def readings() -> list[object]:
    """What was read since `reading_once` began, or since readings were forgotten."""
    return list((_READINGS.get() or {}).values())


def once(key: Hashable, read: Callable[[], T]) -> T:
    """What `read` gives; inside `reading_once`, what it gave for the same key before.

    Args:
        key: all that the result depends on, the content of files by their digests.
        read: reads it; what it raises is kept nowhere.
    """
    readings = _READINGS.get()
    if readings is None:
        return read()
    if key not in readings:
        readings[key] = read()
    found: T = readings[key]  # type: ignore[assignment]
    return found
