"""What a collection of garbage removes and what it never touches."""

import os
import threading
import time
import traceback
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from toy import Toy, statuses

from artifacts import garbage
from artifacts.catalog import SENTENCES
from artifacts.errors import StoreError
from artifacts.garbage import LEFTOVER, Choice, Removal, collect_garbage, runs_to_drop
from artifacts.manifest import Recipe
from artifacts.recorder import recorded
from artifacts.reference import Reference
from artifacts.runs import RUN_KIND, RunRecord, StepUnderWay, all_runs, save_run
from artifacts.runtime import Runtime, StepOutcome
from artifacts.store import STORE_FORMAT, Store, record_key

DAY = timedelta(days=1)
NOW = datetime(2026, 7, 1, tzinfo=UTC)
AT_ONCE = timedelta(0)


def make(store: Store, key: str, *made_of: Reference) -> Reference:
    """An artifact that was made of others, two days ago."""
    inputs = {f"part.{n}": f"{each.kind}:{each.digest}" for n, each in enumerate(made_of)}
    recipe = Recipe(step="make", parameters={}, inputs=inputs, code="", schemas={}, store_format=STORE_FORMAT)
    with store.writing(SENTENCES, key, recipe) as writer:
        writer.write(pa.table({"sentence_id": [0], "words": [[key]]}, schema=SENTENCES.schema), {"language": "en"})
    assert writer.reference is not None
    age(store.local("sentences", key))
    return writer.reference


def age(path: Path, hours: float = 48) -> None:
    then = time.time() - hours * 3600
    for each in [*path.rglob("*"), path]:
        os.utime(each, (then, then))


def on_record(store: Store, *references: Reference, days_ago: float = 2, **changes: Any) -> RunRecord:
    """A run that gave these artifacts, and ended some days ago."""
    with recorded(Runtime(store=str(store.root), device="cpu"), "colada", {}) as run:
        run.outcomes += [StepOutcome("make", "", "ran", reference) for reference in references]
    record = all_runs(store)[-1]
    ended = datetime.now(UTC) - timedelta(days=days_ago)
    old = record.model_copy(update={"started": ended - timedelta(hours=1), "ended": ended, **changes})
    save_run(store, old)
    return old


def there(store: Store) -> set[str]:
    return {manifest.key for manifest in store.manifests()}


def kinds(removed: list[Removal]) -> list[str]:
    return [removal.kind for removal in removed]


# --- Leftovers


def test_only_what_is_stale_and_unfinished_goes_if_nothing_else_is_chosen(store: Store) -> None:
    assert collect_garbage(store).removed == [], "a store that is not there has no garbage"
    make(store, "ab12")
    unfinished = store.root / ".unfinished"
    stale = [unfinished / n for n in ("sentences-ab-12345678", "work-tagger-cd", "removed-gold-ef-12345678")]
    young, used = unfinished / "work-tagger-ee", unfinished / "tagger-ff-12345678"
    for folder in [*stale, young, used]:
        (folder / "deep").mkdir(parents=True)
        (folder / "deep" / "file").write_bytes(b"12345")
        age(folder)
    failed, other = store.root / ("0a" * 16), store.root / "notes.txt"
    for file in (failed, other):
        file.write_text("x")
        age(file)
    (young / "deep" / "file").touch()
    store.locks.acquire_lock(record_key("tagger", "ff"), "a running step")
    for dry_run in (True, False):
        removed = collect_garbage(Store(store.root), dry_run=dry_run).removed
        assert {store.root / removal.name for removal in removed} == {*stale, failed}
        assert {removal.bytes for removal in removed} == {5, 1} and set(kinds(removed)) == {LEFTOVER}
        assert failed.exists() == stale[0].exists() == dry_run
    assert young.exists() and used.exists() and other.exists()
    assert there(store) == {"ab12"}


def test_a_half_written_checkpoint_goes_at_any_age_but_not_under_its_writer(store: Store) -> None:
    store.create()
    folder = store.work_folder("tagger", "cd")
    whole, half = folder / "checkpoint.pt", folder / "checkpoint.pt.tmp"
    whole.write_bytes(b"123")
    half.write_bytes(b"12345")
    store.locks.acquire_lock(record_key("tagger", "cd"), "the training")
    assert collect_garbage(Store(store.root)).removed == [] and half.exists()
    store.locks.release_lock(record_key("tagger", "cd"), "the training")
    (removal,) = collect_garbage(store).removed
    assert (removal.name, removal.bytes) == (".unfinished/work-tagger-cd/checkpoint.pt.tmp", 5)
    assert whole.exists() and not half.exists(), "from the checkpoint the next run goes on"
    whole.with_name("new.tmp").write_bytes(b"12345")
    age(folder)
    removed = collect_garbage(store).removed
    assert [removal.bytes for removal in removed] == [5, 3], "no byte is counted twice"
    assert not folder.exists()


