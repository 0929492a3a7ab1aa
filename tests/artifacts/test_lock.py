"""Locks: one holder at a time, across processes and threads, and none after a kill."""

import fcntl
import os
import pickle
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from artifacts.lock import FlockManager

HOLD = """
import sys, time
from pathlib import Path
from artifacts.lock import FlockManager
FlockManager(Path(sys.argv[1])).acquire_lock(sys.argv[2], "child")
print("held", flush=True)
time.sleep(600)
"""
ROOT = Path(__file__).parents[2]


def holder_of(folder: Path, key: str) -> subprocess.Popen[str]:
    """Another process that holds the lock and never gives it back."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder), key],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert process.stdout is not None and process.stdout.readline() == "held\n"
    return process


def test_another_process_waits_and_a_kill_lets_it_in_at_once(tmp_path: Path) -> None:
    locks = FlockManager(tmp_path)
    process = holder_of(tmp_path, "a/b")
    try:
        assert locks.is_locked("a/b")
        assert not locks.acquire_lock("a/b", "me", acquire_timeout=0.2)
        assert not locks.wait_for_lock("a/b", timeout=0.1)
    finally:
        process.kill()
        process.wait()
    started = time.monotonic()
    assert locks.acquire_lock("a/b", "me", acquire_timeout=5)
    assert time.monotonic() - started < 1
    assert locks.is_lock_holder("a/b", "me")


def test_who_looks_writes_nothing_and_is_not_taken_for_a_holder(tmp_path: Path) -> None:
    locks = FlockManager(tmp_path / "locks")
    assert not locks.is_locked("a/b") and not locks.folder.exists(), "a store may be there to be read alone"
    assert locks.acquire_lock("a/b", "me")
    locks.release_lock("a/b", "me")
    looks = threading.Event()

    def look(handle: int, how: int) -> None:
        flock(handle, how)
        if not looks.is_set():
            looks.set()
            assert not FlockManager(locks.folder).is_locked("a/b"), "while another process looks"

    flock = fcntl.flock
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("artifacts.lock.fcntl.flock", look)
        assert not locks.is_locked("a/b") and looks.is_set()


def test_the_group_of_a_store_has_its_locks(tmp_path: Path) -> None:
    before = os.umask(0o002)
    try:
        assert FlockManager(tmp_path).acquire_lock("a/b", "me")
    finally:
        os.umask(before)
    (path,) = tmp_path.glob("*.lock")
    assert path.stat().st_mode & 0o777 == 0o664


def test_threads_of_one_process_exclude_each_other(tmp_path: Path) -> None:
    locks = FlockManager(tmp_path)
    inside, most = 0, 0

    def work(name: str) -> None:
        nonlocal inside, most
        for _ in range(3):
            locks.acquire_lock("key", name)
            inside += 1
            most = max(most, inside)
            time.sleep(0.01)
            inside -= 1
            locks.release_lock("key", name)

    threads = [threading.Thread(target=work, args=(str(i),)) for i in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 1


def test_keys_with_slashes_and_dots_are_distinct(tmp_path: Path) -> None:
    locks = FlockManager(tmp_path)
    keys = ["soft.v1", "soft.v2", "soft/v1", "soft_v1", "../soft", "soft/v1/"]
    for key in keys:
        assert locks.acquire_lock(key, "me", acquire_timeout=0)
    assert len(list(tmp_path.iterdir())) == len(keys), "all lie in the folder of the locks"


def test_a_holder_may_ask_again_and_others_may_not_release(tmp_path: Path) -> None:
    locks = FlockManager(tmp_path)
    assert locks.acquire_lock("key", "me")
    assert locks.acquire_lock("key", "me", acquire_timeout=0)
    with pytest.raises(ValueError, match="not held by 'you'"):
        locks.release_lock("key", "you")
    locks.release_lock("key", "me")
    assert not locks.is_locked("key")
    assert locks.wait_for_lock("key", timeout=0)


def test_a_pickled_manager_locks_the_same_folder_and_holds_nothing(tmp_path: Path) -> None:
    locks = FlockManager(tmp_path)
    locks.acquire_lock("key", "me")
    copy = pickle.loads(pickle.dumps(locks))
    assert not copy.is_lock_holder("key", "me")
    assert not copy.acquire_lock("key", "copy", acquire_timeout=0)
    locks.release_lock("key", "me")
    assert copy.acquire_lock("key", "copy", acquire_timeout=0)


def test_a_forked_child_does_not_keep_the_lock_of_its_parent(tmp_path: Path) -> None:
    locks = FlockManager(tmp_path)
    locks.acquire_lock("key", "me")
    ready, tell = os.pipe()
    child = os.fork()
    if child == 0:  # as a data loader's worker that outlives a killed training
        os.write(tell, b"!")
        time.sleep(60)
        os._exit(0)
    try:
        os.read(ready, 1)
        assert locks.is_locked("key"), "the child's copy of the handle gave nothing back"
        locks.release_lock("key", "me")
        assert FlockManager(tmp_path).acquire_lock("key", "next", acquire_timeout=0.5)
    finally:
        os.kill(child, 9)
        os.waitpid(child, 0)


async def _acquire(locks: FlockManager) -> tuple[bool, bool]:
    first = await locks.aacquire_lock("key", "me")
    return first, await locks.await_for_lock("key", timeout=0.1)


def test_the_async_side_behaves_the_same(tmp_path: Path) -> None:
    import asyncio

    assert asyncio.run(_acquire(FlockManager(tmp_path))) == (True, False)


def test_who_waits_says_so_after_a_second_and_then_every_minute(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seconds = iter([0.0, 0.5, 1.1, 30.0, 61.0, 61.2, 90.0, 120.0, 121.3, 121.4])
    told: list[float] = []
    locks = FlockManager(tmp_path)
    now = 0.0

    def clock() -> float:
        nonlocal now
        now = next(seconds)
        return now

    def tell(key: str) -> None:
        assert key == "a/b"
        told.append(now)

    other = FlockManager(tmp_path)
    assert other.acquire_lock("a/b", "other")
    locks.on_wait = tell
    monkeypatch.setattr("artifacts.lock.time.sleep", lambda _: None)
    monkeypatch.setattr("artifacts.lock.time.monotonic", clock)
    assert not locks.acquire_lock("a/b", "me", acquire_timeout=121.4)
    assert told == [1.1, 61.2, 121.3]
