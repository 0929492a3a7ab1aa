"""Locks of a store, as Prefect asks for them; in a folder by the kernel's flock, which ends with its process."""

import asyncio
import fcntl
import hashlib
import os
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import Any
from weakref import WeakSet

from prefect.locking.protocol import LockManager

_TOLD_AFTER_SECONDS = 1.0
_TOLD_EVERY_SECONDS = 60.0
_MANAGERS: "WeakSet[StoreLocks]" = WeakSet()


def lock_name(key: str) -> str:
    """How a lock is named among files: two keys never share one, and any key will do."""
    return hashlib.sha256(key.encode()).hexdigest()[:32]


class StoreLocks(LockManager, ABC):
    """A Prefect lock manager: what waiting and holding is, whatever a lock is made of.

    Attributes:
        on_wait: called with the name of a lock that is waited for: after a second, and then every minute.
        poll_seconds: between two tries.
    """

    poll_seconds = 0.05

    def __init__(self) -> None:
        self.on_wait: Callable[[str], None] | None = None
        self._held: dict[str, tuple[Any, str]] = {}
        _MANAGERS.add(self)

    @abstractmethod
    def _try(self, key: str) -> Any:
        """What holds the lock from now on, or None if somebody else does."""

    @abstractmethod
    def _let_go(self, key: str, handle: Any) -> None:
        """Gives back what `_try` gave."""

    @abstractmethod
    def _is_taken(self, key: str) -> bool:
        """Whether anybody else holds the lock."""

    @abstractmethod
    def _forget(self, handle: Any) -> None:
        """Leaves what `_try` gave to the parent of this process, whose lock it is."""

    def acquire_lock(
        self, key: str, holder: str, acquire_timeout: float | None = None, hold_timeout: float | None = None
    ) -> bool:
        """Waits for the lock on `key`, for `acquire_timeout` seconds at most (None: until it is free).

        `hold_timeout` is not needed: a lock lasts no longer than its process, or not much.
        """
        if self.is_lock_holder(key, holder):
            return True
        began = time.monotonic()
        tell_at = began + _TOLD_AFTER_SECONDS
        while (handle := self._try(key)) is None:
            now = time.monotonic()
            if acquire_timeout is not None and now >= began + acquire_timeout:
                return False
            if self.on_wait is not None and now >= tell_at:
                self.on_wait(key)
                tell_at = now + _TOLD_EVERY_SECONDS
            time.sleep(self.poll_seconds)
        self._held[key] = (handle, holder)
        return True

    async def aacquire_lock(
        self, key: str, holder: str, acquire_timeout: float | None = None, hold_timeout: float | None = None
    ) -> bool:
        """As `acquire_lock`, without blocking the event loop."""
        return await asyncio.to_thread(self.acquire_lock, key, holder, acquire_timeout, hold_timeout)

    def release_lock(self, key: str, holder: str) -> None:
        """Gives the lock back.

        Raises:
            ValueError: if `holder` does not hold it.
        """
        if not self.is_lock_holder(key, holder):
            raise ValueError(f"lock {key!r} is not held by {holder!r}")
        handle, _ = self._held.pop(key)
        self._let_go(key, handle)

    def is_locked(self, key: str) -> bool:
        """Whether anybody holds the lock, in this process or another."""
        return key in self._held or self._is_taken(key)

    def is_lock_holder(self, key: str, holder: str) -> bool:
        """Whether `holder` holds the lock in this process."""
        return key in self._held and self._held[key][1] == holder

    def wait_for_lock(self, key: str, timeout: float | None = None) -> bool:
        """Waits until nobody holds the lock; False after `timeout` seconds."""
        deadline = None if timeout is None else time.monotonic() + timeout
        while self.is_locked(key):
            if deadline is not None and time.monotonic() >= deadline:
                return False
            time.sleep(self.poll_seconds)
        return True

    async def await_for_lock(self, key: str, timeout: float | None = None) -> bool:
        """As `wait_for_lock`, without blocking the event loop."""
        return await asyncio.to_thread(self.wait_for_lock, key, timeout)


class FlockManager(StoreLocks):
    """Locks for a store on a local disk.

    Prefect's own file locks have no expiry and outlive kill -9. Here the kernel releases the lock when its holder
    dies. Lock files are named by the hash of the key and stay behind, empty; removing them while somebody waits
    would give two holders, so nothing removes them.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder

    def __getstate__(self) -> dict[str, Path]:
        return {"folder": self.folder}

    def __setstate__(self, state: dict[str, Path]) -> None:
        self.__init__(state["folder"])  # type: ignore[misc]

    def _try(self, key: str) -> int | None:
        """An open handle that holds the lock, or None if somebody else does."""
        self.folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(self._path(key), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(handle)
            if isinstance(error, BlockingIOError):
                return None
            raise
        return handle

    def _let_go(self, key: str, handle: int) -> None:
        os.close(handle)

    def _is_taken(self, key: str) -> bool:
        """Only looks: it writes nothing, and others that look at the same time are not taken for holders."""
        try:
            handle = os.open(self._path(key), os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return False
        try:
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(handle)
        return False

    def _path(self, key: str) -> Path:
        return self.folder / f"{lock_name(key)}.lock"

    def _forget(self, handle: int) -> None:
        os.close(handle)


def _let_go_in_child() -> None:
    """A forked child shares the parent's locks: closed here, they end with the parent."""
    for manager in _MANAGERS:
        for handle, _ in manager._held.values():
            manager._forget(handle)
        manager._held.clear()


os.register_at_fork(after_in_child=_let_go_in_child)
