"""Work in other processes that pages wait for."""

import os
import time
from multiprocessing.sharedctypes import Synchronized
from pathlib import Path

from artifacts.errors import InputError
from flows.pages.errands import Errand, Errands


def note(done: "Synchronized[int]", path: str) -> None:
    for _ in range(3):
        with done.get_lock():
            done.value += 2
    with Path(path).open("a") as lines:
        lines.write(f"{os.getpid()}\n")


def refuse(done: "Synchronized[int]") -> None:
    raise InputError("no such tagger")


def ended(errand: Errand) -> Errand:
    deadline = time.monotonic() + 120
    while not errand.ended:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return errand


def test_an_errand_is_done_elsewhere_and_counts_what_is_done(tmp_path: Path) -> None:
    errands = Errands()
    assert errands.of("words") is None
    errand = errands.start("words", 5, note, str(tmp_path / "pids"))
    assert errands.start("words", 5, note, str(tmp_path / "pids")) is errand, "it is under way"
    ended(errand)
    assert (errand.error, errand.done, errands.of("words")) == ("", 5, None), "more was counted than there was to do"
    (pid,) = (tmp_path / "pids").read_text().split()
    assert int(pid) != os.getpid()


def test_what_failed_says_why_and_may_be_tried_again() -> None:
    errands = Errands()
    errand = ended(errands.start("words", 5, refuse))
    assert errand.error == "no such tagger" and errands.of("words") is errand
    assert errands.start("words", 5, refuse) is not errand


def test_one_goes_on_at_a_time(tmp_path: Path) -> None:
    errands = Errands()
    with errands._turn:
        waiting = errands.start("words", 5, note, str(tmp_path / "pids"))
        assert waiting.began is None and waiting.seconds == 0 and errands.of("words") is waiting
    assert ended(waiting).done == 5
