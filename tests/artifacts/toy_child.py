"""The toy flow in a process of its own, which may kill itself: `python toy_child.py STORE OUTCOMES [KILL]`."""

import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

import toy
from prefect.results import ResultStore

import artifacts.code.sources
from artifacts.lease import LeaseManager
from artifacts.lock import FlockManager, StoreLocks

STEP = "predictions"  # what the second of three steps makes


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def kill_around_rename(*, before: bool) -> None:
    rename = os.rename

    def renaming(source: Any, target: Any) -> None:
        if Path(target).parent.name != STEP:
            return rename(source, target)
        if not before:
            rename(source, target)
        die()

    os.rename = renaming


def kill_in_record() -> None:
    persist = ResultStore.persist_result_record

    def persisting(self: ResultStore, result_record: Any, holder: str | None = None) -> None:
        path = Path(result_record.metadata.storage_key)
        if path.parent.parent.name != STEP:
            return persist(self, result_record, holder)
        content = result_record.serialize()
        path.write_bytes(content[: len(content) // 2])
        die()

    ResultStore.persist_result_record = persisting


def kill_after_checkpoint() -> None:
    from toysteps import checkpoint

    save = checkpoint.save

    def saving(folder: Path, done: list[list[str]]) -> None:
        save(folder, done)
        if len(done) == 2:
            die()

    checkpoint.save = saving


def tell_when_waiting(path: Path) -> None:
    """Touches a file when this process finds a lock held by another."""

    def tell(manager: type[StoreLocks]) -> None:
        attempt = manager._try

        def trying(self: StoreLocks, key: str) -> Any:
            handle = attempt(self, key)
            if handle is None:
                path.touch()
            return handle

        manager._try = trying

    tell(FlockManager)
    tell(LeaseManager)


KILLS = {
    "before the rename": lambda: kill_around_rename(before=True),
    "after the rename": lambda: kill_around_rename(before=False),
    "during the record's write": kill_in_record,
    "after a checkpoint": kill_after_checkpoint,
}

if __name__ == "__main__":
    artifacts.code.sources.PROJECT_PACKAGES = ("toysteps",)
    store, outcomes, *kill = sys.argv[1:]
    tell_when_waiting(Path(f"{outcomes}.waiting"))
    if kill:
        KILLS[kill[0]]()
    run = toy.toy_flow(store)
    Path(outcomes).write_text(json.dumps([[o.status, o.reference.digest] for o in run.outcomes]))
