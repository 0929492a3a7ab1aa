"""Files that are dropped: their content stays known, and is made again when something reads it."""

import dataclasses
import importlib
from types import ModuleType
from typing import Any

import pyarrow as pa
import pytest
from toy import Toy, statuses

from artifacts.catalog import SENTENCES
from artifacts.dropping import drop_models
from artifacts.errors import StoreError
from artifacts.manifest import Recipe
from artifacts.recorder import recorded
from artifacts.reference import Reference
from artifacts.runtime import Runtime, StepOutcome, running
from artifacts.step import run_alone
from artifacts.store import STORE_FORMAT, Store, record_key
from artifacts.upkeep import verify

with_server = pytest.mark.usefixtures("server")
RECIPE = Recipe(step="make", parameters={}, inputs={}, code="", schemas={}, store_format=STORE_FORMAT)


def make(store: Store, key: str) -> Reference:
    with store.writing(SENTENCES, key, RECIPE) as writer:
        writer.write(pa.table({"sentence_id": [0], "words": [[key]]}, schema=SENTENCES.schema), {"language": "en"})
    assert writer.reference is not None
    return writer.reference


def drop(store: Store, *references: Reference) -> None:
    for reference in references:
        store.drop_files(reference.kind, reference.key)


def files(store: Store, reference: Reference) -> set[str]:
    return {path.name for path in store.local(reference.kind, reference.key).iterdir()}


def toy_steps() -> ModuleType:
    return importlib.import_module("toysteps.steps")


# --- The store


def test_what_was_dropped_is_known_and_cannot_be_read(store: Store) -> None:
    reference, other = make(store, "aa"), make(store, "bb")
    drop(store, reference)
    assert files(store, reference) == {"manifest.json"}
    assert store.known("sentences", "aa") == store.dropped("sentences", "aa") == reference
    assert store.intact("sentences", "aa") is None
    assert store.known("sentences", "bb") == other and store.dropped("sentences", "bb") is None
    assert store.describe(reference).rows == 1
    for read in (store.table, store.folder, store.require, store.metadata):
        with pytest.raises(StoreError, match=r"artifact sentences/aa: its files .* were dropped .*--keep-taggers all"):
            read(reference)
    assert store.find("sentences/aa") == reference
    assert list(verify(store)) == []


