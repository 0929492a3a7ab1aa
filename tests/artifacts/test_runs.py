"""Records of runs: there whole at each moment, and honest about what became of a run."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from artifacts import recorder as recorder_module
from artifacts.errors import InputError, StoreError
from artifacts.recorder import from_command_line, recorded
from artifacts.reference import Reference
from artifacts.runs import (
    Column,
    Line,
    Measurements,
    RunRecord,
    Score,
    all_runs,
    find_run,
    read_run,
    save_run,
    standing,
)
from artifacts.runtime import Runtime, StepOutcome
from artifacts.store import Store

ROOT = Path(__file__).parents[2]
SETTINGS = {"seed": 1, "source": {"language": "en"}}
STEP = ("train", "M_src", "tagger/ab")


def runtime(store: Store) -> Runtime:
    return Runtime(store=str(store.root), device="cpu")


def outcome(key: str, status: Any = "ran") -> StepOutcome:
    return StepOutcome("train", "M_src", status, Reference(kind="tagger", key=key, digest="cd"), 1.5)


def the_run(store: Store) -> RunRecord:
    (record,) = all_runs(store)
    return record


def test_a_run_is_on_record_from_its_first_moment_and_tells_what_it_is_at(store: Store) -> None:
    with recorded(runtime(store), "colada", SETTINGS) as run:
        began = the_run(store)
        assert (began.state, began.steps, began.ended) == ("running", (), None)
        assert (began.method, began.configuration) == ("colada", SETTINGS)
        assert standing(store, began) == "running"
        with run.taking([STEP], computes=True):
            (under_way,) = the_run(store).under_way
            assert (under_way.step, under_way.stage, under_way.artifact) == STEP
            run.outcomes.append(outcome("ab"))
        with run.taking([("score", "M_src on test", "scores/cd")], computes=True):
            now = the_run(store)
            assert [step.reference.key for step in now.steps] == ["ab"]
            assert [step.step for step in now.under_way] == ["score"]
    ended = the_run(store)
    assert standing(store, ended) == ended.state == "done"
    assert ended.ended is not None and ended.ended >= ended.started and ended.under_way == ()
    assert ended.steps[0].seconds == 1.5 and ended.ran == ended.steps


@pytest.mark.parametrize(("error", "state"), [(ValueError, "failed"), (KeyboardInterrupt, "stopped")])
def test_a_run_that_ends_badly_says_where_and_why(store: Store, error: type[BaseException], state: str) -> None:
    with pytest.raises(error), recorded(runtime(store), "colada", SETTINGS) as run:
        with run.taking([("read", "", "sentences/aa")], computes=True):
            run.outcomes.append(outcome("aa"))
        with run.taking([STEP], computes=True):
            raise error("line 3: bad")
    record = the_run(store)
    assert standing(store, record) == state
    assert record.error is not None and (record.error.type, record.error.message) == (error.__name__, "line 3: bad")
    assert [step.step for step in record.under_way] == ["train"] and len(record.steps) == 1


def test_a_run_whose_record_is_removed_at_this_moment_is_none(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    with recorded(runtime(store), "colada", SETTINGS):
        pass
    (identity,) = store.run_ids()
    monkeypatch.setattr(Store, "run_ids", lambda self: ["00", identity, "ff"])
    assert [run.id for run in all_runs(store)] == [identity]


def test_an_error_between_two_steps_is_at_none(store: Store) -> None:
    with pytest.raises(ValueError), recorded(runtime(store), "colada", SETTINGS) as run:
        with run.taking([STEP], computes=True):
            run.outcomes.append(outcome("ab"))
        raise ValueError("flow")
    assert the_run(store).under_way == ()


def test_a_killed_run_is_told_from_one_that_runs(store: Store) -> None:
    code = (
        "import sys, time\n"
        "from artifacts.recorder import recorded\n"
        "from artifacts.runtime import Runtime\n"
        "with recorded(Runtime(store=sys.argv[1], device='cpu'), 'colada', {}):\n"
        "    print('up', flush=True)\n"
        "    time.sleep(600)\n"
    )
    command = [sys.executable, "-c", code, str(store.root)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None and process.stdout.readline() == "up\n"
        assert standing(store, the_run(store)) == "running"
        os.kill(process.pid, signal.SIGKILL)
    assert the_run(store).state == "running"
    assert standing(store, the_run(store)) == "killed"


def test_a_run_that_ends_while_somebody_looks_is_not_taken_for_killed(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    with recorded(runtime(store), "colada", {}):
        before = the_run(store)
    # The record was read while the run was going on; its lock is looked at afterwards.
    assert before.state == "running" and standing(store, before) == "done"


def test_a_reader_never_sees_half_a_record(store: Store) -> None:
    with recorded(runtime(store), "colada", {}) as run:
        record = the_run(store)
        faults: list[Exception] = []
        seen: set[int] = set()
        over = threading.Event()

        def read() -> None:
            while not over.is_set():
                try:
                    seen.add(len(read_run(store, record.id).steps))
                except Exception as error:
                    faults.append(error)

        reader = threading.Thread(target=read)
        reader.start()
        for number in range(60):
            run.outcomes.append(outcome(f"{number:04x}"))
            with run.taking([STEP], computes=True):
                time.sleep(0)
        over.set()
        reader.join()
    assert faults == [] and len(seen) > 1
    folder = store.local("run", record.id)
    assert [path.name for path in folder.iterdir()] == ["run.json"]


def test_cached_steps_write_the_record_once_a_second_and_computed_ones_each_time(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [100.0]
    saved: list[int] = []

    def save(store: Store, record: RunRecord) -> None:
        saved.append(len(record.steps))
        save_run(store, record)

    monkeypatch.setattr(recorder_module.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(recorder_module, "save_run", save)
    with recorded(runtime(store), "colada", {}) as run:
        for number in range(40):  # a tenth of a second each: four seconds
            with run.taking([STEP], computes=False):
                now[0] += 0.1
            run.outcomes.append(outcome(f"{number:04x}", "cached"))
        assert len(saved) in (4, 5)  # the first, then one a second
        before = len(saved)
        for _ in range(3):
            with run.taking([STEP], computes=True):
                pass
        assert saved[before:] == [40, 40, 40]
    assert saved[-1] == len(the_run(store).steps) == 40


def test_a_record_says_who_called(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["somewhere/crosstag", "run", "tiny.yaml"])
    with from_command_line("tiny"), recorded(runtime(store), "colada", {}):
        pass
    record = the_run(store)
    assert (record.name, record.caller.by) == ("tiny", "command line")
    assert record.caller.command == ("crosstag", "run", "tiny.yaml")
    with recorded(runtime(store), "colada", {}):
        pass
    assert [run.caller.by for run in all_runs(store)] == ["command line", "python"]


def test_a_record_holds_no_place_of_its_store(store: Store) -> None:
    with recorded(runtime(store), "colada", {}):
        pass
    record = the_run(store)
    assert "store" not in record.runtime and record.runtime["device"] == "cpu"
    moved = Store(store.root.rename(store.root.parent / "moved"))
    assert the_run(moved) == record


def test_values_come_back_as_they_were_written(store: Store) -> None:
    scores = Reference(kind="scores", key="ab", digest="cd")
    table = Measurements(
        title="votes",
        first="text",
        columns=(
            Column(name="share", form="percent"),
            Column(name="words", form="count"),
            Column(name="why", form="text"),
        ),
        lines=(Line(name="de", reference=scores, cells=(1.0, 3, None)),),
    )
    with recorded(runtime(store), "colada", {}) as run:
        assert run.recorder is not None
        run.recorder.completed(Reference(kind="student", key="ef", digest="12"), None, [], [table])
    record = the_run(store)
    assert record.measurements == (table,)
    assert [type(cell) for cell in record.measurements[0].lines[0].cells] == [float, int, type(None)]
    assert record.student == Reference(kind="student", key="ef", digest="12")
    assert scores in set(record.references) and record.student in set(record.references)


def test_what_a_newer_crosstag_adds_is_no_reason_not_to_read_the_rest(store: Store) -> None:
    with recorded(runtime(store), "colada", {}):
        pass
    path = store.local("run", the_run(store).id) / "run.json"
    path.write_text(path.read_text().replace('{"id"', '{"mood":"good","id"', 1))
    assert the_run(store).method == "colada"


def test_a_record_that_cannot_be_read_is_named_and_never_passed_over(store: Store) -> None:
    with recorded(runtime(store), "colada", {}):
        pass
    record = the_run(store)
    path = store.local("run", record.id) / "run.json"
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(StoreError, match=rf"run {record.id}: its record .* cannot be read \(Invalid JSON.*; delete"):
        all_runs(store)
    store.drop_run(record.id)
    assert all_runs(store) == []


def test_a_run_is_found_by_the_beginning_of_its_id_and_the_newest_as_last(store: Store) -> None:
    with pytest.raises(InputError, match="no run fits 'last'"):
        find_run(store, "last")
    for _ in range(2):
        with recorded(runtime(store), "colada", {}):
            pass
    first, second = all_runs(store)
    assert first.started < second.started
    assert find_run(store, "last") == find_run(store, str(second)) == second
    assert find_run(store, first.id[:12]) == first
    save_run(store, first.model_copy(update={"id": first.id[:12] + "00"}))
    for text, found in ((first.id[:12], "2 runs"), ("zz", "no run"), ("", "no run"), ("run/", "no run")):
        with pytest.raises(InputError, match=f"{found}.*`crosstag runs ls`"):
            find_run(store, text)


def test_a_full_disk_at_the_end_does_not_hide_what_went_wrong(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(ValueError, match="the real fault"), recorded(runtime(store), "colada", {}):
        monkeypatch.setattr(recorder_module, "save_run", full)
        raise ValueError("the real fault")
    assert standing(store, the_run(store)) == "killed"


def test_a_score_is_a_row_of_its_table() -> None:
    from artifacts.catalog import SCORES

    assert list(Score.model_fields) == SCORES.schema.names
