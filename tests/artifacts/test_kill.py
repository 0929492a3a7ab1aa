"""Runs that are killed, and runs beside each other, each in a process of its own."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from toy import Toy
from toy_child import KILLS
from toy_processes import SECONDS, end, outcomes, outcomes_file

from artifacts.manifest import Manifest
from artifacts.upkeep import verify

pytestmark = [pytest.mark.server, pytest.mark.usefixtures("server")]
HERE = Path(__file__).parent


def start(toy: Toy, name: str = "a", *, kill: str = "", sleep: float = 0.0) -> subprocess.Popen[bytes]:
    """Starts the toy flow in its own process group."""
    path = os.pathsep.join([str(toy.project), str(HERE.parents[1])])
    environment = {**os.environ, "PYTHONPATH": path, "TOY_SLEEP": str(sleep), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, str(HERE / "toy_child.py"), str(toy.path), str(outcomes_file(toy, name))]
    command += [kill] if kill else []
    return subprocess.Popen(command, env=environment, start_new_session=True)


def wait_for(path: Path) -> None:
    deadline = time.monotonic() + SECONDS
    while not path.exists():
        assert time.monotonic() < deadline, f"{path.name} did not appear"
        time.sleep(0.05)


@pytest.fixture(scope="module")
def undisturbed() -> dict[str, list[str]]:
    """The digests of a run that nobody killed; filled by the first test that makes one."""
    return {}


def digests_of_an_undisturbed_run(toy: Toy, known: dict[str, list[str]]) -> list[str]:
    if not known:
        path, toy.path = toy.path, toy.project / "undisturbed"
        known["digests"] = [o.reference.digest for o in toy.run().outcomes]
        toy.path = path
        toy.computed()
    return known["digests"]


# What the rerun finds of the second step, and which traces it leaves: 3 sentences, one trace each.
AFTERWARDS = {
    "before the rename": (["cached", "ran", "ran"], 0),  # its checkpoint has all three
    "after the rename": (["cached", "cached", "ran"], 0),
    "during the record's write": (["cached", "cached", "ran"], 0),
    "after a checkpoint": (["cached", "ran", "ran"], 1),  # it goes on with the third
}


@pytest.mark.parametrize("kill", KILLS)
def test_a_killed_run_is_finished_by_the_next_with_the_same_content(
    toy: Toy, kill: str, undisturbed: dict[str, list[str]]
) -> None:
    expected = digests_of_an_undisturbed_run(toy, undisturbed)
    assert end(start(toy, kill=kill)) == -signal.SIGKILL
    for folder in toy.path.glob("[a-z]*/*"):
        manifest = Manifest.model_validate_json((folder / "manifest.json").read_bytes())
        assert all((folder / name).stat().st_size == entry.bytes for name, entry in manifest.files.items())
    assert list(verify(toy.store)) == [], "what is visible is whole"
    toy.trace_file.unlink()
    statuses, sentences = AFTERWARDS[kill]
    run = toy.run()
    assert [o.status for o in run.outcomes] == statuses
    assert [o.reference.digest for o in run.outcomes] == expected
    assert toy.trace_file.read_text().split().count("sentence") == sentences
    assert not list((toy.path / ".unfinished").glob("work-*"))
    assert toy.statuses() == ["cached"] * 3


def test_two_runs_together_compute_each_step_once(toy: Toy) -> None:
    both = [start(toy, name, sleep=0.3) for name in "ab"]
    assert [end(p) for p in both] == [0, 0]
    assert sorted(toy.computed()) == ["count", "make", "transform"]
    first, second = outcomes(toy, "a"), outcomes(toy, "b")
    assert [digest for _, digest in first] == [digest for _, digest in second]
    # a step that one of them ran, the other took from the store
    assert [sorted([x, y]) for (x, _), (y, _) in zip(first, second, strict=True)] == [["cached", "ran"]] * 3


def test_a_run_killed_while_it_holds_a_lock_does_not_stop_the_other(toy: Toy) -> None:
    holder = start(toy, "a", sleep=60)  # it would sleep for a minute inside its first step
    wait_for(toy.trace_file)
    waiter = start(toy, "b")
    wait_for(Path(f"{outcomes_file(toy, 'b')}.waiting"))
    assert waiter.poll() is None
    holder.kill()
    killed = time.monotonic()
    assert end(holder) == -signal.SIGKILL
    assert end(waiter) == 0
    assert time.monotonic() - killed < 50
    assert [status for status, _ in outcomes(toy, "b")] == ["ran"] * 3
