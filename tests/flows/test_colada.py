"""CoLaDa from corpora to a student, on a real server; and what runs again after a change."""

import shutil
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest

from artifacts.code.fingerprint import Fingerprint
from artifacts.runs import RunRecord, all_runs
from artifacts.runtime import Run, Runtime
from artifacts.store import Store
from flows.commands.methods import load
from flows.commands.plan import adopt_step, plan_steps

pytestmark = [pytest.mark.server, pytest.mark.usefixtures("server")]
ROOT = Path(__file__).parents[2]


@pytest.fixture
def store(finished: Path, tmp_path: Path) -> Path:
    """A copy of that store, at another place."""
    return Path(shutil.copytree(finished, tmp_path / "moved"))


def plan(data: Path, store: Path, *settings: str) -> Run:
    method, config = load(data / "tiny.yaml", settings)
    return plan_steps(method, config, Runtime(store=str(store), data=str(data), device="cpu"))


def not_cached(run: Run) -> list[str]:
    return list(dict.fromkeys(o.step for o in run.outcomes if o.status != "cached"))


def run_again(data: Path, store: Path, capsys: pytest.CaptureFixture[str]) -> str:
    method, config = load(data / "tiny.yaml")
    method.flow(config, Runtime(store=str(store), data=str(data), device="cpu"))
    return next(line for line in capsys.readouterr().out.splitlines() if line.startswith("steps"))


