"""What a comparison puts together, on records made here: which runs are one configuration, which models a row."""

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, cast

import pyarrow as pa
import pytest

from artifacts.catalog import PREDICTIONS
from artifacts.errors import InputError
from artifacts.reference import Reference
from artifacts.runs import Caller, Line, Machine, RunRecord, Score, Scored, ScoredModel, save_run
from artifacts.store import Store
from flows.commands.compare import runs_of
from flows.commands.runs import f1_of_student
from flows.parts.comparison import test_sets as sets_of
from flows.parts.comparison_on_record import _measured


class Known:
    """A store in which each table of scores is of one gold and of predictions that are called as its digest.

    Those whose digest begins with f are of words in capitals.
    """

    def batches(self, reference: Reference, columns: list[str]) -> list[pa.RecordBatch]:
        assert reference.kind == "predictions" and columns == ["words"]
        words = ["Ida", "ruft"]
        words = [word.upper() for word in words] if reference.digest.startswith("f") else words
        return [pa.record_batch({"words": pa.array([words], PREDICTIONS.schema.field("words").type)})]

    def describe(self, reference: Reference) -> Any:
        inputs = {"gold": "gold:60", "predictions": f"predictions:{reference.digest}"}
        return SimpleNamespace(recipe=SimpleNamespace(inputs=inputs))

    def holding(self, content: str) -> Reference:
        kind, _, digest = content.partition(":")
        return Reference(kind=kind, key=digest, digest=digest)


def record(identity: str, name: str, models: dict[str, str], **settings: Any) -> RunRecord:
    """A run that is done; its models, and the digest of the scores of each, whose F1 has its last digit as tenths."""
    scored = []
    for model, digest in models.items():
        f1 = int(digest[-1]) / 10
        row = Score(type="overall", precision=f1, recall=f1, f1=f1, gold=10, predicted=10, correct=10)
        table = Scored(reference=Reference(kind="scores", key=digest, digest=digest), rows=(row,))
        scored.append(
            ScoredModel(
                name=model, reference=Reference(kind="tagger", key=digest, digest=digest), scores={"test": table}
            )
        )
    now = datetime.now(UTC)
    return RunRecord(
        id=identity * 20,
        method="colada",
        name=name,
        configuration=settings,
        runtime={},
        caller=Caller(by="python"),
        revision=None,
        machine=Machine(host="", platform="", processors=1, device="cpu", versions={}),
        started=now,
        ended=now,
        state="done",
        models=tuple(scored),
        student=Reference(kind="student", key=identity, digest=identity),
    )


# With seed 1 the iterations ended after two, with seed 2 after three.
ONE = record("1", "tiny", {"source-only": "a1", "M_tgt^1": "a2", "M_tgt^2": "a4"}, seed=1)
TWO = record("2", "tiny", {"source-only": "b1", "M_tgt^1": "b2", "M_tgt^2": "b7", "M_tgt^3": "b8"}, seed=2)


@pytest.mark.parametrize(("runs", "f1s"), [((ONE, TWO), [0.4, 0.8]), ((TWO, ONE), [0.8, 0.4])])
def test_students_of_seeds_that_ended_after_other_iterations_are_one_row(
    runs: tuple[RunRecord, ...], f1s: list[float]
) -> None:
    (test,) = sets_of(cast(Store, Known()), {"tiny": runs}, every_model=False)
    assert [model.model for model in test.models] == ["source-only", "student"]
    student = test.models[-1]
    assert [each.overall.f1 for each in student.scored] == f1s
    assert [each.digest for each in student.labels] == [run.models[-1].scores["test"].reference.digest for run in runs]
    # And so the record of the comparison tells it.
    line = Line(name="student", reference=student.scored[0].reference, cells=("tiny",))
    assert _measured(line, {"tiny": runs}).scored == student.scored


