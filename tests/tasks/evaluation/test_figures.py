"""Curves, and the pictures of the paper's figures 4 to 7: what is on them, that they are files, that they repeat."""

from collections.abc import Callable
from pathlib import Path

import matplotlib
import numpy as np
import pyarrow as pa
import pytest
from PIL import Image
from pyarrow import csv

from artifacts.catalog import CONSISTENCY, CURVE, DETECTION, RELIABILITY_BINS, SCORES
from artifacts.errors import InputError
from artifacts.reference import Reference
from artifacts.step import run_alone
from artifacts.store import Store
from tasks.evaluation.curves import CurveText, trace_curve
from tasks.evaluation.drawing import BarGroup, draw, draw_bars, number_ticks
from tasks.evaluation.figures import bin_panels, consistency_panel, curve_panel, detection_panels, draw_figures


def put_scores(put_table: Callable[..., Reference], f1: float) -> Reference:
    """Scores whose overall F1 is not that of the only type."""
    parts = {name: [f1, 0.0] for name in ("precision", "recall", "f1")}
    counts = {name: [1, 1] for name in ("gold", "predicted", "correct")}
    return put_table(SCORES, {"type": ["overall", "LOC"], **parts, **counts}, {"name": str(f1)})


@pytest.fixture
def curve(store: Store, put_table: Callable[..., Reference]) -> Reference:
    scores = tuple(put_scores(put_table, f1) for f1 in (0.25, 0.5, 0.75))
    series, text = ("M_tgt", "M_trans", "M_tgt"), CurveText(title="news $a_1$", x_name="iteration")
    return run_alone(store, trace_curve, scores, series, (0.0, 0.0, 1.0), text)


@pytest.fixture
def bins(put_table: Callable[..., Reference]) -> Reference:
    columns = {
        "low": [0.0, 0.5],
        "high": [0.5, 1.0],
        "words": [0, 20],
        "token_f1": [None, 0.5],
        "accuracy": [None, 0.75],
    }
    return put_table(RELIABILITY_BINS, columns)


@pytest.fixture
def consistency(put_table: Callable[..., Reference]) -> Reference:
    columns = {
        "layer": [0, 0, 1, 1],
        "type": ["LOC"] * 4,
        "clean": [True, False] * 2,
        "words": [3, 0, 3, 1],
        "mean_agreement": [0.5, None, 0.75, 0.25],
    }
    return put_table(CONSISTENCY, columns, {"neighbours": 500})


def test_a_curve_takes_the_overall_f1_of_each_score(store: Store, curve: Reference) -> None:
    assert store.table(curve).to_pylist() == [
        {"series": "M_tgt", "x": 0.0, "y": 0.25},
        {"series": "M_trans", "x": 0.0, "y": 0.5},
        {"series": "M_tgt", "x": 1.0, "y": 0.75},
    ]
    assert store.metadata(curve) == {"title": "news $a_1$", "x_name": "iteration", "y_name": "F1"}


def test_a_curve_needs_a_place_for_every_score(store: Store, put_table: Callable[..., Reference]) -> None:
    with pytest.raises(InputError, match="1 scores, 2 series and 1 places"):
        run_alone(store, trace_curve, (put_scores(put_table, 0.5),), ("a", "b"), (0.0,), CurveText())


def test_a_curve_is_drawn_in_percent_with_a_line_per_series(store: Store, curve: Reference) -> None:
    panel = curve_panel(store.table(curve), "news", "iteration", "F1")
    assert [(line.name, line.x.tolist(), line.y.tolist()) for line in panel.lines] == [
        ("M_tgt", [0.0, 1.0], [25.0, 75.0]),
        ("M_trans", [0.0], [50.0]),
    ]
    assert (panel.x_name, panel.y_name) == ("iteration", "F1 (%)")


def test_numbers_are_ticks_in_rising_order() -> None:
    assert number_ticks([500, 0, 5e-05, 500]) == [(0, "0"), (5e-05, "5e-05"), (500, "500")]


def test_empty_bins_leave_gaps_and_many_iterations_are_thinned(store: Store, bins: Reference) -> None:
    table = store.table(bins)
    quality, size = bin_panels([table] * 20)
    # Seven of 20 at equal distances: 0, 19/6, ..., 19, rounded, counted from 1.
    assert [line.name for line in quality.lines] == [f"iteration {i}" for i in (1, 4, 7, 11, 14, 17, 20)]
    np.testing.assert_array_equal(quality.lines[0].y, [np.nan, 50.0])
    np.testing.assert_array_equal(size.lines[0].y, [np.nan, 20.0])
    assert quality.title == "Quality of pseudo-labels (7 of 20 iterations)" and "7 of 20" in size.title
    assert " of " not in bin_panels([table] * 7)[1].title.removeprefix("Size of each bin")
    assert size.logarithmic and [name for _, name in size.ticks] == ["0–0.5", "0.5–1"]


def test_clean_and_noisy_words_of_a_type_share_a_colour(store: Store, consistency: Reference) -> None:
    panel = consistency_panel(store.table(consistency), 500)
    clean, noisy = panel.lines
    assert (clean.name, clean.dashed, noisy.name, noisy.dashed) == ("LOC, clean", False, "LOC, noisy", True)
    assert clean.colour == noisy.colour
    np.testing.assert_array_equal(noisy.y, [np.nan, 0.25])
    assert "K = 500" in panel.title