def test_what_was_derived_from_an_artifact_goes_when_nobody_has_read_it_for_a_while(store: Store) -> None:
    store.create()
    read, forgotten = (
        store.derive("bank", key, lambda folder: (folder / "file").write_bytes(b"12345") and None)
        for key in ("ab", "cd")
    )
    for folder in (read, forgotten):
        age(folder)
    assert store.derived("bank", "ab") == read, "which dates it"
    store.locks.acquire_lock(record_key("bank", "cd"), "somebody who makes it again")
    assert collect_garbage(Store(store.root)).removed == []
    store.locks.release_lock(record_key("bank", "cd"), "somebody who makes it again")
    (removal,) = collect_garbage(store).removed
    assert (removal.kind, removal.name, removal.bytes) == (LEFTOVER, ".inspect/bank-cd", 5)
    assert read.exists() and store.derived("bank", "cd") is None


# --- Runs


def bare(number: int, state: str = "done", days_ago: float | None = None) -> RunRecord:
    """The run of a day: number 1 is the oldest, ten days ago."""
    ended = NOW - (timedelta(days=days_ago) if days_ago is not None else timedelta(days=11 - number))
    return RunRecord.model_construct(
        id=f"{number:02x}", started=ended - timedelta(hours=1), ended=ended if state == "done" else None, state=state,
        under_way=(), steps=(), models=(), measurements=(), student=None, figures=None,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("choice", "dropped"),
    [
        (Choice(), []),
        (Choice(unreachable=True), []),
        (Choice(keep_runs=2), [1, 2, 3]),  # 5 and 4 went well; 3 was killed before these
        (Choice(keep_runs=3), [1]),  # 5, 4 and 2 went well; 3 was killed between them
        (Choice(keep_runs=4), []),
        (Choice(keep_runs=5), []),
        (Choice(keep_runs=0), [1, 2, 3, 4, 5]),
        (Choice(older_than=timedelta(days=7.5)), [1, 2, 3]),  # ended 10, 9, 8 days ago
        (Choice(older_than=timedelta(days=30)), []),
        (Choice(keep_runs=3, older_than=timedelta(days=7.5)), [1]),
        (Choice(keep_runs=0, older_than=timedelta(days=9.5)), [1]),
        (Choice(keep_runs=0, grace=timedelta(days=7.5)), [1, 2, 3]),
        (Choice(older_than=AT_ONCE, grace=timedelta(days=9.5)), [1]),
    ],
)
def test_runs_go_by_number_and_age(choice: Choice, dropped: list[int]) -> None:
    runs = [bare(1), bare(2), bare(3, "running"), bare(4), bare(5)]  # 3 was killed
    assert [int(run.id, 16) for run in runs_to_drop(runs, choice, NOW)] == dropped


def test_a_dropped_run_takes_along_what_only_it_needs(store: Store) -> None:
    # One corpus; each run made something of it, the second something of that.
    corpus, outside = make(store, "aa"), make(store, "ff")
    old = make(store, "b1", corpus)
    new = make(store, "b2", corpus)
    newest = make(store, "c2", new)
    dropped = on_record(store, corpus, old, days_ago=5)
    kept = on_record(store, newest, days_ago=4)
    told = collect_garbage(store, Choice(keep_runs=1), dry_run=True).removed
    assert there(store) == {"aa", "b1", "b2", "c2", "ff"} and len(all_runs(store)) == 2
    size = sum(path.stat().st_size for path in store.local("sentences", "b1").iterdir())
    removed = collect_garbage(store, Choice(keep_runs=1)).removed
    assert removed == told
    assert [(r.kind, r.name) for r in removed] == [("sentences", "sentences/b1"), (RUN_KIND, str(dropped))]
    assert removed[0].bytes == size
    assert there(store) == {"aa", "b2", "c2", "ff"}
    assert [run.id for run in all_runs(store)] == [kept.id]
    assert store.intact("sentences", old.key) is None and outside == store.intact("sentences", "ff")
    assert list((store.root / ".unfinished").iterdir()) == []


def test_a_run_that_was_killed_in_a_long_training_is_as_old_as_its_checkpoint(store: Store) -> None:
    began = datetime.now(UTC) - 3 * DAY
    under_way = (StepUnderWay(step="train", stage="", artifact="tagger/cd", since=began),)
    killed = on_record(store, make(store, "aa"), state="running", under_way=under_way)
    save_run(store, killed.model_copy(update={"started": began, "ended": None}))
    on_record(store, make(store, "bb"))
    checkpoint = store.work_folder("tagger", "cd") / "checkpoint.pt"
    checkpoint.write_bytes(b"123")
    found = collect_garbage(store, Choice(keep_runs=1))
    assert (found.removed, found.young_runs, there(store)) == ([], 1, {"aa", "bb"})
    age(checkpoint.parent)
    assert kinds(collect_garbage(store, Choice(keep_runs=1)).removed) == [LEFTOVER, "sentences", RUN_KIND]
    assert there(store) == {"bb"}


