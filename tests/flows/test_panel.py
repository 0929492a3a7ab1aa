"""A panel on a store where CoLaDa ran: what is shared, what it makes, and that its student loads."""

import json
import shlex
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import transformers
from fastapi.testclient import TestClient

from artifacts.errors import InputError
from artifacts.runs import all_runs
from artifacts.runtime import Run, Runtime
from artifacts.store import Store
from flows.commands.methods import load
from flows.commands.plan import plan_steps
from flows.pages.app import create_app
from flows.pages.word_tables import WordTables

pytestmark = [pytest.mark.server, pytest.mark.usefixtures("server")]


@pytest.fixture(scope="module")
def config_file(tiny_config: Callable[[str], Path]) -> Path:
    """The configuration of the tiny run."""
    return tiny_config("panel")


@pytest.fixture(scope="module")
def ended(finished_with: Callable[[str], Path]) -> Path:
    """A store in which CoLaDa and then a panel have ended; do not change it."""
    return finished_with("panel")


def plan(config_file: Path, data: Path, store: Path, *settings: str) -> Run:
    method, config = load(config_file, settings)
    return plan_steps(method, config, Runtime(store=str(store), data=str(data), device="cpu"))


def to_run(planned: Run) -> list[str]:
    return [outcome.step for outcome in planned.outcomes if outcome.status != "cached"]


def test_teachers_that_other_methods_trained_are_cached(config_file: Path, data: Path, finished: Path) -> None:
    planned = plan(config_file, data, finished)
    taggers = {o.label: o.status for o in planned.outcomes if o.step == "train_tagger"}
    assert taggers == {
        "source": "cached",
        "translation": "cached",
        "source_then_translation": "to run",
        "source_and_translation": "depends",
    }


def test_a_run_says_who_said_what_and_gives_a_student_that_loads(config_file: Path, data: Path, ended: Path) -> None:
    outcomes, store = plan(config_file, data, ended).outcomes, Store(ended)
    assert {outcome.status for outcome in outcomes} == {"cached"}
    (record,) = [each for each in all_runs(store) if each.method == "panel"]
    assert [model.name for model in record.models][-2:] == ["joint labels", "student"]
    (table,) = [each for each in record.measurements if each.title.startswith("teachers: entity words")]
    assert [line.name for line in table.lines] == [
        "source",
        "translation",
        "source_then_translation",
        "source_and_translation",
    ]
    (opinions,) = [outcome.reference for outcome in outcomes if outcome.step == "tell_opinions"]
    rows = store.table(opinions).to_pylist()
    assert rows and all(len(row["said"]) == len(row["words"]) == len(row["tags"]) for row in rows)
    assert {len(said) for row in rows for said in row["said"]} == {4}
    split, outvoted = (store.metadata(opinions)[name] for name in ("split", "outvoted"))
    dissents = dict(WordTables(store).dissents(opinions))
    assert (dissents["any"], dissents["most"]) == (split, outvoted) and split > 0
    pages = TestClient(create_app(store), base_url="http://127.0.0.1:4280")
    shown = pages.get(f"/sentences/{opinions}").text
    (first,) = [row for row in rows if row["sentence_id"] == 0]
    assert shown.count("\nsource_then_translation: ") == sum(len(row["words"]) for row in rows[:30])
    assert f"source: {first['said'][0][0]} 0." in shown or f"source: {first['said'][0][0]} 1." in shown
    word = pages.get(f"/word/{opinions}/0/0").text
    assert word.count('<meter min="0" max="1"') >= 4 and "are not in this store" not in word
    assert record.student is not None
    tag = transformers.pipeline("token-classification", model=str(store.folder(record.student)))
    assert isinstance(tag("Anna wohnt in Ulm ."), list)


FIRST_WORDS = """
import json, sys
for line in sys.stdin:
    sentence = json.loads(line)
    tags = ["B-LOC"] + [None] * (len(sentence["words"]) - 1)
    print(json.dumps({"id": sentence["id"], "tags": tags}), flush=True)
"""