def test_a_drop_that_was_cut_short_reads_as_dropped_and_is_ended_by_the_next(store: Store, monkeypatch: Any) -> None:
    reference = make(store, "aa")

    def cut(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr("artifacts.folder.Folder.remove", cut)
        drop(store, reference)
    assert store.dropped("sentences", "aa") == reference and store.intact("sentences", "aa") is None
    assert files(store, reference) == {"manifest.json", "data.parquet"}
    drop(store, reference)
    assert files(store, reference) == {"manifest.json"}


def test_what_is_adopted_stays_dropped(store: Store) -> None:
    reference = make(store, "aa")
    drop(store, reference)
    adopted = store.adopt(store.describe(reference), "cc", RECIPE, {}, "only a rename")
    assert store.dropped("sentences", "cc") == adopted and adopted.digest == reference.digest


# --- Steps; the toy's are make -> transform -> count


@with_server
def test_a_run_in_which_nothing_changed_computes_nothing(toy: Toy) -> None:
    first, second, third = (outcome.reference for outcome in toy.run().outcomes)
    drop(toy.store, first, second)
    toy.computed()
    run = toy.run()
    assert statuses(run) == ["cached"] * 3 and toy.computed() == []
    assert [outcome.reference for outcome in run.outcomes] == [first, second, third]
    # Prefect's record may be gone or torn: the manifest is enough.
    (toy.folder(second) / "ref.json").unlink()
    assert toy.statuses() == ["cached"] * 3 and toy.computed() == []
    assert toy.store.dropped(second.kind, second.key) == second


@with_server
def test_a_step_that_reads_it_has_it_made_again_with_the_same_content(toy: Toy) -> None:
    first, second, _ = (outcome.reference for outcome in toy.run().outcomes)
    drop(toy.store, second)
    toy.computed()
    toy.edit("steps.py", '"changed": [0]', '"changed": [1]')
    run = toy.run()
    assert toy.computed() == ["transform", "count"]
    assert [(outcome.step, outcome.status) for outcome in run.outcomes] == [
        ("make", "cached"),
        ("transform", "cached"),
        ("transform", "ran"),
        ("count", "ran"),
    ]
    assert run.outcomes[2].reference == second == toy.store.intact(second.kind, second.key)
    assert toy.statuses() == ["cached"] * 3 and toy.computed() == []
    assert toy.store.intact(first.kind, first.key) == first


@with_server
def test_what_it_is_made_of_is_made_again_too(toy: Toy) -> None:
    first, second, _ = (outcome.reference for outcome in toy.run().outcomes)
    drop(toy.store, first, second)
    toy.computed()
    toy.edit("steps.py", '"changed": [0]', '"changed": [1]')
    assert statuses(toy.run()) == ["cached", "cached", "ran", "ran", "ran"]
    assert toy.computed() == ["make", "transform", "count"]
    assert toy.store.intact(first.kind, first.key) == first and toy.store.intact(second.kind, second.key) == second


@with_server
def test_a_plan_tells_what_will_be_made_again_and_why(toy: Toy) -> None:
    first, second, _ = (outcome.reference for outcome in toy.run().outcomes)
    drop(toy.store, first, second)
    assert statuses(toy.plan()) == ["cached"] * 3
    planned = toy.plan(tag="x").outcomes
    assert [outcome.status for outcome in planned] == ["to run", "to run", "depends"]
    assert planned[0].reasons == ["its files were dropped, and transform needs them"]
    assert planned[1].reasons == ["tag: O -> x"]
    toy.edit("steps.py", '"changed": [0]', '"changed": [1]')
    planned = toy.plan().outcomes
    assert [outcome.status for outcome in planned] == ["to run"] * 3
    assert planned[0].reasons == ["its files were dropped, and transform needs them"]
    assert planned[1].reasons == ["its files were dropped, and count needs them"]


@with_server
def test_files_that_come_out_different_stop_the_run_and_the_next_one_goes_by_them(
    toy: Toy, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, second, third = (outcome.reference for outcome in toy.run().outcomes)
    drop(toy.store, second)
    toy.edit("steps.py", '"changed": [0]', '"changed": [1]')
    # Another library, not another source: the key is the same.
    monkeypatch.setattr(toy_steps(), "spell", lambda tag: "B-LOC")
    with pytest.raises(
        StoreError, match=rf"artifact {second}: .* others .*, not {second.digest[:12]}.*run the flow again"
    ):
        toy.run()
    run = toy.run()
    assert statuses(run) == ["cached", "cached", "ran"]
    assert run.outcomes[1].reference.digest != second.digest
    assert run.outcomes[2].reference.key != third.key


@with_server
def test_while_it_is_made_again_it_stays_known(toy: Toy, monkeypatch: pytest.MonkeyPatch) -> None:
    _, second, _ = (outcome.reference for outcome in toy.run().outcomes)
    drop(toy.store, second)

    def killed(name: str) -> None:
        if name == "transform":
            raise RuntimeError("in the middle of it")

    source = (toy.project / "toysteps" / "steps.py").read_text()
    toy.edit("steps.py", '"changed": [0]', '"changed": [1]')
    with monkeypatch.context() as patch, pytest.raises(RuntimeError, match="in the middle"):
        patch.setattr(toy_steps(), "trace", killed)
        toy.run()
    assert toy.store.dropped(second.kind, second.key) == second
    toy.edit("steps.py", '"changed": [1]', '"changed": [0]')
    assert source == (toy.project / "toysteps" / "steps.py").read_text()
    assert toy.statuses() == ["cached"] * 3


@with_server
def test_a_step_outside_of_the_run_that_made_it_says_what_is_missing(toy: Toy) -> None:
    _, second, _ = (outcome.reference for outcome in toy.run().outcomes)
    drop(toy.store, second)
    toy.edit("steps.py", '"changed": [0]', '"changed": [1]')
    with pytest.raises(StoreError, match=rf"artifact {second}: its files .* were dropped"):
        run_alone(toy.store, toy_steps().count, second)


# --- What a run lets go


@dataclasses.dataclass
class Kept:
    """A store with an artifact, and a run that keeps the last taggers alone."""

    store: Store
    runtime: Runtime
    reference: Reference

    @property
    def is_dropped(self) -> bool:
        return self.store.dropped(self.reference.kind, self.reference.key) is not None


@pytest.fixture
def kept(store: Store) -> Kept:
    return Kept(store, Runtime(store=str(store.root), device="cpu", keep_taggers="last"), make(store, "aa"))


def test_a_run_that_keeps_the_last_drops_what_it_is_told(kept: Kept) -> None:
    with running(kept.runtime, planning=True):
        drop_models(kept.reference)
    with running(kept.runtime.model_copy(update={"keep_taggers": "all"})):
        drop_models(kept.reference)
    drop_models(kept.reference)  # in no run
    assert not kept.is_dropped
    with running(kept.runtime):
        drop_models(kept.reference)
        drop_models(kept.reference)
    assert kept.is_dropped


def test_what_another_run_uses_stays_until_that_has_ended(kept: Kept) -> None:
    with recorded(kept.runtime, "colada", {}) as other:
        other.outcomes.append(StepOutcome("make", "", "cached", kept.reference))
        with other.taking([("label", "", "soft_labels/bb")], computes=True), running(kept.runtime):
            drop_models(kept.reference)
            assert not kept.is_dropped
    with running(kept.runtime):
        drop_models(kept.reference)
    assert kept.is_dropped


def test_what_the_run_itself_has_on_record_is_no_hindrance(kept: Kept) -> None:
    with recorded(kept.runtime, "colada", {}) as run:
        run.outcomes.append(StepOutcome("make", "", "ran", kept.reference))
        with run.taking([("label", "", "soft_labels/bb")], computes=True):
            pass
        drop_models(kept.reference)
        assert kept.is_dropped


def test_what_is_locked_or_not_to_be_judged_stays(kept: Kept, caplog: pytest.LogCaptureFixture) -> None:
    lock = record_key(kept.reference.kind, kept.reference.key)
    kept.store.locks.acquire_lock(lock, "a step")
    with running(kept.runtime):
        drop_models(kept.reference)
    assert not kept.is_dropped
    kept.store.locks.release_lock(lock, "a step")
    kept.store.write_run("ab" * 10, "{")
    with running(kept.runtime):
        drop_models(kept.reference)
    assert not kept.is_dropped and "no files are dropped: run abab" in caplog.text
