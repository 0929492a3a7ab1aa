"""Where two runs differ, worked out by hand on runs of three steps."""

from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pytest

from artifacts.catalog import SENTENCES
from artifacts.code.fingerprint import Definition
from artifacts.dotted import changed, dotted
from artifacts.manifest import Recipe
from artifacts.reference import Reference
from artifacts.run_difference import ScoreDifference, compare_runs
from artifacts.runs import Caller, Machine, RunRecord, Score, Scored, ScoredModel, StepTaken
from artifacts.store import STORE_FORMAT, Store


def make(store: Store, key: str, words: str, **recipe: Any) -> Reference:
    """An artifact of the step `read` with this recipe."""
    empty: dict[str, Any] = {"parameters": {}, "inputs": {}, "code": "", "schemas": {}, "store_format": STORE_FORMAT}
    definitions = {"tasks.read:read": Definition(own=recipe.get("code", ""), uses=())}
    made = Recipe(step="read", **{**empty, **recipe})
    with store.writing(SENTENCES, key, made, definitions=definitions) as writer:
        writer.write(pa.table({"sentence_id": [0], "words": [[words]]}, schema=SENTENCES.schema), {"language": "en"})
    assert writer.reference is not None
    return writer.reference


def run(*steps: tuple[str, Reference], f1: dict[str, float] | None = None, **more: Any) -> RunRecord:
    scores = Reference(kind="scores", key="ab", digest="cd")
    rows = {
        name: Score(type="overall", precision=0, recall=0, f1=f, gold=1, predicted=1, correct=0)
        for name, f in (f1 or {}).items()
    }
    models = tuple(
        ScoredModel(name=name, reference=scores, scores={"test": Scored(reference=scores, rows=(row,))})
        for name, row in rows.items()
    )
    values: dict[str, Any] = {
        "id": "ab",
        "method": "colada",
        "name": "",
        "configuration": {},
        "runtime": {},
        "caller": Caller(by="python"),
        "revision": None,
        "machine": Machine(host="h", platform="p", processors=2, device="cpu", versions={"torch": "2.13"}),
        "started": datetime(2026, 1, 1, tzinfo=UTC),
        "steps": tuple(
            StepTaken(step="read", stage=stage, reference=reference, status="ran", seconds=1.0)
            for stage, reference in steps
        ),
        "models": models,
    }
    return RunRecord(**{**values, **more})


def test_nested_settings_become_dotted_paths() -> None:
    assert dotted({"a": {"b": [1, {"c": 2}]}, "d": [], "e": {}}) == {"a.b.0": 1, "a.b.1.c": 2, "d": [], "e": {}}
    assert changed({"a": 1, "b": 2}, {"b": 3, "c": None}) == ["a", "b", "c"]


def test_a_run_differs_from_itself_in_nothing(store: Store) -> None:
    same = run(("text", make(store, "aa", "x")), f1={"M_src": 0.5}, configuration={"seed": 1})
    found = compare_runs(store, same, same)
    assert (found.settings, found.surroundings, found.steps, found.scores) == ({}, {}, (), ())


def test_settings_and_surroundings_differ_by_their_paths(store: Store) -> None:
    first = run(configuration={"seed": 1, "student": {"epochs": 3, "rate": 0.1}}, runtime={"threads": 1})
    machine = first.machine.model_copy(update={"device": "cuda", "versions": {"torch": "2.14"}})
    configuration = {"seed": 1, "student": {"epochs": 4, "rate": 0.1, "mean": "word", "dev": None}}
    second = run(configuration=configuration, machine=machine, method="unitrans", runtime={"threads": 2})
    found = compare_runs(store, first, second)
    assert found.settings == {
        "method": ("colada", "unitrans"),
        "student.epochs": (3, 4),
        "student.mean": (None, "word"),
    }
    assert found.surroundings == {
        "device": ("cpu", "cuda"),
        "versions.torch": ("2.13", "2.14"),
        "runtime.threads": (1, 2),
    }


@pytest.mark.parametrize(
    ("changes", "words", "reasons"),
    [
        ({"parameters": {"config": {"max": 7}}}, "y", ("config.max: 5 -> 7",)),
        ({"inputs": {"file": "gold:22"}}, "y", ("input file has new content",)),
        ({"code": "33"}, "y", ("code of tasks.read:read changed",)),
        ({"inputs": {"file": "gold:22"}}, "x", ("input file has new content", "with the same content")),
    ],
)
def test_a_step_that_made_something_else_says_why(
    store: Store, changes: dict[str, Any], words: str, reasons: tuple[str, ...]
) -> None:
    recipe: dict[str, Any] = {"parameters": {"config": {"max": 5}}, "inputs": {"file": "gold:11"}}
    shared = make(store, "aa", "shared")
    old, new = make(store, "bb", "x", **recipe), make(store, "cc", words, **{**recipe, **changes})
    found = compare_runs(store, run(("train", shared), ("test", old)), run(("train", shared), ("test", new)))
    (step,) = found.steps
    assert (step.step, step.stage, step.first, step.second) == ("read", "test", old, new)
    assert step.reasons == reasons


def test_steps_of_one_name_are_compared_in_their_order_and_others_told(store: Store) -> None:
    a, b, c = (make(store, key, key) for key in ("aa", "bb", "cc"))
    found = compare_runs(store, run(("test", a), ("test", b)), run(("test", a), ("test", c), ("dev", a)))
    assert [(s.stage, s.first, s.second) for s in found.steps] == [("test", b, c), ("dev", None, a)]
    assert found.steps[1].reasons == ("only in the second run",)


def test_an_artifact_that_is_gone_cannot_say_why(store: Store) -> None:
    there, gone = make(store, "aa", "x"), Reference(kind="sentences", key="ff", digest="00")
    (step,) = compare_runs(store, run(("test", there)), run(("test", gone))).steps
    assert step.reasons == ("sentences/ff no longer in the store, so nobody can tell why",)


def test_a_step_that_was_made_anew_with_other_content_is_told(store: Store) -> None:
    old = make(store, "aa", "old")
    store.remove("sentences", "aa")
    new = make(store, "aa", "new")
    (step,) = compare_runs(store, run(("test", old)), run(("test", new))).steps
    assert (step.first, step.second) == (old, new)
    assert step.reasons == ("made anew from the same: other content",)


def test_scores_that_differ_are_told_and_no_others(store: Store) -> None:
    first, second = run(f1={"M_src": 0.5, "M_tgt^1": 0.6}), run(f1={"M_src": 0.5, "M_tgt^1": 0.65, "M_tgt^2": 0.7})
    assert compare_runs(store, first, second).scores == (
        ScoreDifference("test", "M_tgt^1", 0.6, 0.65),
        ScoreDifference("test", "M_tgt^2", None, 0.7),
    )