def test_what_runs_reach_is_not_looked_for_run_by_run_where_nothing_is_spared(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    for key in ("aa", "bb", "cc", "dd"):
        on_record(store, make(store, key))
    looked: list[int] = []
    reached = garbage.reached
    monkeypatch.setattr(garbage, "reached", lambda *given: looked.append(1) or reached(*given))
    assert len(collect_garbage(store, Choice(keep_runs=0)).removed) == 8
    assert len(looked) == 2, "of what stays, and of what goes"


def test_what_no_run_made_goes_only_if_that_is_wanted(store: Store) -> None:
    corpus, alone = make(store, "aa"), make(store, "bb")
    on_record(store, make(store, "cc", corpus))
    assert collect_garbage(store, Choice(keep_runs=5)).removed == []
    (removal,) = collect_garbage(store, Choice(unreachable=True)).removed
    assert removal.name == str(alone) and there(store) == {"aa", "cc"}


def test_what_is_young_or_locked_stays_and_so_does_its_run(store: Store) -> None:
    young, locked, old = make(store, "aa"), make(store, "bb"), make(store, "cc")
    record = on_record(store, young, locked, old, days_ago=9)
    store.mark_used(young.kind, young.key)
    store.locks.acquire_lock(record_key(locked.kind, locked.key), "a running step")
    found = collect_garbage(Store(store.root), Choice(keep_runs=0))
    assert [removal.name for removal in found.removed] == ["sentences/cc"]
    assert found.spared == ["sentences/aa", "sentences/bb"]
    assert [run.id for run in all_runs(store)] == [record.id], "so that they are found the next time"
    store.locks.release_lock(record_key(locked.kind, locked.key), "a running step")
    age(store.local("sentences", "aa"))
    removed = collect_garbage(store, Choice(keep_runs=0)).removed
    assert [removal.name for removal in removed] == ["sentences/aa", "sentences/bb", str(record)]


def test_a_run_that_goes_on_keeps_what_it_uses_whatever_is_chosen(store: Store) -> None:
    corpus = make(store, "aa")
    used, unused = make(store, "bb", corpus), make(store, "cc")
    on_record(store, corpus, used, unused, days_ago=9)
    everything = Choice(keep_runs=0, older_than=AT_ONCE, unreachable=True, grace=AT_ONCE)
    with recorded(Runtime(store=str(store.root), device="cpu"), "colada", {}) as run:
        store.mark_used(used.kind, used.key)  # what a step does before it looks
        run.outcomes.append(StepOutcome("make", "", "cached", used))
        # The record has not been written since: it names nothing yet.
        found = collect_garbage(Store(store.root), everything)
        assert "sentences/bb" not in {removal.name for removal in found.removed}
        assert {"sentences/cc"} <= {removal.name for removal in found.removed}
        assert "bb" in there(store)
        with run.taking([("make", "", "sentences/dd")], computes=True):
            collect_garbage(Store(store.root), everything)
            assert "bb" in there(store)
    assert all_runs(store)[-1].state == "done"


def test_a_killed_run_goes_like_any_other(store: Store) -> None:
    artifact = make(store, "aa")
    killed = on_record(store, artifact, days_ago=9, state="running", ended=None)
    removed = collect_garbage(store, Choice(older_than=7 * DAY)).removed
    assert [removal.name for removal in removed] == ["sentences/aa", str(killed)]


def test_nothing_goes_while_a_record_cannot_be_read(store: Store) -> None:
    record = on_record(store, make(store, "aa"), days_ago=9)
    (store.local("run", record.id) / "run.json").write_text("{")
    for choice in (Choice(unreachable=True), Choice(keep_runs=0)):
        with pytest.raises(StoreError, match=f"run {record.id}: its record"):
            collect_garbage(store, choice)
    assert there(store) == {"aa"}
    assert collect_garbage(store).removed == [], "leftovers need no record"


@pytest.mark.server
@pytest.mark.usefixtures("server")
def test_runs_beside_a_collection_lose_nothing_that_they_use(toy: Toy) -> None:
    over = threading.Event()
    removed: list[Removal] = []
    faults: list[str] = []
    everything = Choice(keep_runs=0, unreachable=True, grace=AT_ONCE)

    def collect() -> None:
        while not over.is_set():
            try:
                removed.extend(collect_garbage(Store(toy.path), everything).removed)
            except BaseException:
                faults.append(traceback.format_exc())

    toy.run(on_record=True)
    for kind in ("sentences", "predictions", "change"):
        for folder in (toy.path / kind).iterdir():
            age(folder)
    collector = threading.Thread(target=collect)
    collector.start()
    try:
        for _ in range(3):
            # Old artifacts may go before the run has looked; then it makes them again.
            run = toy.run(on_record=True)
            assert set(statuses(run)) <= {"cached", "ran"}
            time.sleep(1.2)
    finally:
        over.set()
        collector.join()
    assert faults == []
    assert {removal.kind for removal in removed} >= {"sentences", "predictions", "change", RUN_KIND}