def test_a_command_sits_on_the_panel(config_file: Path, data: Path, ended: Path, tmp_path: Path) -> None:
    (tmp_path / "first_words.py").write_text(FIRST_WORDS, encoding="utf-8")
    store = Store(Path(shutil.copytree(ended, tmp_path / "store")))
    labeller = {
        "command": shlex.join([sys.executable, str(tmp_path / "first_words.py")]),
        "version": "1",
        "types": dict.fromkeys(("LOC", "MISC", "ORG", "PER"), "names"),
    }
    settings = [f"labellers={json.dumps([labeller])}", "teachers=[{learns: source}]", "student.epochs=1"]
    method, config = load(config_file, settings)
    method.flow(config, Runtime(store=str(store), data=str(data), device="cpu"))
    outcomes = plan(config_file, data, Path(str(store)), *settings).outcomes
    assert {outcome.status for outcome in outcomes} == {"cached"}
    (opinions,) = [outcome.reference for outcome in outcomes if outcome.step == "tell_opinions"]
    assert store.metadata(opinions)["teachers"] == ["source", "labeller 1"]
    for row in store.table(opinions).to_pylist():
        assert [said[1] for said in row["said"]] == ["B-LOC"] + [None] * (len(row["words"]) - 1)


def test_a_labeller_that_cannot_be_asked_is_told_before_anything_is_trained(
    config_file: Path, data: Path, tmp_path: Path
) -> None:
    types = dict.fromkeys(("LOC", "MISC", "ORG", "PER"), "names")
    for changed, words in (
        ({"command": "no-such-program"}, "no-such-program"),
        (
            {"types": {"LOC": "places"}},
            "labeller.types: found LOC, and the types of the labels are LOC, MISC",
        ),
    ):
        labeller = {"command": "cat", "version": "1", "types": types, **changed}
        method, config = load(config_file, [f"labellers={json.dumps([labeller])}"])
        with pytest.raises(InputError, match=words):
            method.check(config, Runtime(store=str(tmp_path / "store"), data=str(data), device="cpu"))


def test_members_are_asked_of_a_pool_only_if_it_is_there(config_file: Path, data: Path, tmp_path: Path) -> None:
    where = Runtime(store=str(tmp_path / "store"), data=str(data), device="cpu", teachers_pool="nowhere")
    method, config = load(config_file)
    method.check(config, where)
    method, config = load(config_file, ["teachers=[{learns: source, members: 2}]"])
    with pytest.raises(InputError, match=r"teachers_pool nowhere: .*no deployment teacher/nowhere"):
        method.check(config, where)


def test_more_neighbours_than_the_text_has_words_are_told_before_anything_is_trained(
    config_file: Path, data: Path, tmp_path: Path
) -> None:
    where = Runtime(store=str(tmp_path / "store"), data=str(data), device="cpu")
    method, config = load(config_file, ["reliability.neighbours=100000"])
    with pytest.raises(InputError, match="100000 neighbours of each word are asked for, the target text has"):
        method.check(config, where)
    method, config = load(config_file, ["reliability.neighbours=100000", "reliability.enabled=false"])
    method.check(config, where)


def test_another_way_of_joining_asks_no_teacher_again(config_file: Path, data: Path, ended: Path) -> None:
    again = set(to_run(plan(config_file, data, ended, "joining.method=mean")))
    assert "join_opinions" in again and not again & {"train_tagger", "label_words"}
    again = to_run(plan(config_file, data, ended, "calibration=temperature"))
    assert again.count("label_words") == again.count("calibrate_teacher") == again.count("temper_labels") == 4
    assert "train_tagger" not in again
    again = to_run(plan(config_file, data, ended, "reliability.neighbours=20"))
    assert set(again) == {
        "score_reliability", "measure_detection", "train_panel_student", "predict_words", "score", "export_student",
        "judge_entities",
    }  # fmt: skip
    assert set(to_run(plan(config_file, data, ended, "student.epochs=2"))) <= {
        "train_panel_student", "predict_words", "score", "export_student", "judge_entities",
    }  # fmt: skip


def test_what_the_student_begins_from_is_looked_at_before_the_run(
    config_file: Path, data: Path, tmp_path: Path
) -> None:
    where = Runtime(store=str(tmp_path / "store"), data=str(data), device="cpu")
    method, config = load(config_file, ["student_encoder={checkpoint: no/such/folder}"])
    with pytest.raises(InputError, match="no/such/folder"):
        method.check(config, where)


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("teachers=[{learns: chance}]", "teachers"),
        ("teachers=[{learns: source}, {learns: source}]", "'source' is twice on the panel"),
        ("joining.smoothing=0", "joining.smoothing"),
        ("represented_by=nobody", "represented_by is 'nobody'; expected a teacher: source;"),
        ("teachers=[{learns: source, translation: aligned}]", "a teacher that learns source reads no translation"),
    ],
)
def test_a_bad_setting_is_named(config_file: Path, setting: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        load(config_file, [setting])
