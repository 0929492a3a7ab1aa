"""The work folder of a step, kept in a bucket as it goes on: another machine resumes from the last checkpoint."""

import json
import logging
import os
import shutil
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from artifacts.errors import StoreError
from artifacts.objects import Objects

CHECKPOINT = "checkpoint.pt"
"""The file that says of a work folder that it can be gone on from; all else in it is at least as new."""
_SHARED = ".shared.json"  # of the local folder: which versions in the bucket it goes back to
_LOOK_SECONDS = 1.0


@contextmanager
def shared_work(objects: Objects, name: str, folder: Path) -> Iterator[None]:
    """Brings a work folder to this machine, and takes each new checkpoint back while a step works.

    What lies in the bucket counts, unless the local folder goes back to just that: then it may be newer.

    Args:
        objects: of the bucket.
        name: of the work folder there.
        folder: of this machine.
    """
    work = _Work(objects, name, folder)
    work.bring()
    over = threading.Event()
    taking = threading.Thread(target=work.keep_taking, args=(over,), name="checkpoints", daemon=True)
    taking.start()
    try:
        yield
    except BaseException:
        over.set()
        taking.join()
        work.take_or_tell()  # The last one, which it may have written when it was stopped.
        raise
    finally:
        over.set()
        taking.join()


class _Work:
    """A work folder here and there; `taken` are the local files, as they were when they were the same in both."""

    def __init__(self, objects: Objects, name: str, folder: Path) -> None:
        self.objects = objects
        self.name = name
        self.folder = folder
        self.taken: dict[str, tuple[int, int, int]] = {}

    def bring(self) -> None:
        there = {each.name.removeprefix(f"{self.name}/"): each for each in self.objects.below(self.name)}
        versions = {file: each.version.e_tag for file, each in there.items()}
        if CHECKPOINT not in there or self._goes_back_to() == versions:
            return
        new = self.folder.with_name(f"{self.folder.name}-{uuid.uuid4().hex[:8]}")
        try:
            for file, each in there.items():
                self.objects.download(each.name, each.bytes, new / file)
            shutil.rmtree(self.folder, ignore_errors=True)
            new.rename(self.folder)
        finally:
            shutil.rmtree(new, ignore_errors=True)
        self._note(versions)
        self.taken = self._here()

    def keep_taking(self, over: threading.Event) -> None:
        while not over.wait(_LOOK_SECONDS):
            self.take_or_tell()

    def take_or_tell(self) -> None:
        """Takes what is new to the bucket; a bucket out of reach does not stop a training."""
        try:
            self._take()
        except (StoreError, OSError) as error:
            logging.getLogger(__name__).warning("a checkpoint stays on this machine for now: %s", error)

    def _take(self) -> None:
        path = self.folder / CHECKPOINT
        if not path.exists() or _stamp(path.stat()) == self.taken.get(CHECKPOINT):
            return
        with path.open("rb") as checkpoint:  # This very one, whatever takes its name meanwhile.
            stamp = _stamp(os.fstat(checkpoint.fileno()))
            here, versions = self._here(), self._goes_back_to()
            for file in [file for file in here if file != CHECKPOINT and here[file] != self.taken.get(file)]:
                versions[file] = self.objects.put(f"{self.name}/{file}", self.folder / file).e_tag
                self.taken[file] = here[file]
            versions[CHECKPOINT] = self.objects.put(f"{self.name}/{CHECKPOINT}", checkpoint).e_tag
        self._note(versions)
        self.taken[CHECKPOINT] = stamp

    def _here(self) -> dict[str, tuple[int, int, int]]:
        """The whole files of the folder, with what changes when they are replaced."""
        found = {}
        for path in self.folder.rglob("*"):
            with suppress(FileNotFoundError):  # The step moves or removes it at this moment.
                if path.name != _SHARED and path.suffix != ".tmp" and path.is_file():
                    found[path.relative_to(self.folder).as_posix()] = _stamp(path.stat())
        return found

    def _goes_back_to(self) -> dict[str, str]:
        try:
            found: dict[str, str] = json.loads((self.folder / _SHARED).read_text())
        except (FileNotFoundError, ValueError):
            return {}
        return found

    def _note(self, versions: dict[str, str]) -> None:
        (self.folder / _SHARED).write_text(json.dumps(versions))


def _stamp(status: os.stat_result) -> tuple[int, int, int]:
    return status.st_ino, status.st_mtime_ns, status.st_size
