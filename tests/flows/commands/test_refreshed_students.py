"""When `refresh` compares two students: where both know the same labels, whether or not a configuration lists them."""

from typing import Any

import pytest

from artifacts.catalog import LABELLED, SENTENCES, Dataset
from artifacts.manifest import Recipe
from artifacts.recorder import recorded
from artifacts.reference import Reference
from artifacts.runs import RunRecord, all_runs
from artifacts.runtime import Runtime, StepOutcome
from artifacts.store import STORE_FORMAT, Store
from flows.commands import refresh
from flows.parts.student_change import StudentChange


def put(store: Store, kind: Dataset, key: str, labels: list[str]) -> Reference:
    recipe = Recipe(step="read", parameters={}, inputs={}, code="", schemas={}, store_format=STORE_FORMAT)
    with store.writing(kind, key, recipe) as writer:
        writer.write(kind.schema.empty_table(), {"language": "de", "labels": labels})
    assert writer.reference is not None
    return writer.reference


def run(store: Store, student: str, dev: Reference, text: Reference) -> RunRecord:
    runtime = Runtime(store=str(store.root), device="cpu")
    with recorded(runtime, "colada", {"labels": {"types": None}}) as going_on:
        going_on.outcomes.append(StepOutcome("read_labelled", "source dev", "ran", dev))
        going_on.outcomes.append(StepOutcome("read_sentences", "target text", "ran", text))
        assert going_on.recorder is not None
        made = Reference(kind="student", key=student, digest=student)
        going_on.recorder.completed(made, None, (), ())
    return all_runs(store)[-1]


def test_students_are_compared_whose_labels_come_from_their_corpora(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[Any, ...]] = []
    change = StudentChange(0.5, 0.5, 1, 0)
    monkeypatch.setattr(refresh, "compare_students", lambda *given: asked.append(given) or change)
    text = put(store, SENTENCES, "aa", [])
    devs = [put(store, LABELLED, key, ["O", f"B-{kind}", f"I-{kind}"]) for key, kind in (("bb", "PER"), ("cc", "LOC"))]
    runtime = Runtime(store=str(store.root), device="cpu")
    one, same, other = (run(store, key, dev, text) for key, dev in (("1a", devs[0]), ("2b", devs[0]), ("3c", devs[1])))
    assert refresh._change(store, one, same, runtime) is change
    assert asked == [(store, one.student, same.student, devs[0], [text], runtime)]
    assert refresh._change(store, one, other, runtime) is None
