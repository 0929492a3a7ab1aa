"""Pictures of many series: all of the legend shows, and no two of them look alike."""

import re
from pathlib import Path

import numpy as np
import pytest
from matplotlib.image import imread

from tasks.evaluation.drawing import BarGroup, Line, Panel, draw, draw_bars

BLUE, ORANGE, GREEN = (0x00, 0x72, 0xB2), (0xD5, 0x5E, 0x00), (0x00, 0x9E, 0x73)
NAMES = [f"a model with a rather long name, configuration-{number}" for number in range(9)]
UNSEEN = np.array([np.nan, np.nan])  # What has no height shows in the legend alone.


def swatches(path: Path, colour: tuple[int, int, int]) -> list[np.ndarray]:
    """The rows of a colour's pixels, top to bottom, in bands that rows without one separate."""
    pixels = np.rint(imread(path)[:, :, :3] * 255).astype(int)
    rows = np.flatnonzero((pixels == colour).all(axis=2).any(axis=1))
    bands = np.split(rows, np.flatnonzero(np.diff(rows) > 6) + 1)  # Stripes of a swatch lie closer.
    assert rows.size and rows[0] > 0 and rows[-1] < len(pixels) - 1
    return bands


@pytest.mark.parametrize("kind", ["bars", "lines"])
def test_a_legend_of_nine_shows_whole_with_the_colours_that_come_again(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "many.png"
    if kind == "bars":
        draw_bars([BarGroup(name, UNSEEN) for name in NAMES], ["one", "two"], "F1", "%", path)
    else:
        lines = [Line(name, np.array([0.0, 1.0]), UNSEEN) for name in NAMES]
        draw([Panel(lines, "F1", "iteration", "%", [(0.0, "0"), (1.0, "1")])], path)
    # Seven colours: the eighth series is blue again, the ninth orange.
    assert [len(swatches(path, colour)) for colour in (BLUE, ORANGE, GREEN)] == [2, 2, 1]
    first, again = swatches(path, BLUE)
    assert len(first) > 3 and len(again) > 3


def test_bars_whose_colour_comes_again_are_hatched(tmp_path: Path) -> None:
    path = tmp_path / "many.png"
    draw_bars([BarGroup(name, UNSEEN) for name in NAMES], ["one", "two"], "F1", "%", path)
    first, again = swatches(path, BLUE)
    pixels = np.rint(imread(path)[:, :, :3] * 255).astype(int)
    blue = [int((pixels[band] == BLUE).all(axis=2).sum()) for band in (first, again)]
    assert blue[1] < 0.9 * blue[0]  # White stripes.


def test_lines_whose_colour_comes_again_have_another_stroke(tmp_path: Path) -> None:
    """Whole and dashed lines of one colour, as clean and noisy words of a type, and those that share it later."""
    drawn = [(colour, dashed) for colour in (0, 7) for dashed in (False, True)]
    lines = [Line(str(each), np.array([0.0, 1.0]), np.array([0.0, 1.0]), each[1], each[0]) for each in drawn]
    path = tmp_path / "strokes.svg"
    draw([Panel(lines, "F1", "iteration", "%", [(0.0, "0"), (1.0, "1")])], path)
    styles = r'style="fill: none; (stroke-dasharray: [^;]*)?[^"]*stroke: #0072b2; stroke-width: 1.6'
    strokes = re.findall(styles, path.read_text(encoding="utf-8"))
    assert len(set(strokes)) == 4