def test_each_figure_is_a_picture_beside_its_data(
    store: Store, curve: Reference, bins: Reference, consistency: Reference
) -> None:
    made = run_alone(store, draw_figures, (curve,), (bins, bins), consistency, (curve,))
    folder = store.folder(made)
    names = ["figure4-f1-by-iteration", "figure5-reliability", "figure6-consistency", "figure7-f1-by-setting"]
    assert list(store.metadata(made)["figures"]) == names
    for name in names:
        pixels = np.asarray(Image.open(folder / f"{name}.png").convert("L"))
        assert pixels.shape[0] > 400 and (pixels < 128).mean() > 0.001
    data = csv.read_csv(folder / "figure4-f1-by-iteration.csv").to_pylist()
    assert data[0] == {"panel": "news $a_1$", "series": "M_tgt", "x": 0, "y": 0.25}
    iterations = csv.read_csv(folder / "figure5-reliability.csv")["iteration"].to_pylist()
    assert iterations == [1, 1, 2, 2]


def test_only_what_is_given_is_drawn_and_nothing_is_an_error(store: Store, bins: Reference) -> None:
    made = run_alone(store, draw_figures, bins=(bins,))
    assert list(store.metadata(made)["figures"]) == ["figure5-reliability"]
    with pytest.raises(InputError, match="nothing to draw"):
        run_alone(store, draw_figures)


def test_a_picture_repeats_to_the_byte_whatever_the_readers_settings(tmp_path: Path) -> None:
    points = pa.table({"series": ["a"], "x": [0.0], "y": [0.5]}, schema=CURVE.schema)
    panel = curve_panel(points, "t", "x", "F1")
    draw([panel], tmp_path / "first.png")
    with matplotlib.rc_context({"font.size": 30.0, "lines.linewidth": 9.0}):
        draw([panel], tmp_path / "second.png")
        assert matplotlib.rcParams["font.size"] == 30.0
    assert (tmp_path / "first.png").read_bytes() == (tmp_path / "second.png").read_bytes()
    assert b"Software" not in (tmp_path / "first.png").read_bytes()


def test_areas_are_drawn_by_sign_over_all_words_and_by_label() -> None:
    columns = {"words": [9, 4], "wrong": [1, 1], "auc_weight": [0.5, 0.5], "auc_probability": [0.25, None]}
    first = pa.table({"label": ["overall", "O"], "auc_agreement": [0.75, 0.5], **columns}, schema=DETECTION.schema)
    second = pa.table({"label": ["overall", "B-LOC"], "auc_agreement": [1.0, 0.5], **columns}, schema=DETECTION.schema)
    everything, within = detection_panels(["one", "two"], [first, second])
    assert {line.name: line.y.tolist() for line in everything.lines} == {
        "λ": [75.0, 100.0],
        "w": [50.0, 50.0],
        "probability": [25.0, 25.0],
    }
    # O was given to no word of the second, B-LOC to none of the first.
    assert [line.name for line in within.lines] == ["O", "B-LOC"]
    np.testing.assert_array_equal(within.lines[0].y, [50.0, np.nan])
    np.testing.assert_array_equal(within.lines[1].y, [np.nan, 50.0])
    assert [name for _, name in within.ticks] == ["one", "two"]


def test_an_svg_repeats_to_the_byte_and_keeps_what_people_wrote_as_text(tmp_path: Path) -> None:
    points = pa.table({"series": ["<script>&$a$"], "x": [0.0], "y": [0.5]}, schema=CURVE.schema)
    panel = curve_panel(points, "t", "x", "F1")
    for name in ("first.svg", "second.svg"):
        draw([panel], tmp_path / name)
    text = (tmp_path / "first.svg").read_text(encoding="utf-8")
    assert text == (tmp_path / "second.svg").read_text(encoding="utf-8")
    assert "&lt;script&gt;" in text and "<script" not in text and "$a$" in text and "<dc:date>" not in text


def test_names_of_ticks_that_would_run_into_each_other_are_turned(tmp_path: Path) -> None:
    group = [BarGroup("a", np.array([1.0, 2.0]))]
    for names, turned in ((("LOC", "PER"), False), (("missing in translation",) * 2, True)):
        draw_bars(group, names, "t", "y", tmp_path / "bars.svg")
        # Longer than 8 letters an inch of 5 inches: 2 * 22 > 40.
        assert ("rotate(-45" in (tmp_path / "bars.svg").read_text(encoding="utf-8")) is turned


def test_a_few_bars_have_their_heights_on_them_many_have_none_and_a_gap_has_no_number(tmp_path: Path) -> None:
    for heights, told in (([66.71, np.nan], True), ([66.71] * 25, False)):
        draw_bars([BarGroup("a", np.array(heights))], ["x"] * len(heights), "t", "y", tmp_path / "bars.svg")
        text = (tmp_path / "bars.svg").read_text(encoding="utf-8")
        assert (">66.7<" in text) is told and "nan" not in text.lower()