def test_a_moved_store_hits_at_every_step(data: Path, store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert not_cached(plan(data, store)) == []
    assert "0 ran" in run_again(data, store, capsys)


def test_the_student_loads_into_a_pipeline_and_has_a_card(finished: Path) -> None:
    from transformers import pipeline

    folder = next((finished / "student").iterdir())
    tagger = pipeline("token-classification", str(folder), aggregation_strategy="first")
    assert isinstance(tagger("Angela Merkel besuchte Hamburg ."), list)
    card = (folder / "README.md").read_text(encoding="utf-8")
    assert "language:\n- de" in card and "| overall |" in card and "iterations: 2" in card
    assert tempfile.gettempdir() not in card


def test_a_changed_student_reruns_only_distillation_and_what_follows(data: Path, finished: Path) -> None:
    run = plan(data, finished, "student.learning_rate=0.002")
    first = next(o for o in run.outcomes if o.status != "cached")
    assert (first.step, first.status) == ("train_student", "to run")
    assert first.reasons == ["config.learning_rate: 0.001 -> 0.002"]
    cached = {o.step for o in run.outcomes if o.status == "cached"}
    assert {"train_vectors", "translate_words", "pretrain_encoder", "train_tagger", "train_collaborator"} <= cached
    untouched = ("M_src", "source-only", "M_trans^0", "translate-train", "M_trans^1", "iteration 1, D_trans")
    assert all(o.status == "cached" for o in run.outcomes if o.label.startswith(untouched))


@pytest.mark.slow
def test_inner_taggers_go_on_demand_and_are_trained_again_only_for_what_reads_them(data: Path, store: Path) -> None:
    opened = Store(store)

    def run(*settings: str) -> RunRecord:
        method, config = load(data / "tiny.yaml", settings)
        method.flow(config, Runtime(store=str(store), data=str(data), device="cpu", keep_taggers="last"))
        return all_runs(opened)[-1]

    first = run()
    taggers = {model.name: model.reference for model in first.models if model.reference.kind == "tagger"}
    there = {name for name, each in taggers.items() if opened.intact(each.kind, each.key) == each}
    assert there == {"source-only (M_src)", "translate-train (M_trans^0)", "M_tgt^2"}
    assert {name for name, each in taggers.items() if opened.dropped(each.kind, each.key) == each} == {
        "M_trans^1",
        "M_tgt^1",
        "M_trans^2",
    }
    assert first.ran == () and run().ran == ()

    # Iteration 3 starts from M_tgt^2, which is there.
    assert not [o for o in plan(data, store, "iterations=3").outcomes if o.status != "cached" and "1, D_" in o.label]

    # Another student of iteration 1 starts from M_trans^1, which starts from M_src.
    changed = "student.start=collaborator"
    planned = next(o for o in plan(data, store, changed).outcomes if o.status != "cached")
    assert (planned.step, planned.label) == ("train_collaborator", "iteration 1, D_trans")
    assert planned.reasons == ["its files were dropped, and train_student needs them"]
    second = run(changed)
    again, student, *_ = [step for step in second.ran if step.step.startswith("train")]
    assert (again.step, again.stage, again.reference) == (planned.step, planned.label, taggers["M_trans^1"])
    assert (student.step, student.stage) == ("train_student", "iteration 1, D_tgt")
    assert [step.stage for step in second.ran if step.step == "train_tagger"] == []
    assert run(changed).ran == ()


def test_a_seed_changes_trainings_but_not_what_is_read(data: Path, finished: Path) -> None:
    changed = not_cached(plan(data, finished, "seed=5"))
    assert "train_tagger" in changed and "pretrain_encoder" in changed
    assert not {"read_labelled", "read_sentences", "train_vectors", "align_vectors"} & set(changed)


def test_a_deleted_artifact_is_rebuilt_and_nothing_after_it(
    data: Path, store: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.rmtree(next((store / "lexicon").iterdir()))
    assert "1 ran" in run_again(data, store, capsys)


@pytest.mark.parametrize(
    ("ablation", "missing", "iterations", "beta_soft"),
    [
        ("no_instance_collaboration", True, 2, 0.5),
        ("no_translation_denoising", False, 2, 0.0),
        ("no_iteration", False, 1, 0.5),
        ("no_model_collaboration", False, 1, 0.0),
        ("no_collaboration", True, 1, 0.0),
    ],
)
def test_each_row_of_table_3_is_a_switch(
    data: Path, tmp_path: Path, ablation: str, missing: bool, iterations: int, beta_soft: float
) -> None:
    run = plan(data, tmp_path / "empty", f"ablation={ablation}")
    steps = [o.step for o in run.outcomes]
    assert ("score_reliability" not in steps) == missing
    assert steps.count("train_student") == iterations
    _, config = load(data / "tiny.yaml", [f"ablation={ablation}"])
    assert config.betas(1)[0] == beta_soft
    assert not (tmp_path / "empty").exists()


@pytest.fixture(scope="module")
def three_iterations(data: Path, finished: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store in which a third iteration was made, too; do not change it."""
    store = Path(shutil.copytree(finished, tmp_path_factory.mktemp("three") / "store"))
    method, config = load(data / "tiny.yaml", ["iterations=3"])
    method.flow(config, Runtime(store=str(store), data=str(data), device="cpu"))
    return store


@pytest.mark.parametrize(
    ("settings", "iterations"),
    [
        (("stop.on=unchanged", "stop.changed_share_below=1.0"), 2),  # fewer than all labels change
        (("stop.on=unchanged", "stop.changed_share_below=0.0"), 3),  # no share is below 0
    ],
)
def test_iterations_stop_when_few_pseudo_labels_change(
    data: Path, three_iterations: Path, tmp_path: Path, settings: tuple[str, ...], iterations: int
) -> None:
    store = Path(shutil.copytree(three_iterations, tmp_path / "store"))
    method, config = load(data / "tiny.yaml", [*settings, "iterations=3"])
    method.flow(config, Runtime(store=str(store), data=str(data), device="cpu"))
    run = plan(data, store, *settings, "iterations=3")
    assert not_cached(run) == []
    assert [o.step for o in run.outcomes].count("train_student") == iterations


def test_iterations_stop_when_f1_on_the_source_dev_set_falls(
    data: Path, three_iterations: Path, tmp_path: Path
) -> None:
    store = Path(shutil.copytree(three_iterations, tmp_path / "store"))
    settings = ("stop.on=source_dev", "iterations=3")
    method, config = load(data / "tiny.yaml", settings)
    method.flow(config, Runtime(store=str(store), data=str(data), device="cpu"))
    run = plan(data, store, *settings)
    assert not_cached(run) == []
    scores = [o.reference for o in run.outcomes if o.step == "score" and o.label.endswith("early stop")]
    f1 = [run.store.table(reference)["f1"][0].as_py() for reference in scores]
    falls = [i for i in range(1, len(f1)) if f1[i] < max(f1[:i])]
    assert len(f1) == (falls[0] + 1 if falls else 3)


def project_copy(folder: Path) -> Path:
    """The sources, to edit, with what Python has compiled of them."""
    for package in ("flows", "tasks", "artifacts"):
        shutil.copytree(ROOT / package, folder / package)
    return folder


def edit(project: Path, path: str, old: str, new: str) -> None:
    text = (project / path).read_text(encoding="utf-8")
    assert text.count(old) == 1, f"{old!r} occurs {text.count(old)} times in {path}"
    (project / path).write_text(text.replace(old, new), encoding="utf-8")


def rename(project: Path, module: str, to: str) -> None:
    """Moves a module, and writes its new name wherever the old one is imported."""
    old, new = (project / f"{name.replace('.', '/')}.py" for name in (module, to))
    old.rename(new)
    for path in project.rglob("*.py"):
        if f"{module} " in (text := path.read_text(encoding="utf-8")):
            path.write_text(text.replace(f"{module} ", f"{to} "), encoding="utf-8")
    assert not old.exists()


def planned_elsewhere(project: Path, data: Path, store: Path) -> dict[str, set[str]]:
    """Steps by status, as `crosstag plan` of edited sources says."""
    command = [sys.executable, "-m", "flows.commands.cli", "plan", str(data / "tiny.yaml")]
    done = subprocess.run(
        [*command, "--data", str(data), "--store", str(store)],
        cwd=project, capture_output=True, text=True, timeout=120, env={"PATH": "/usr/bin:/bin", "COLUMNS": "300"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    steps: dict[str, set[str]] = {"cached": set(), "to run": set(), "depends": set()}
    for line in done.stdout.splitlines():
        for status in steps:
            if f"  {status}" in line and not line.startswith(" "):
                steps[status].add(line.split()[0])
    return steps


def test_edits_that_change_no_result_rerun_nothing(data: Path, finished: Path, tmp_path: Path) -> None:
    project = project_copy(tmp_path)
    source = project / "tasks/distillation/losses.py"
    source.write_text("# A comment.\n" + source.read_text(encoding="utf-8"), encoding="utf-8")
    edit(project, "tasks/training/config.py", 'description="Passes over the data."', 'description="Rounds."')
    edit(project, "tasks/tagging/labelling.py", '"""Gives every word', '"""Hands every word')
    catalog = project / "artifacts/catalog/labels.py"
    text = catalog.read_text(encoding="utf-8")
    catalog.write_text(text + '\n\nEXTRA = Dataset("extra", "New.", pa.schema([ID]))\n', encoding="utf-8")
    edit(project, "tasks/words/agreement.py", '"choose the same types under labels for both"', '"set labels.types"')
    rename(project, "tasks.denoising.reliability", "tasks.words.trust")
    steps = planned_elsewhere(project, data, finished)
    assert steps["to run"] == steps["depends"] == set()
    assert "train_student" in steps["cached"]


@pytest.mark.slow
def test_an_edit_in_the_neighbour_core_reruns_reliability_and_what_follows(
    data: Path, finished: Path, tmp_path: Path
) -> None:
    project = project_copy(tmp_path)
    core = "tasks/denoising/neighbours/matching.py"
    edit(project, core, "min(neighbours, len(bank) - 1)", "min(neighbours, len(bank) - 2)")
    steps = planned_elsewhere(project, data, finished)
    assert steps["to run"] == {"score_reliability"}
    assert {"train_collaborator", "train_student", "export_student"} <= steps["depends"]
    assert not steps["to run"] & {"label_words", "train_tagger"}
    assert {"pretrain_encoder", "translate_words", "train_tagger"} <= steps["cached"]


def test_adopting_keeps_results_over_a_code_change_on_record(
    data: Path, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    method, config = load(data / "tiny.yaml")
    runtime = Runtime(store=str(store), data=str(data), device="cpu")
    import artifacts.step as step_module

    real = step_module.fingerprint

    def changed(module: str, function: str) -> Fingerprint:
        found = real(module, function)
        return replace(found, code="ff") if function == "score_reliability" else found

    monkeypatch.setattr(step_module, "fingerprint", changed)
    assert not_cached(plan(data, store))[0] == "score_reliability"
    lines = adopt_step(method, config, runtime, "score_reliability", "only a name changed")
    assert len(lines) == 4  # two iterations, two corpora each
    assert not_cached(plan(data, store)) == []
