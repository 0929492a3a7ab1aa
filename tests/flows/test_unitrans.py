"""UniTrans on a store where CoLaDa ran: what is shared, what each row of Table 3 does, ensembles side by side."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from artifacts.errors import InputError
from artifacts.runtime import Run, Runtime
from artifacts.store import Store
from flows.commands.configuration import checked
from flows.commands.methods import load
from flows.commands.plan import plan_steps
from flows.unitrans import Unitrans

pytestmark = [pytest.mark.server, pytest.mark.usefixtures("server")]
OURS = {"average_soft_labels", "vote_labels", "train_voted_student", "training_set"}


@pytest.fixture(scope="module")
def config_file(tiny_config: Callable[[str], Path]) -> Path:
    """The configuration of the tiny run."""
    return tiny_config("unitrans")


@pytest.fixture(scope="module")
def ended(finished_with: Callable[[str], Path]) -> Path:
    """A store in which CoLaDa and then UniTrans with two teachers have ended; do not change it."""
    return finished_with("unitrans")


def runtime(data: Path, store: Path, workers: int = 1) -> Runtime:
    return Runtime(store=str(store), data=str(data), device="cpu", workers=workers)


def run(config_file: Path, data: Path, store: Path, *settings: str, workers: int = 1) -> None:
    method, config = load(config_file, settings)
    method.flow(config, runtime(data, store, workers))


def plan(config_file: Path, data: Path, store: Path, *settings: str) -> Run:
    method, config = load(config_file, settings)
    return plan_steps(method, config, runtime(data, store))


def statuses(planned: Run, step: str) -> dict[str, str]:
    return {o.label: o.status for o in planned.outcomes if o.step == step}


def test_what_both_methods_need_is_cached_on_a_store_where_colada_ran(
    config_file: Path, data: Path, finished: Path
) -> None:
    planned = plan(config_file, data, finished)
    shared = ("read_labelled", "read_sentences", "read_gold", "read_parallel", "train_vectors", "align_vectors",
              "induce_lexicon", "translate_words", "pretrain_encoder")  # fmt: skip
    for step in shared:
        assert set(statuses(planned, step).values()) == {"cached"}, step
    taggers = statuses(planned, "train_tagger")
    assert (taggers["Theta_src"], taggers["Theta_trans"], taggers["Theta_teach"]) == ("cached", "cached", "to run")
    # What CoLaDa's first two taggers say of the test set is known too; only the scores have other names.
    labelled = statuses(planned, "predict_words")
    assert labelled["source-only (Theta_src) on test"] == labelled["translate-train (Theta_trans) on test"] == "cached"


def test_a_second_teacher_leaves_the_first_as_it_was(config_file: Path, data: Path, ended: Path) -> None:
    assert {o.status for o in plan(config_file, data, ended, "teachers=2").outcomes} == {"cached"}
    planned = plan(config_file, data, ended, "teachers=1")
    assert set(statuses(planned, "train_tagger").values()) == {"cached"}
    first_missing = next(o for o in planned.outcomes if o.status != "cached" and o.step != "score")
    assert first_missing.step in {"predict_words", "vote_labels", "train_voted_student"}


@pytest.mark.slow
def test_teachers_side_by_side_give_the_digests_of_teachers_one_by_one(
    config_file: Path, data: Path, finished: Path, ended: Path, tmp_path: Path
) -> None:
    store = Path(shutil.copytree(finished, tmp_path / "store"))
    shutil.rmtree(store / "tagger")
    settings = ("teachers=2", "score_data_combination=false")
    run(config_file, data, store, *settings, workers=2)
    # The card of the shipped student tells the settings, which differ here by the baseline that is left out.
    apart, together = (
        [o for o in plan(config_file, data, each, *settings).outcomes if o.step != "export_student"]
        for each in (ended, store)
    )
    assert {o.status for o in apart} == {o.status for o in together} == {"cached"}
    assert [o.reference.digest for o in apart] == [o.reference.digest for o in together]
    taggers = [o for o in together if o.step == "train_tagger"]
    assert len({o.reference.digest for o in taggers}) == len(taggers) == 6


@pytest.mark.slow
def test_a_bad_teacher_in_a_process_says_what_is_wrong(
    config_file: Path, data: Path, finished: Path, tmp_path: Path
) -> None:
    store = Path(shutil.copytree(finished, tmp_path / "store"))
    shutil.rmtree(store / "tagger")
    config = checked(Unitrans, {**_values(config_file), "teachers": 2, "windows": {"max_length_subwords": 100}}, "x")
    method, _ = load(config_file)
    from artifacts.runtime import running

    with pytest.raises(InputError, match="encoder has 96 positions"), running(runtime(data, store, 2)):
        _train_in_a_flow(method, config, runtime(data, store, 2))


def _train_in_a_flow(method: Any, config: Any, where: Runtime) -> None:
    from prefect import flow

    @flow(name="unchecked")
    def unchecked() -> None:
        method.steps(config, where)

    unchecked()


def _values(config_file: Path) -> dict[str, Any]:
    values: dict[str, Any] = yaml.safe_load(config_file.read_text(encoding="utf-8"))
    del values["method"]
    return values


@pytest.mark.parametrize(
    ("ablation", "student", "votes", "weights"),
    [
        ("none", True, True, (1.0, 1.0)),
        ("without_soft_labels", True, True, (0.0, 1.0)),
        ("without_hard_labels", True, False, (1.0, 0.0)),
        ("with_theta_src", True, False, (1.0, 0.0)),
        ("with_theta_trans", True, False, (1.0, 0.0)),
        ("without_unlabelled_text", False, False, None),
        ("model_transfer", False, False, None),
        ("data_transfer", False, False, None),
        ("data_combination", False, False, None),
    ],
)
def test_each_row_of_table_3_is_a_switch(
    config_file: Path,
    data: Path,
    tmp_path: Path,
    ablation: str,
    student: bool,
    votes: bool,
    weights: tuple[float, float] | None,
) -> None:
    settings = (f"ablation={ablation}", "score_data_combination=false")
    planned = plan(config_file, data, tmp_path / "empty", *settings)
    steps = [o.step for o in planned.outcomes]
    assert ("train_voted_student" in steps, "vote_labels" in steps) == (student, votes)
    assert ("measure_votes" in steps) == votes
    assert ("training_set" in steps) == (ablation == "data_combination")
    if weights is not None:
        distillation = load(config_file, settings)[1].distillation
        assert (distillation.soft_weight, distillation.hard_weight) == weights
    assert not (tmp_path / "empty").exists()


@pytest.mark.parametrize(
    ("ablation", "shipped"),
    [
        ("without_unlabelled_text", "Theta_teach"),
        ("model_transfer", "Theta_src"),
        ("data_transfer", "Theta_trans"),
        ("data_combination", "data combination"),
    ],
)
def test_rows_without_a_student_ship_the_tagger_they_name(
    config_file: Path, data: Path, ended: Path, ablation: str, shipped: str
) -> None:
    planned = plan(config_file, data, ended, f"ablation={ablation}", "teachers=2")
    taggers = {o.label: o.reference for o in planned.outcomes if o.step == "train_tagger"}
    tags = next(o for o in planned.outcomes if o.label == f"student ({shipped}^1) on test")
    recipe = tags.recipe or Store(str(ended)).describe(tags.reference).recipe
    assert (tags.step, recipe.inputs["tagger"]) == ("predict_words", f"tagger:{taggers[f'{shipped}^1'].digest}")
    # The tagger that is shipped is a student here, which is scored by itself, and whose entities are judged.
    new = [o for o in planned.outcomes if o.status != "cached"]
    asked = {"predict_words", "judge_entities"}  # CoLaDa's source tagger was asked, too.
    assert {o.step for o in new} - asked == {"score", "export_student"}
    assert {o.label for o in new if o.step != "export_student"} == {f"student ({shipped}^1) on test"}


def test_other_teachers_label_the_text_where_the_ablation_says_so(config_file: Path, data: Path, ended: Path) -> None:
    for ablation, teacher in (("with_theta_src", "Theta_src"), ("with_theta_trans", "Theta_trans")):
        planned = plan(config_file, data, ended, f"ablation={ablation}", "teachers=2")
        said = next(o for o in planned.outcomes if o.label == f"{teacher} on D_T" and o.step == "average_soft_labels")
        student = next(o for o in planned.outcomes if o.step == "train_voted_student")
        assert said.status == "cached" and student.status == "to run" and student.recipe is not None
        assert student.recipe.inputs == {
            "encoder": student.recipe.inputs["encoder"],
            "soft_labels": f"soft_labels:{said.reference.digest}",
        }


def test_the_run_tells_the_baselines_and_ships_the_student(
    config_file: Path, data: Path, ended: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(config_file, data, ended, "teachers=2")
    printed = capsys.readouterr().out
    names = ("source-only (Theta_src)", "translate-train (Theta_trans)", "data combination", "teacher (Theta_teach)",
             "student (Theta_stu)", "soft labels of Theta_teach", "votes, in %")  # fmt: skip
    assert all(name in printed for name in names)
    assert "0 ran" in printed
    cards = [path.read_text(encoding="utf-8") for path in (ended / "student").glob("*/README.md")]
    card = next(text for text in cards if "(UniTrans, by Crosstag)" in text)
    assert "# crosstag-unitrans-en-de" in card and "teachers: 2" in card and "student (Theta_stu) on test" in card


def test_seeds_of_teachers_are_derived_or_listed(config_file: Path) -> None:
    assert load(config_file, ["seed=3", "teachers=3"])[1].seeds == (3, 1003, 2003)
    assert load(config_file, ["teachers=2", "teacher_seeds=[122, 649]"])[1].seeds == (122, 649)
    with pytest.raises(InputError, match="has 2 seeds, 1 of them different, and teachers is 2"):
        load(config_file, ["teachers=2", "teacher_seeds=[122, 122]"])
    with pytest.raises(InputError, match="has 3 seeds, 2 of them different, and teachers is 2"):
        load(config_file, ["teachers=2", "teacher_seeds=[122, 122, 649]"])


def test_an_ablation_that_leaves_no_loss_is_refused(config_file: Path) -> None:
    with pytest.raises(InputError, match="the only loss of the student"):
        load(config_file, ["ablation=without_soft_labels", "student.hard_weight=0"])
