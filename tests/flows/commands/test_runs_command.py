"""`crosstag runs`, and that what a run prints at its end is its record."""

import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from artifacts.errors import InputError
from artifacts.runs import RunRecord, all_runs, save_run
from artifacts.runtime import Runtime
from artifacts.store import Store
from flows.commands.methods import load

pytestmark = [pytest.mark.server, pytest.mark.usefixtures("server")]
Crosstag = Callable[..., tuple[int, str]]


@pytest.fixture
def store(finished: Path, tmp_path: Path) -> Store:
    """A copy of a store with one run."""
    return Store(shutil.copytree(finished, tmp_path / "store"))


@pytest.fixture
def run_again(crosstag: Crosstag, data: Path, store: Store) -> Callable[..., str]:
    """Runs the tiny configuration once more, from the command line; gives what it printed."""

    def run(*settings: str) -> str:
        changes = [part for setting in settings for part in ("--set", setting)]
        place = ("--data", str(data), "--store", str(store), "--device", "cpu")
        code, printed = crosstag("run", str(data / "tiny.yaml"), *place, *changes)
        assert code == 0, printed
        return printed

    return run


def newest(store: Store) -> RunRecord:
    return all_runs(store)[-1]


def test_what_a_run_prints_at_its_end_is_printed_from_its_record_later(
    crosstag: Crosstag, store: Store, run_again: Callable[..., str]
) -> None:
    printed = run_again()
    record = newest(store)
    assert f"run       run/{record.id}" in printed.splitlines()
    code, shown = crosstag("runs", "show", record.id[:8], "--store", str(store))
    assert code == 0
    result = printed[printed.index("test, in %") :].rstrip()
    assert shown.rstrip().endswith(result)
    for text in ("configuration  tiny", "colada, en-de", "called by      command line crosstag run", "neighbours: 10"):
        assert text in shown, text
    assert "frozen_layers: 0" in shown and "warmup_fraction" not in shown, "defaults are left out"
    assert "warmup_fraction" in crosstag("runs", "show", "last", "--all", "--store", str(store))[1]


def test_a_record_has_every_step_and_every_score_as_the_store_has_them(store: Store) -> None:
    record = newest(store)
    made = {(m.kind, m.key) for m in store.manifests()}
    assert {(step.reference.kind, step.reference.key) for step in record.steps} == made
    assert all(store.intact(step.reference.kind, step.reference.key) == step.reference for step in record.ran)
    assert all(step.peak_memory_bytes for step in record.ran)
    names = [model.name for model in record.models]
    assert [name for name in names if name.startswith("M_")] == ["M_trans^1", "M_tgt^1", "M_trans^2", "M_tgt^2"]
    for model in record.models:
        for test, scored in model.scores.items():
            assert [row.model_dump() for row in scored.rows] == store.table(scored.reference).to_pylist(), (model, test)
    last_student = [step.reference for step in record.steps if step.step == "train_student"][-1]
    assert record.models[-1].reference == last_student
    assert record.student == next(step.reference for step in record.steps if step.step == "export_student")
    assert record.configuration["iterations"] == 2 and record.configuration["seed"] == 1


def test_the_students_card_tells_the_scores_of_the_record(store: Store) -> None:
    record = newest(store)
    assert record.student is not None
    card = store.file(record.student, "README.md").decode("utf-8")
    overall = record.models[-1].scores["test"].overall
    row = " | ".join(f"{100 * part:.1f}" for part in (overall.precision, overall.recall, overall.f1))
    assert f"| overall | {row} | {overall.gold} |" in card


def test_ls_tells_the_runs_apart(crosstag: Crosstag, store: Store, run_again: Callable[..., str]) -> None:
    run_again()
    first, second = all_runs(store)
    # The store was copied while nobody held a lock: a record that says running is that of a killed run.
    save_run(store, second.model_copy(update={"id": "ab" * 10, "state": "running", "under_way": ()}))
    code, listed = crosstag("runs", "ls", "--store", str(store))
    assert code == 0
    header, *lines = listed.splitlines()
    f1 = f"{100 * second.models[-1].scores['test'].overall.f1:.1f}"
    steps = len(first.steps)
    assert header.split()[:2] == ["run", "started"]
    lines_by_run: dict[str, Any] = {line.split()[0]: line for line in lines}
    assert f"0 cached, {steps} ran" in lines_by_run[first.id[:10]]
    assert f"{steps} cached, 0 ran" in lines_by_run[second.id[:10]] and " tiny " in lines_by_run[second.id[:10]]
    assert f"en-de      done    {f1}" in lines_by_run[second.id[:10]]
    assert "killed" in lines_by_run["ab" * 5]


@pytest.mark.slow
def test_diff_says_what_differs_and_nothing_else(
    crosstag: Crosstag, store: Store, run_again: Callable[..., str]
) -> None:
    run_again()
    run_again()
    *_, first, second = all_runs(store)
    code, same = crosstag("runs", "diff", first.id, second.id, "--store", str(store))
    assert code == 0 and same == "they differ in nothing but time\n"
    run_again("student.learning_rate=0.002")
    code, printed = crosstag("runs", "diff", first.id[:8], "last", "--store", str(store))
    lines = [" ".join(line.split()) for line in printed.splitlines()]
    assert code == 0 and "student.learning_rate 0.001 0.002" in lines
    assert "train_student iteration 1, D_tgt config.learning_rate: 0.001 -> 0.002" in lines
    assert "export_student student card.config_text changed" in " ".join(lines)
    assert not {"read_labelled", "train_vectors", "pretrain_encoder"} & {line.split(" ")[0] for line in lines if line}


def test_a_run_that_fails_keeps_the_models_that_it_had_scored(
    crosstag: Crosstag, data: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ValueError("the card does not print")

    monkeypatch.setattr("flows.colada.export_student", broken)
    method, config = load(data / "tiny.yaml")
    with pytest.raises(ValueError, match="does not print"):
        method.flow(config, Runtime(store=str(store), data=str(data), device="cpu"))
    record = newest(store)
    assert (record.state, record.student) == ("failed", None)
    assert record.error is not None and record.error.message == "the card does not print"
    assert [model.name for model in record.models][-1] == "M_tgt^2"
    assert record.caller.by == "python" and record.caller.flow_run_name
    code, shown = crosstag("runs", "show", "last", "--store", str(store))
    assert code == 0 and "ValueError: the card does not print" in shown and "M_tgt^2" in shown


def test_bad_input_that_a_flow_finds_is_on_record(data: Path, store: Store) -> None:
    method, config = load(data / "tiny.yaml", ["target.text.path=none.txt"])
    with pytest.raises(InputError, match=r"none\.txt"):
        method.flow(config, Runtime(store=str(store), data=str(data), device="cpu"))
    record = newest(store)
    assert record.state == "failed" and record.error is not None and record.error.type == "InputError"
    assert record.steps == ()


def test_a_comparison_is_not_set_against_a_run(crosstag: Crosstag, store: Store) -> None:
    run = newest(store)
    later = run.started + timedelta(days=1)
    save_run(store, run.model_copy(update={"id": "ab" * 10, "method": "compare", "started": later}))
    code, message = crosstag("runs", "diff", run.id, "last", "--store", str(store))
    assert code == 2 and "run ababababab: it is a comparison" in message and "name a run of a method" in message


def test_a_run_that_is_not_there_is_named(crosstag: Crosstag, store: Store) -> None:
    for command in (("show", "zz"), ("diff", "last", "zz")):
        code, message = crosstag("runs", *command, "--store", str(store))
        assert code == 2 and "no run fits 'zz'; `crosstag runs ls` lists them" in message
