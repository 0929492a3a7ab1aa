"""What a run measures and draws beside the method: nothing of it reaches training; it needs only what is there."""

from pathlib import Path

import pytest
from pyarrow import csv

from artifacts.errors import InputError
from artifacts.runtime import Run, Runtime
from artifacts.store import Store
from flows.commands.methods import load
from flows.commands.plan import plan_steps

OTHER = "analysis.compare=[{neighbours: 5, match: type}]"


def plan(data: Path, store: Path, *settings: str) -> Run:
    method, config = load(data / "tiny.yaml", settings)
    return plan_steps(method, config, Runtime(store=str(store), data=str(data), device="cpu"))


def steps(run: Run) -> list[str]:
    return [outcome.step for outcome in run.outcomes]


@pytest.mark.server
def test_a_run_draws_figures_4_and_5_and_measures_detection(finished: Path) -> None:
    store = Store(finished)
    (manifest,) = store.manifests_of("figures")
    assert sorted(manifest.files) == [
        "figure4-f1-by-iteration.csv",
        "figure4-f1-by-iteration.png",
        "figure5-reliability.csv",
        "figure5-reliability.png",
    ]
    points = csv.read_csv(finished / "figures" / manifest.key / "figure4-f1-by-iteration.csv").to_pylist()
    assert {point["panel"] for point in points} == {"test"}
    assert sorted((point["series"], point["x"]) for point in points) == [
        *(("M_tgt", i) for i in (0, 1, 2)),
        *(("M_trans", i) for i in (0, 1, 2)),
        *(("pseudo-labels (unlabelled text)", i) for i in (1, 2)),
    ]
    assert sorted(m.label for m in store.manifests_of("detection")) == ["iteration 1, D_tgt", "iteration 2, D_tgt"]


@pytest.mark.server
def test_looking_closer_trains_nothing_again(data: Path, finished: Path) -> None:
    run = plan(data, finished, "analysis.layers=true", OTHER)
    again = {outcome.step for outcome in run.outcomes if outcome.status != "cached"}
    assert again == {"score_reliability", "measure_detection", "measure_consistency", "draw_figures"}
    # One encoder layer, so two layers with the embeddings; the top one is the run's own reliability.
    layers = {outcome.label: outcome.status for outcome in run.outcomes if outcome.label.startswith("layer")}
    assert layers == {"layer 0": "to run", "layer 1": "cached"}
    (compared,) = {outcome.label for outcome in run.outcomes if "compare" in outcome.label}
    assert compared == "iteration 1, compare 1: neighbours=5 match=type"


def test_an_empty_store_can_be_planned_with_all_of_it(data: Path, tmp_path: Path) -> None:
    run = plan(data, tmp_path / "empty", "analysis.layers=true", OTHER)
    assert {"measure_consistency", "trace_curve", "draw_figures"} <= set(steps(run))
    assert steps(run).count("score_reliability") == 4 + 1 + 2
    assert not (tmp_path / "empty").exists()


def test_no_pictures_if_they_are_not_wanted(data: Path, tmp_path: Path) -> None:
    assert "draw_figures" not in steps(plan(data, tmp_path / "empty", "analysis.figures=false"))


def test_without_gold_and_test_sets_there_is_no_figure_and_no_error(data: Path, tmp_path: Path) -> None:
    none = ("target.tests=[]", "target.text_gold=null")
    assert not {"draw_figures", "trace_curve", "measure_detection"} & set(steps(plan(data, tmp_path / "e", *none)))
    without_gold = steps(plan(data, tmp_path / "e", "target.text_gold=null"))
    assert without_gold.count("trace_curve") == 1 and "draw_figures" in without_gold
    without_tests = steps(plan(data, tmp_path / "e", "target.tests=[]"))
    assert without_tests.count("trace_curve") == 1  # of the pseudo-labels alone


def test_no_neighbours_are_no_instance_collaboration(data: Path, tmp_path: Path) -> None:
    none = plan(data, tmp_path / "e", "reliability.neighbours=0", "analysis.layers=true")
    assert steps(none) == steps(plan(data, tmp_path / "e", "ablation=no_instance_collaboration"))
    assert "score_reliability" not in steps(none) and "draw_figures" in steps(none)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (("analysis.layers=true", "target.text_gold=null"), ["analysis.layers", "target.text_gold is empty"]),
        ((OTHER, "target.text_gold=null"), ["analysis.compare", "target.text_gold is empty"]),
        (("analysis.compare=[{neighbours: 99999}]",), ["analysis.compare.0.neighbours", "99999", "words"]),
        (("analysis.compare=[{neighbours: 0}]",), ["analysis.compare", "weigh no word"]),
        (("analysis.compare=[{enabled: false}]",), ["analysis.compare", "weigh no word"]),
    ],
)
def test_evidence_that_cannot_be_had_is_refused_first(
    data: Path, tmp_path: Path, settings: tuple[str, ...], words: list[str]
) -> None:
    with pytest.raises(InputError) as error:
        method, config = load(data / "tiny.yaml", settings)
        method.check(config, Runtime(store=str(tmp_path / "e"), data=str(data), device="cpu"))
    assert all(word in str(error.value) for word in words), error.value
