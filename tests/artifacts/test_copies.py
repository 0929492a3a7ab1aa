"""Copies of a store that lies elsewhere: bounded, the least lately used go first, none that is in use."""

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from artifacts.copies import Copies
from artifacts.in_use import keep_until_done, until_done
from artifacts.manifest import Manifest, Recipe

RECIPE = Recipe(step="make", parameters={}, inputs={}, code="", schemas={}, store_format=2)


def manifest(key: str) -> Manifest:
    told = {"metadata": {}, "files": {}, "seconds": 0.0, "made": "", "environment": {}}
    return Manifest(kind="tagger", key=key, digest=key * 20, recipe=RECIPE, **told)


def fetching(size: int = 1000, told: list[str] | None = None) -> Callable[[Path], None]:
    def fetch(folder: Path) -> None:
        (folder / "weights").write_bytes(b"w" * size)
        if told is not None:
            told.append("fetched")

    return fetch


def use(copies: Copies, key: str, second: int) -> Path:
    """A copy that was last used at a second."""
    with copies.held(manifest(key), fetching()) as folder:
        pass
    os.utime(folder, (second, second))
    return folder


def there(copies: Copies) -> set[str]:
    return {path.name.split("-")[1] for path in copies.root.glob("tagger-*")}


def test_what_was_used_least_lately_goes_first(tmp_path: Path) -> None:
    copies = Copies(tmp_path, 3000)
    for second, key in enumerate(["aa", "bb", "cc"], start=100):
        use(copies, key, second)
    assert there(copies) == {"aa", "bb", "cc"}, "3000 bytes are within 3000"
    use(copies, "aa", 200)
    use(copies, "dd", 201)
    assert there(copies) == {"aa", "cc", "dd"}


def test_what_is_in_use_stays_even_beyond_the_bounds(tmp_path: Path) -> None:
    copies, beside = Copies(tmp_path, 1000), Copies(tmp_path, 1000)
    with copies.held(manifest("aa"), fetching()) as one, copies.held(manifest("bb"), fetching()):
        os.utime(one, (1, 1))
        beside.trim()
        assert there(copies) == {"aa", "bb"} and (one / "weights").exists()
    beside.trim()
    assert there(copies) == {"bb"}


def test_a_copy_is_fetched_once_by_those_that_want_it_at_once(tmp_path: Path) -> None:
    told: list[str] = []
    copies = [Copies(tmp_path, 10_000) for _ in range(4)]

    def want(each: Copies) -> None:
        with each.held(manifest("aa"), fetching(told=told)):
            pass

    threads = [threading.Thread(target=want, args=(each,)) for each in copies]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert told == ["fetched"] and not list((tmp_path / ".new").iterdir())


def test_a_fetch_that_fails_leaves_no_copy(tmp_path: Path) -> None:
    copies = Copies(tmp_path, 10_000)

    def fail(folder: Path) -> None:
        (folder / "half").write_bytes(b"x")
        raise ConnectionError

    with pytest.raises(ConnectionError), copies.held(manifest("aa"), fail):
        pass
    assert there(copies) == set() and not list((tmp_path / ".new").iterdir())


def test_what_a_killed_process_had_begun_to_fetch_goes_when_it_is_old(tmp_path: Path) -> None:
    copies = Copies(tmp_path, 10_000)
    young, old = tmp_path / ".new" / "young", tmp_path / ".new" / "old"
    for folder in (young, old):
        folder.mkdir(parents=True)
        (folder / "half").write_bytes(b"x")
    two_days_ago = time.time() - 2 * 24 * 3600
    os.utime(old, (two_days_ago, two_days_ago))
    use(copies, "aa", 100)
    assert young.exists() and not old.exists()


def test_what_a_step_asked_for_is_in_use_until_it_is_done(tmp_path: Path) -> None:
    copies = Copies(tmp_path, 10)
    with until_done():
        first = keep_until_done("aa", copies.held(manifest("aa"), fetching()))
        assert keep_until_done("aa", copies.held(manifest("aa"), fetching())) == first
        keep_until_done("bb", copies.held(manifest("bb"), fetching()))
        assert there(copies) == {"aa", "bb"}
    copies.trim()
    assert there(copies) == set()
