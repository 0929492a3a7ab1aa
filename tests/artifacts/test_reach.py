"""What runs reach, on stores of a few artifacts that nobody has to write."""

from datetime import UTC, datetime

from artifacts.manifest import Manifest, Recipe
from artifacts.reach import Name, reached
from artifacts.reference import Reference
from artifacts.runs import Caller, Machine, RunRecord, StepTaken

KIND = "sentences"


def manifest(key: str, content: str, *made_of: str, made: str = "2026-01-01") -> Manifest:
    """An artifact with some content, made of others that are named by theirs."""
    inputs = {f"part.{n}": f"{KIND}:{each}" for n, each in enumerate(made_of)}
    recipe = Recipe(step="s", parameters={}, inputs=inputs, code="", schemas={}, store_format=1)
    return Manifest(
        kind=KIND, key=key, digest=content, recipe=recipe, files={}, metadata={}, seconds=0, made=made, environment={}
    )


def store(*manifests: Manifest) -> dict[Name, Manifest]:
    return {(each.kind, each.key): each for each in manifests}


def run(*keys: str) -> RunRecord:
    """A run whose steps gave these artifacts."""
    steps = [
        StepTaken(step="s", stage="", reference=Reference(kind=KIND, key=key, digest="0"), status="ran", seconds=1)
        for key in keys
    ]
    return RunRecord(
        id="ab",
        method="colada",
        name="",
        configuration={},
        runtime={},
        caller=Caller(by="python"),
        revision=None,
        machine=Machine(host="", platform="", processors=1, device="cpu", versions={}),
        started=datetime(2026, 1, 1, tzinfo=UTC),
        steps=tuple(steps),
    )


def keys(found: set[Name]) -> set[str]:
    return {key for _, key in found}


def test_what_a_run_names_is_reached_and_what_that_was_made_of_and_no_more() -> None:
    # c was made of b, b of a; d of a.
    all_of_it = store(manifest("a", "A"), manifest("b", "B", "A"), manifest("c", "C", "B"), manifest("d", "D", "A"))
    assert keys(reached(all_of_it, [run("c")])) == {"a", "b", "c"}
    assert keys(reached(all_of_it, [run("d")])) == {"a", "d"}
    assert keys(reached(all_of_it, [run("d"), run("b")])) == {"a", "b", "d"}
    assert reached(all_of_it, []) == reached(all_of_it, [run()]) == set()


def test_of_several_artifacts_with_the_content_of_an_input_the_one_that_a_run_names_is_enough() -> None:
    old, new = manifest("a1", "A", made="2026-01-01"), manifest("a2", "A", made="2026-02-01")
    made = manifest("b", "B", "A")
    assert keys(reached(store(old, new, made), [run("a1", "b")])) == {"a1", "b"}
    assert keys(reached(store(old, new, made), [run("b")])) == {"a2", "b"}, "else the newest"


def test_of_several_artifacts_with_the_content_of_an_input_those_whose_files_were_dropped_come_last() -> None:
    old, new = manifest("a1", "A", made="2026-01-01"), manifest("a2", "A", made="2026-02-01")
    dropped, made = new.model_copy(update={"dropped": True}), manifest("b", "B", "A")
    assert keys(reached(store(old, dropped, made), [run("b")])) == {"a1", "b"}
    assert keys(reached(store(dropped, made), [run("b")])) == {"a2", "b"}


def test_files_from_outside_and_what_is_gone_are_passed_over() -> None:
    recipe = Recipe(step="s", parameters={}, inputs={"file": "ff" * 32}, code="", schemas={}, store_format=1)
    outside = manifest("a", "A").model_copy(update={"recipe": recipe})
    assert keys(reached(store(outside, manifest("b", "B", "gone")), [run("a", "b", "c")])) == {"a", "b"}
