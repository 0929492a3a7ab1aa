"""Files that are derived from an artifact: there whole or not at all, and made once."""

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from artifacts.store import Store


def make(folder: Path) -> None:
    (folder / "file").write_text("made")


def test_they_are_made_once_and_then_found(store: Store) -> None:
    store.create()
    assert store.derived("bank", "ab12") is None
    folder = store.derive("bank", "ab12", make)
    assert (folder / "file").read_text() == "made" and folder == store.root / ".inspect" / "bank-ab12"
    again = store.derive("bank", "ab12", lambda _: pytest.fail("made twice"))
    assert again == folder == store.derived("bank", "ab12")


def test_a_failure_leaves_nothing_and_the_next_may_try(store: Store) -> None:
    store.create()

    def fail(folder: Path) -> None:
        make(folder)
        raise ValueError("half-way")

    with pytest.raises(ValueError, match="half-way"):
        store.derive("bank", "ab12", fail)
    assert store.derived("bank", "ab12") is None and store.leftovers() == []
    assert store.derive("bank", "ab12", make).exists()


def test_of_two_that_want_them_at_once_one_makes_them(store: Store) -> None:
    store.create()
    made: list[str] = []

    def slowly(folder: Path) -> None:
        made.append(folder.name)
        time.sleep(0.3)
        make(folder)

    with ThreadPoolExecutor(2) as both:
        found = list(both.map(lambda _: Store(store.root).derive("bank", "ab12", slowly), range(2)))
    assert len(made) == 1 and found == [store.derived("bank", "ab12")] * 2
