"""Plan mode: says what a run would do, without a server and without touching the disk."""

import shutil
from pathlib import Path

import pytest
from toy import Toy, statuses

from artifacts.runtime import Runtime, running, stage
from artifacts.step import run_alone
from artifacts.store import Store


def run_without_prefect(toy: Toy, *, tag: str = "O") -> None:
    import toysteps.steps as steps

    made = run_alone(toy.store, steps.make, steps.Size())
    run_alone(toy.store, steps.count, run_alone(toy.store, steps.transform, made, tag))


def snapshot(root: Path) -> dict[str, int]:
    return {str(p): p.stat().st_mtime_ns for p in root.rglob("*")}


@pytest.fixture(autouse=True)
def _no_server(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a plan asked for a server")

    monkeypatch.setattr("prefect.client.orchestration.get_client", refuse)
    monkeypatch.setattr("prefect.tasks.Task.__call__", refuse)


def test_a_plan_of_an_empty_store_creates_nothing(toy: Toy) -> None:
    run = toy.plan()
    assert statuses(run) == ["to run", "depends", "depends"]
    assert run.outcomes[0].reasons == ["never made in this store"]
    assert run.outcomes[1].reasons == [f"waits for {run.outcomes[0].step} {run.outcomes[0].label}".rstrip()]
    assert not toy.path.exists()


def test_a_plan_of_a_full_store_is_all_cached_and_touches_no_file(toy: Toy) -> None:
    run_without_prefect(toy)
    before = snapshot(toy.path)
    assert statuses(toy.plan()) == ["cached"] * 3
    assert statuses(toy.plan(tag="x")) == ["cached", "to run", "depends"]
    assert snapshot(toy.path) == before


def test_a_plan_says_which_parameter_changed(toy: Toy) -> None:
    run_without_prefect(toy)
    assert toy.plan(tag="x").outcomes[1].reasons == ["tag: O -> x"]


def test_a_plan_names_the_stage_that_it_compares_with_if_it_is_another(toy: Toy) -> None:
    import toysteps.steps as steps

    runtime = Runtime(store=str(toy.path), device="cpu")
    toy.store.create()
    with running(runtime):
        steps.make.compute(toy.store, runtime, steps.make.bound(steps.Size()), label="test", in_flow=False)
    with running(runtime, planning=True) as run:
        for name in ("test", "europarl"):
            with stage(name):
                steps.make(steps.Size(sentences=4, unused="x"))
    assert [outcome.reasons for outcome in run.outcomes] == [
        ["size.sentences: 3 -> 4", "size.unused:  -> x"],
        ["unlike test: size.sentences: 3 -> 4", "size.unused:  -> x"],
    ]
    with running(runtime, planning=True) as run, stage("europarl"):
        (toy.folder(steps.make(steps.Size())) / "data.parquet").unlink()
        steps.make(steps.Size())
    assert run.outcomes[-1].reasons == ["its artifact is gone or damaged"]


def test_a_plan_says_which_code_changed(toy: Toy) -> None:
    run_without_prefect(toy)
    toy.edit("letters.py", "text.upper()", "text.lower()")
    assert toy.plan().outcomes[1].reasons == ["code of toysteps.letters:upper changed"]


def test_a_plan_reads_what_there_is_of_a_kind_once_however_many_steps_make_it(
    toy: Toy, monkeypatch: pytest.MonkeyPatch
) -> None:
    import toysteps.steps as steps

    run_without_prefect(toy)
    read: list[str] = []
    manifests_of = Store.manifests_of
    monkeypatch.setattr(Store, "manifests_of", lambda store, kind: read.append(kind) or manifests_of(store, kind))
    with running(Runtime(store=str(toy.path), device="cpu"), planning=True) as run:
        for number in (4, 5, 6):
            steps.make(steps.Size(sentences=number))
    assert [outcome.reasons for outcome in run.outcomes] == [[f"size.sentences: 3 -> {n}"] for n in (4, 5, 6)]
    assert read == ["sentences"]


def test_a_plan_says_that_an_input_changed(toy: Toy) -> None:
    import toysteps.steps as steps

    run_without_prefect(toy)
    run_alone(toy.store, steps.make, steps.Size(sentences=4))
    run = toy.plan(sentences=4)
    assert statuses(run) == ["cached", "to run", "depends"]
    assert run.outcomes[1].reasons == ["input sentences has new content"]


def test_a_plan_says_that_files_are_damaged_or_deleted(toy: Toy) -> None:
    run_without_prefect(toy)
    reference = toy.plan().outcomes[1].reference
    (toy.folder(reference) / "data.parquet").unlink()
    assert toy.plan().outcomes[1].reasons == ["its artifact is gone or damaged"]
    shutil.rmtree(toy.folder(reference))
    assert toy.plan().outcomes[1].reasons == ["never made in this store"]


def test_a_parameter_that_appears_without_a_value_is_still_named() -> None:
    from artifacts.explain import differences
    from artifacts.manifest import Recipe

    old = Recipe(step="s", parameters={"a": 1}, inputs={}, code="", schemas={}, store_format=1)
    assert differences(old, old.model_copy(update={"parameters": {"a": 1, "b": None}}), []) == ["b: unset -> None"]
    assert differences(old, old.model_copy(update={"parameters": {"a": 1, "b": []}}), []) == ["b: unset -> []"]


def test_a_step_outside_a_run_says_what_is_missing(toy: Toy) -> None:
    import toysteps.steps as steps

    with pytest.raises(RuntimeError, match="called outside a flow"):
        steps.make(steps.Size())
