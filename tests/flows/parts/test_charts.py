"""Charts of a run: which there are, the numbers that they show, and that a damaged artifact takes its own alone."""

from pathlib import Path
from xml.etree import ElementTree

import pytest
from charted import Charted, made

from artifacts.catalog.models import TAGGER
from artifacts.store import Store
from flows.parts.charts import Chart, charts_of
from flows.parts.manifest_facts import dropped_of, trainings_of


@pytest.fixture
def charted(store: Store) -> Charted:
    return Charted(store)


def test_every_training_is_found_once_with_its_losses_by_epoch(charted: Charted) -> None:
    found = trainings_of(charted.store, charted.record)
    assert [(each.step, each.name, each.losses) for each in found] == [
        ("train_tagger", "M_src", (0.5, 0.25)),
        ("train_student", "M_tgt", (0.4, 0.1, 0.05)),
    ]


def test_what_was_dropped_is_told_with_what_was_kept(charted: Charted) -> None:
    (found,) = dropped_of(charted.store, charted.record)
    assert (found.kept, found.reasons, found.total) == (6, {"no_output": 3, "ambiguous": 1}, 10)


def test_a_run_has_the_charts_that_there_is_data_for(charted: Charted) -> None:
    found, damaged = charts_of(charted.store, charted.record)
    # No iterations, so F1 stands by model; no bins, no layers, no type shares.
    assert [chart.name for chart in found] == ["f1-by-model", "detection", "types-1", "losses", "dropped"]
    assert damaged == []
    data = {chart.name: chart.data.to_pylist() for chart in found}
    assert [(row["model"], row["f1"]) for row in data["f1-by-model"]] == [("M_src", 0.4), ("M_tgt", 0.75)]
    shares = {(row["series"], row["type"]): row["share"] for row in data["types-1"]}
    assert shares == {
        ("gold", "LOC"): 0.4,
        ("gold", "PER"): 0.6,
        ("M_src", "LOC"): 0.9,
        ("M_src", "PER"): 0.1,
        ("M_tgt", "LOC"): 0.5,
        ("M_tgt", "PER"): 0.5,
    }
    assert data["losses"][1] == {"step": "train_tagger", "training": "M_src", "epoch": 2, "loss": 0.25}
    assert [(row["reason"], row["number"], row["share"]) for row in data["dropped"]] == [
        ("kept", 6, 0.6),
        ("no_output", 3, 0.3),
        ("ambiguous", 1, 0.1),
    ]
    assert [row["pseudo_labels"] for row in data["detection"]] == ["iteration 1, D_tgt", *["iteration 2, D_tgt"] * 2]


def test_every_chart_is_drawn_as_a_document_with_its_texts(charted: Charted, tmp_path: Path) -> None:
    found, _ = charts_of(charted.store, charted.record)
    texts = {}
    for chart in found:
        texts[chart.name] = drawn_texts(chart, tmp_path)
    assert {"M_src", "M_tgt", "F1 (%)"} <= texts["f1-by-model"]
    assert {"gold", "M_src", "LOC", "PER"} <= texts["types-1"]
    assert {"train_tagger", "train_student", "epoch", "1", "2", "3"} <= texts["losses"]
    assert {"no output", "ambiguous"} <= texts["dropped"] and "kept" not in texts["dropped"]


def test_of_many_models_gold_baselines_and_the_student_are_always_drawn_and_the_title_counts_them(
    charted: Charted, tmp_path: Path
) -> None:
    names = ["source-only (M_src)", "M_0", "translate-train (M_trans^0)", *(f"M_{n}" for n in range(1, 6)), "M_tgt"]
    record, scored = charted.record, charted.record.models[-1]
    models = tuple(scored.model_copy(update={"name": name}) for name in names)
    training, others = record.steps[0], record.steps[1:]
    many = tuple(
        training.model_copy(update={"stage": f"T_{n}", "reference": made(charted.store, TAGGER, f"e{n}", losses=[1.0])})
        for n in range(9)
    )
    record = record.model_copy(update={"models": models, "steps": (*many, *others)})
    found = {chart.name: chart for chart in charts_of(charted.store, record)[0]}
    assert {row["series"] for row in found["types-1"].data.to_pylist()} == {"gold", *names}
    # Three of the seven places are left for the six others: the first, the last, and 2.5, rounded to even, between.
    shown = {"gold", names[0], "M_0", names[2], "M_2", "M_5", "M_tgt"}
    texts = drawn_texts(found["types-1"], tmp_path)
    assert {text for text in texts if text in {"gold", *names}} == shown - {names[2]}
    assert "(M_trans^0)" in texts and "7 of 10 shown; all in the CSV" in texts
    # Ten with M_src: the first, the last, and of the eight between those at 0, 1.75, 3.5, 5.25 and 7, rounded.
    texts = drawn_texts(found["losses"], tmp_path)
    shown = {"T_0", "T_1", "T_3", "T_5", "T_6", "T_8", "M_src"}
    assert {text for text in texts if text.startswith(("T_", "M_src"))} == shown
    assert "7 of 10 shown; all in the CSV" in texts


def drawn_texts(chart: Chart, folder: Path) -> set[str]:
    """All texts of a chart's picture."""
    chart.draw(folder / "chart.svg")
    root = ElementTree.fromstring((folder / "chart.svg").read_text(encoding="utf-8"))
    return {"".join(each.itertext()).strip() for each in root.iter("{http://www.w3.org/2000/svg}text")}


def test_what_is_damaged_is_named_and_the_other_charts_stand(charted: Charted) -> None:
    file = charted.store.local("tagger", "a2") / "weights"
    file.write_bytes(b"changed")
    found, (damaged,) = charts_of(charted.store, charted.record)
    assert [chart.name for chart in found] == ["f1-by-model", "detection", "types-1", "dropped"]
    assert "tagger/a2" in damaged and "gone or changed" in damaged


def test_a_run_without_measurements_has_no_charts(charted: Charted) -> None:
    assert charts_of(charted.store, charted.record.model_copy(update={"steps": (), "models": ()})) == ([], [])
