"""Copies of artifacts on this machine, of a store that lies elsewhere: read once, bounded, the least used go first."""

import fcntl
import os
import shutil
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from artifacts.manifest import Manifest

_NEW = ".new"
_LOCKS = ".in-use"
_HALF_SECONDS = 24 * 3600.0


class Copies:
    """A folder of copies, each named by the content of its artifact. Several processes may share it.

    A copy is there completely or not at all. While it is in use, the process has its lock file locked, so the copy of
    a process that was killed is not in use.
    """

    def __init__(self, root: Path, most_bytes: int) -> None:
        self.root = root
        self.most_bytes = most_bytes

    @contextmanager
    def held(self, manifest: Manifest, fetch: Callable[[Path], None]) -> Iterator[Path]:
        """The folder of a copy, in use meanwhile.

        Args:
            manifest: of the artifact.
            fetch: writes its files into an empty folder, if there is no copy.
        """
        name = _name(manifest)
        with self._locked(name, fcntl.LOCK_SH):
            if not (self.root / name).is_dir():
                with self._locked(f"{name}.fetch", fcntl.LOCK_EX):  # Of those that want it, one fetches it.
                    if not (self.root / name).is_dir():
                        with self._new() as folder:
                            fetch(folder)
                            self._take(folder, name)
                self.trim()
            os.utime(self.root / name)
            yield self.root / name

    def keep(self, manifest: Manifest, folder: Path) -> None:
        """Takes over a folder of the files of an artifact."""
        self._take(folder, _name(manifest))
        self.trim()

    def trim(self) -> None:
        """Removes copies until they are within bounds: those that were used least lately first, none that is in use.

        What a killed process had begun to fetch goes, too, when it is a day old.
        """
        for half in [*(self.root / _NEW).glob("*")]:
            with suppress(FileNotFoundError):  # Its process has just ended with it.
                if half.stat().st_mtime < time.time() - _HALF_SECONDS:
                    shutil.rmtree(half, ignore_errors=True)
        copies = []
        for path in self.root.iterdir():
            if not path.name.startswith("."):
                sizes = (each.stat().st_size for each in path.rglob("*") if each.is_file())
                try:
                    copies.append((path.stat().st_mtime_ns, path.name, sum(sizes)))
                except FileNotFoundError:
                    continue  # Another process removes it at this moment.
        total = sum(size for _, _, size in copies)
        for _, name, size in sorted(copies):
            if total <= self.most_bytes:
                return
            with self._locked(name, fcntl.LOCK_EX | fcntl.LOCK_NB) as free:
                if free:
                    self._remove(name)
                    total -= size

    def _remove(self, name: str) -> None:
        with self._new() as aside:
            try:
                os.rename(self.root / name, aside / name)
            except FileNotFoundError:
                return

    def _take(self, folder: Path, name: str) -> None:
        self.root.mkdir(parents=True, exist_ok=True)
        try:
            os.rename(folder, self.root / name)
        except OSError:
            if not (self.root / name).is_dir():  # It is, if another process was first: with the same content.
                raise

    @contextmanager
    def _new(self) -> Iterator[Path]:
        """A new folder, which goes if nobody has renamed it."""
        folder = self.root / _NEW / uuid.uuid4().hex
        folder.mkdir(parents=True)
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    @contextmanager
    def _locked(self, name: str, how: int) -> Iterator[bool]:
        """Holds a lock file; False where it is not to be waited for, and somebody else holds it."""
        (self.root / _LOCKS).mkdir(parents=True, exist_ok=True)
        handle = os.open(self.root / _LOCKS / name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            try:
                fcntl.flock(handle, how)
            except BlockingIOError:
                yield False
                return
            yield True
        finally:
            os.close(handle)


def _name(manifest: Manifest) -> str:
    return f"{manifest.kind}-{manifest.key}-{manifest.digest[:20]}"