def test_students_of_one_name_keep_it_and_models_on_the_way_go_by_theirs() -> None:
    (test,) = sets_of(cast(Store, Known()), {"tiny": (ONE, ONE)}, every_model=False)
    assert [model.model for model in test.models] == ["source-only", "M_tgt^2"]
    (test,) = sets_of(cast(Store, Known()), {"tiny": (TWO, ONE)}, every_model=True)
    found = {model.model: [each.overall.f1 for each in model.scored] for model in test.models}
    assert found == {"source-only": [0.1, 0.1], "M_tgt^1": [0.2, 0.2], "M_tgt^2": [0.7, 0.4], "student": [0.8, 0.4]}


def models_of(runs: dict[str, list[RunRecord]], **options: bool) -> dict[str, list[tuple[str, str]]]:
    """The rows of each test set's table: model, configuration."""
    found = sets_of(cast(Store, Known()), runs, **{"every_model": False, **options})
    return {test.name: [(model.model, model.configuration) for model in test.models] for test in found}


def test_two_test_sets_with_the_same_gold_labels_and_other_words_are_two() -> None:
    one = record("1", "tiny", {"source-only": "a1", "M_tgt^1": "a2"}, seed=1)
    upper = record("2", "tiny", {"source-only": "f1", "M_tgt^1": "f2"}, seed=1)
    both = [
        model.model_copy(update={"scores": {**model.scores, "test upper": other.scores["test"]}})
        for model, other in zip(one.models, upper.models, strict=True)
    ]
    rows = [("source-only", "tiny"), ("M_tgt^1", "tiny")]
    assert models_of({"tiny": [one.model_copy(update={"models": tuple(both)})]}) == {"test": rows, "test upper": rows}
    with pytest.raises(InputError, match="tiny, test: its runs were scored on 2 versions of the sentences"):
        models_of({"tiny": [one, upper]})


def test_configurations_that_end_with_the_same_labels_have_a_row_each() -> None:
    whole = record("1", "none", {"source-only": "a1", "M_tgt^1": "a2"}, seed=1)
    part = record("2", "no_iteration", {"source-only": "a1", "M_tgt^1": "a2"}, seed=1)
    rows = [("source-only", "none"), ("M_tgt^1", "none"), ("M_tgt^1", "no_iteration")]
    assert models_of({"none": [whole], "no_iteration": [part]}) == {"test": rows}
    # On its way, a longer run has the model that another ends with.
    longer = record("3", "longer", {"source-only": "a1", "M_tgt^1": "a2", "M_tgt^2": "a3"}, seed=1)
    assert models_of({"none": [whole], "longer": [longer]}, every_model=True)["test"][2:] == [("M_tgt^2", "longer")]


def test_the_f1_of_a_run_is_of_its_first_test_set_alone() -> None:
    run = record("1", "tiny", {"M_tgt^1": "a2"}, seed=1)
    (model,) = run.models
    test, dev = model.scores["test"], ONE.models[-1].scores["test"]

    def f1(**scores: Scored) -> str:
        named = {name.replace("_", " "): each for name, each in scores.items()}
        return f1_of_student(run.model_copy(update={"models": (model.model_copy(update={"scores": named}),)}))

    assert (f1(source_dev=dev, test=test), f1(source_dev=dev), f1(target_text=dev)) == ("20.0", "", "")
    assert f1(de_test=test, average=dev) == "40.0"


@pytest.mark.parametrize("name", ["tiny", "tiny (1)"])
def test_runs_of_one_name_and_other_settings_are_told_apart(store: Store, name: str) -> None:
    models = {"M_tgt^1": "a1"}
    for identity, settings in {"a": {"seed": 1}, "b": {"seed": 2}, "c": {"seed": 3, "iterations": 9}}.items():
        save_run(store, record(identity, name, models, **settings))
    assert {key: len(runs) for key, runs in runs_of(store, ["a", "b"]).items()} == {name: 2}
    assert {key: len(runs) for key, runs in runs_of(store, ["a", "c"]).items()} == {name: 1, f"{name} (cccccc)": 1}
    with pytest.raises(InputError, match="expected as many of each configuration"):
        runs_of(store, ["a", "b", "c"])
