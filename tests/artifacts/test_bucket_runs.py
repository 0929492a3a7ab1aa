"""Runs on a store in a bucket: the same content as on a disk, each step once, whatever fails or is killed."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest
from bucket_service import SECRETS, Shelf
from toy import Toy, statuses
from toy_processes import SECONDS, end, outcomes, outcomes_file

from artifacts.errors import StoreError
from artifacts.runs import all_runs, save_run, standing
from artifacts.store import Store

pytestmark = [pytest.mark.server, pytest.mark.usefixtures("server")]
HERE = Path(__file__).parent
ALL_RAN, ALL_CACHED = ["ran"] * 3, ["cached"] * 3


@pytest.fixture
def shared(toy: Toy, shelf: Shelf) -> Toy:
    """The toy project, with a store in a bucket."""
    toy.path = shelf.url
    return toy


def start(toy: Toy, shelf: Shelf, machine: str, *, kill: str = "", sleep: float = 0.0) -> subprocess.Popen[bytes]:
    """Starts the toy flow as on a machine of its own: another folder for copies."""
    shelf.on_machine(machine)
    path = os.pathsep.join([str(toy.project), str(HERE.parents[1])])
    environment = {**os.environ, "PYTHONPATH": path, "TOY_SLEEP": str(sleep), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [
        sys.executable,
        str(HERE / "toy_child.py"),
        shelf.url,
        str(outcomes_file(toy, machine)),
        *[kill] * bool(kill),
    ]
    return subprocess.Popen(command, env=environment, start_new_session=True)


def wait_for(path: Path, text: str = "") -> None:
    deadline = time.monotonic() + SECONDS
    while not path.exists() or text not in path.read_text():
        assert time.monotonic() < deadline, f"{path.name} did not appear, or not with {text}"
        time.sleep(0.05)


def on_a_disk(toy: Toy, folder: Path) -> list[object]:
    """What the flow gives on a local store, and nothing of it in the trace."""
    there, toy.path = toy.path, folder
    references = [o.reference for o in toy.run().outcomes]
    toy.path = there
    toy.computed()
    return references


def test_a_run_gives_what_it_gives_on_a_disk_and_another_machine_computes_nothing(
    shared: Toy, shelf: Shelf, tmp_path: Path
) -> None:
    expected = on_a_disk(shared, tmp_path / "disk")
    first = shared.run()
    assert statuses(first) == ALL_RAN and [o.reference for o in first.outcomes] == expected
    assert shared.statuses() == ALL_CACHED
    shelf.on_machine("two")
    assert statuses(shared.plan()) == ALL_CACHED
    second = shared.run()
    assert statuses(second) == ALL_CACHED and [o.reference for o in second.outcomes] == expected
    assert shared.computed() == ["make", "transform", "count"], "once each"
    assert shared.statuses(tag="x") == ["cached", "ran", "ran"], "with what the other machine made"


def test_what_was_made_anew_with_other_content_is_taken_by_a_machine_that_had_the_old(
    shared: Toy, shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf.on_machine("one")
    old = shared.run().outcomes[1].reference
    shelf.on_machine("two")
    shared.store.remove(old.kind, old.key)
    with monkeypatch.context() as another_gpu:
        another_gpu.setattr("toysteps.steps.spell", lambda tag: "X")
        made = [outcome.reference for outcome in shared.run().outcomes]
    assert made[1].key == old.key and made[1].digest != old.digest
    shelf.on_machine("one")
    again = shared.run()
    assert statuses(again) == ALL_CACHED and [outcome.reference for outcome in again.outcomes] == made


@pytest.mark.parametrize(("failing", "seconds"), [(10, 0.0), pytest.param(0, 0.2, marks=pytest.mark.slow)])
def test_a_service_that_fails_one_in_five_times_or_is_slow_changes_nothing(
    shared: Toy, shelf: Shelf, tmp_path: Path, failing: int, seconds: float
) -> None:
    expected = on_a_disk(shared, tmp_path / "disk")
    shelf.service.failing, shelf.service.seconds = failing, seconds
    run = shared.run(on_record=True)
    assert [o.reference for o in run.outcomes] == expected and statuses(run) == ALL_RAN
    assert shared.computed() == ["make", "transform", "count"]
    assert [record.state for record in all_runs(shared.store)] == ["done"]


def test_a_step_that_fails_leaves_no_artifact_and_no_record_of_prefects(shared: Toy, shelf: Shelf) -> None:
    with pytest.raises(ValueError, match="bad data"):
        shared.run(trouble="data")
    assert not [path for path in shelf.machines.rglob("*") if len(path.name) == 32 and path.is_file()]
    assert shared.store.keys("predictions") == []
    assert shared.statuses() == ["cached", "ran", "ran"], "a failure is not remembered"


@pytest.mark.slow
def test_out_of_reach_in_a_step_is_a_clear_error_and_the_next_run_goes_on(shared: Toy, shelf: Shelf) -> None:
    shelf.monkeypatch.setenv("CROSSTAG_RETRY_SECONDS", "0.5")
    steps = __import__("toysteps.steps").steps
    stumble = steps.stumble

    def cut(trouble: str) -> None:
        shelf.service.down = True

    steps.stumble = cut
    with pytest.raises(StoreError, match=f"store {shelf.url}: it could not .* see whether the service can be reached"):
        shared.run()
    steps.stumble = stumble
    shelf.service.down = False
    time.sleep(2)  # The lease that could not be given back gets stale.
    shared.computed()
    assert shared.statuses() == ["cached", "ran", "ran"]


def test_no_secret_is_in_objects_files_logs_or_the_server(
    shared: Toy, shelf: Shelf, prefect_home: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    shared.run(on_record=True)
    shelf.monkeypatch.setenv("CROSSTAG_RETRY_SECONDS", "0.2")
    shelf.service.down = True
    with pytest.raises(StoreError) as raised:
        shared.run(on_record=True)
    shelf.service.down = False
    place = Store(shelf.url).place
    names = [name for folder in place.names() for name in place.files(folder) or [folder]]
    assert any(name.startswith("run/") for name in names) and any(name.endswith("manifest.json") for name in names)
    looked = {name: name.encode() + place.read(name) for name in names}
    kept = [path for folder in (shelf.machines, prefect_home) for path in folder.rglob("*") if path.is_file()]
    looked |= {str(path): str(path).encode() + path.read_bytes() for path in kept}
    looked["terminal"] = "".join(capfd.readouterr()).encode()
    looked["error"] = repr(raised.value).encode() + repr(raised.getrepr(chain=True)).encode()
    with sqlite3.connect(next(prefect_home.glob("*.db"))) as database:
        looked["database"] = "\n".join(database.iterdump()).encode()
    for secret in SECRETS.values():
        assert [name for name, content in looked.items() if secret.encode() in content] == []


def test_two_machines_at_once_compute_each_step_once(shared: Toy, shelf: Shelf) -> None:
    both = [start(shared, shelf, machine, sleep=0.3) for machine in ("a", "b")]
    assert [end(process) for process in both] == [0, 0]
    assert sorted(shared.computed()) == ["count", "make", "transform"]
    first, second = outcomes(shared, "a"), outcomes(shared, "b")
    assert [digest for _, digest in first] == [digest for _, digest in second]
    assert [sorted([x, y]) for (x, _), (y, _) in zip(first, second, strict=True)] == [["cached", "ran"]] * 3


@pytest.mark.slow
def test_the_machine_that_waits_for_a_killed_one_goes_on_within_twice_its_leases_time(
    shared: Toy, shelf: Shelf
) -> None:
    shelf.monkeypatch.setenv("CROSSTAG_LEASE_SECONDS", "3")
    holder = start(shared, shelf, "a", sleep=600)  # inside its first step
    wait_for(shared.trace_file)
    waiter = start(shared, shelf, "b")
    waiting = Path(f"{outcomes_file(shared, 'b')}.waiting")
    wait_for(waiting)
    holder.kill()
    killed = time.time()
    assert end(holder) == -signal.SIGKILL and end(waiter) == 0
    assert [status for status, _ in outcomes(shared, "b")] == ALL_RAN
    assert waiting.stat().st_mtime - killed < 2 * 3, "when it last found the lease held"


@pytest.mark.slow
def test_another_machine_goes_on_from_the_checkpoint_of_a_killed_one(shared: Toy, shelf: Shelf) -> None:
    killed = start(shared, shelf, "a", kill="after a checkpoint", sleep=1.6)  # between two checkpoints
    assert end(killed) == -signal.SIGKILL
    assert not list((shelf.machines / "b").rglob("checkpoint.pt"))
    shared.trace_file.unlink()
    shelf.on_machine("b")
    run = shared.run()
    assert statuses(run) == ["cached", "ran", "ran"]
    assert shared.trace_file.read_text().split().count("sentence") in (1, 2), "not all three"
    assert not shared.store.leftovers() or all(".unfinished" not in each.name for each in shared.store.leftovers())


def test_a_run_that_is_killed_is_told_so_from_another_machine(shared: Toy, shelf: Shelf) -> None:
    shared.run(on_record=True)
    (record,) = all_runs(shared.store)
    assert standing(shared.store, record) == "done"
    going_on = record.model_copy(update={"state": "running", "ended": None})
    save_run(shared.store, going_on)
    assert standing(shared.store, going_on) == "killed", "nobody holds its lease"
