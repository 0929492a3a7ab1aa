"""Refreshing a configuration: nothing runs without a reason; what was new, and what it changed, is counted."""

import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from artifacts.run_difference import StepDifference
from artifacts.runs import RunRecord, StepTaken, all_runs
from artifacts.runtime import Runtime, running
from artifacts.store import Store
from flows.commands import refresh as refreshing
from flows.commands.automations import RELABELLED, WORSE
from flows.commands.refresh import Limits
from flows.parts.student_change import StudentChange, compare_students
from flows.parts.what_was_new import changed_corpora, first_causes
from tasks.corpus.read import read_sentences

pytestmark = pytest.mark.server


@pytest.fixture
def place(finished: Path, tmp_path: Path) -> Store:
    """The finished store, to change."""
    return Store(Path(shutil.copytree(finished, tmp_path / "store")))


def test_without_news_nothing_runs_and_no_run_is_put_on_record(
    place: Store, data: Path, crosstag: Callable[..., tuple[int, str]]
) -> None:
    (record,) = all_runs(place)
    named = record.model_copy(update={"name": "tiny"})
    place.write_run(named.id, named.model_dump_json())
    code, _ = crosstag("refresh", str(data / "tiny.yaml"), "--data", str(data), "--store", str(place.root))
    assert code == 0 and all_runs(place) == [named]


def test_a_run_with_other_settings_in_between_is_not_what_it_is_compared_with(
    place: Store, data: Path, crosstag: Callable[..., tuple[int, str]]
) -> None:
    (record,) = all_runs(place)
    named = record.model_copy(update={"name": "tiny"})
    later = {"id": "0" * 20, "started": named.started + timedelta(hours=1), "steps": named.steps[:1]}
    swept = named.model_copy(update={**later, "configuration": {**named.configuration, "seed": 2}})
    for each in (named, swept):
        place.write_run(each.id, each.model_dump_json())
    code, _ = crosstag("refresh", str(data / "tiny.yaml"), "--data", str(data), "--store", str(place.root))
    assert code == 0 and all_runs(place) == [named, swept]


def test_a_corpus_that_is_again_what_it_was_before_the_last_run_is_new(
    place: Store, data: Path, tmp_path: Path, crosstag: Callable[..., tuple[int, str]]
) -> None:
    (record,) = all_runs(place)
    (tmp_path / "de.txt").write_text("Ganz anders .\n", encoding="utf-8")
    last = _with_step(record, "target text", _read(place, tmp_path)).model_copy(update={"name": "tiny"})
    place.write_run(last.id, last.model_dump_json())
    code, told = crosstag("refresh", str(data / "tiny.yaml"), "--data", str(data), "--store", str(place.root))
    assert code == 0 and "corpora that changed" in told
    assert [run.method for run in all_runs(place)] == ["colada", "colada", "refresh"]
    assert not all_runs(place)[1].ran


def test_rows_are_new_by_their_words_wherever_they_stand(place: Store, data: Path, tmp_path: Path) -> None:
    (record,) = all_runs(place)
    before = (data / "de.txt").read_text(encoding="utf-8").splitlines()
    # Two more at the beginning, so that all ids move; one that is there comes twice; the last one goes.
    now = ["Ganz neu .", "Auch neu .", *before[:-1], before[0]]
    (tmp_path / "de.txt").write_text("\n".join(now) + "\n", encoding="utf-8")
    longer = _read(place, tmp_path)
    later = _with_step(record, "target text", longer)
    (found,) = changed_corpora(place, record, later)
    assert (found.name, found.reference) == ("target text", longer)
    assert (found.before, found.now, found.new, found.gone) == (len(before), len(before) + 2, 3, 1)
    assert changed_corpora(place, record, record) == []


@pytest.mark.slow
def test_students_are_compared_on_the_words_of_the_target_text(place: Store, data: Path) -> None:
    (record,) = all_runs(place)
    made = {(taken.step, taken.stage): taken.reference for taken in record.steps}
    taggers = {model.name: model.reference for model in record.models}
    said = [made["predict_words", f"{name} on test"] for name in ("M_tgt^1", "M_tgt^2")]
    one, other = ([tag for tags in place.table(each)["tags"].to_pylist() for tag in tags] for each in said)
    runtime = Runtime(store=str(place.root), data=str(data), device="cpu")
    dev, text = made["read_labelled", "source dev"], made["read_sentences", "test"]
    change = compare_students(place, taggers["M_tgt^1"], taggers["M_tgt^2"], dev, [text], runtime)
    assert change.words == len(other)
    assert change.changed == sum(a != b for a, b in zip(one, other, strict=True)) > 0
    source = next(model for model in record.models if model.name.startswith("source-only"))
    same = compare_students(place, source.reference, source.reference, dev, [text], runtime)
    assert same.changed == 0 and same.dev_before == same.dev_now == source.scores["source dev"].overall.f1


@pytest.mark.parametrize(
    ("before", "now", "changed", "events"),
    [
        (0.80, 0.79, 5, []),  # one point, and 5 %: at the limits, not over them
        (0.80, 0.788, 5, [WORSE]),
        (0.80, 0.90, 6, [RELABELLED]),
        (0.80, 0.70, 50, [WORSE, RELABELLED]),
    ],
)
def test_who_crosses_a_limit_is_told(
    monkeypatch: pytest.MonkeyPatch, finished: Path, before: float, now: float, changed: int, events: list[str]
) -> None:
    sent: list[tuple[str, dict[str, Any]]] = []
    monkeypatch.setattr(refreshing, "emit_event", lambda event, resource, payload: sent.append((event, payload)))
    monkeypatch.setattr(refreshing, "get_run_logger", lambda: __import__("logging").getLogger("test"))
    (record,) = all_runs(Store(finished))
    refreshing._send(StudentChange(before, now, 100, changed), "tiny", record, Limits())
    assert [event for event, _ in sent] == events
    assert all(payload["run"] == record.id and payload["message"].startswith("tiny: ") for _, payload in sent)


def test_causes_are_those_of_the_steps_that_read() -> None:
    steps = [
        StepDifference("import_encoder", "x", None, None, ("source.commit: 1a -> 2b",)),
        StepDifference("train_tagger", "M_src", None, None, ("input encoder has new content",)),
    ]
    assert first_causes(tuple(steps)) == ["import_encoder x: source.commit: 1a -> 2b"]


def _read(place: Store, folder: Path) -> Any:
    """The sentences of de.txt in a folder."""
    from flows.parts.corpora import corpus_input
    from tasks.corpus.formats import CorpusFile

    runtime = Runtime(store=str(place.root), data=str(folder), device="cpu")
    file = CorpusFile(path="de.txt", format="text")
    with running(runtime):
        return read_sentences(corpus_input(file, runtime), file.without_path(), "de")


def _with_step(record: RunRecord, stage: str, reference: Any) -> RunRecord:
    """A record in which a corpus is another one."""
    steps: list[StepTaken] = [
        taken.model_copy(update={"reference": reference})
        if (taken.step, taken.stage) == ("read_sentences", stage)
        else taken
        for taken in record.steps
    ]
    return record.model_copy(update={"steps": tuple(steps)})
