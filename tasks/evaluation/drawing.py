"""How pictures look: the panels of each figure, drawn by matplotlib's objects, without pyplot's global state."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from textwrap import fill
from typing import Any

import numpy as np

# Okabe and Ito's colours, which colour-blind readers tell apart, without the pale yellow; markers and dashes repeat
# what colours say, for readers of grey copies.
_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
_MARKERS = ("o", "s", "^", "D", "v", "P", "X")
_HATCHES = ("", "///", "...", "xxx")  # of bars whose colours come again
_STROKES = (("-", "--"), (":", "-."))  # whole and dashed lines; those whose colours come again
_PANEL_WIDTH_INCHES = 5.0
_PANEL_HEIGHT_INCHES = 3.6
_PANELS_IN_A_ROW = 3
_DOTS_PER_INCH = 120
_MOST_TICKS = 16
_LETTERS_AN_INCH = 8  # of a picture; the axis itself is shorter
_BARS_WITH_NUMBERS = 24
_LEGEND_WIDTH = 20  # letters; a long name must not squeeze the picture
_LEGEND_LINE_INCHES, _LEGEND_ENTRY_INCHES, _LEGEND_EDGE_INCHES = 0.16, 0.07, 0.3
_STYLE: dict[Any, Any] = {
    "font.family": "DejaVu Sans",  # comes with matplotlib
    "font.size": 10.0,
    "axes.titlesize": 11.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#DDDDDD",
    "axes.axisbelow": True,
    "legend.fontsize": 9.0,
    "legend.frameon": False,
    "svg.fonttype": "none",
    "svg.hashsalt": "crosstag",  # names inside an SVG would be others each time
}
_WITHOUT_TIME: dict[str, dict[str, None]] = {"png": {"Software": None}, "svg": {"Date": None, "Creator": None}}


@dataclass(frozen=True)
class Line:
    """A series: its name, its points, and how it is drawn. NaN leaves a gap."""

    name: str
    x: np.ndarray
    y: np.ndarray
    dashed: bool = False
    colour: int | None = None


@dataclass(frozen=True)
class Panel:
    """Lines over one x axis.

    ticks are the places that x values have, in this order, equally far apart, and the name of each: K = 0, 50, 500
    would otherwise crowd at one side.
    """

    lines: Sequence[Line]
    title: str
    x_name: str
    y_name: str
    ticks: Sequence[tuple[float, str]]
    logarithmic: bool = False


@dataclass(frozen=True)
class BarGroup:
    """Bars of one colour: what they show, and a height for each tick. NaN leaves a gap."""

    name: str
    heights: np.ndarray


@dataclass(frozen=True)
class Cloud:
    """Points of one colour: their name and places, [N] each."""

    name: str
    x: np.ndarray
    y: np.ndarray


def draw_clouds(titles: Sequence[str], panels: Sequence[Sequence[Cloud]], path: Path) -> None:
    """Draws panels of points over the same axes side by side; files and bytes as for `draw`.

    The places on the axes mean nothing but nearness, so they have no ticks. All panels have clouds of the same names.
    """
    from matplotlib import colormaps

    wheel = colormaps["hsv"]
    names = [cloud.name for cloud in panels[0]]
    colours = _COLOURS if len(names) <= len(_COLOURS) else [wheel(i / len(names)) for i in range(len(names))]
    columns = -(-len(names) // 20)
    width = len(panels) * _PANEL_WIDTH_INCHES + 0.9 * columns
    with _picture(width, _PANEL_WIDTH_INCHES, path) as figure:
        first = None
        for number, (title, clouds) in enumerate(zip(titles, panels, strict=True)):
            axes = figure.add_subplot(1, len(panels), number + 1, sharex=first, sharey=first)
            first = first or axes
            for cloud, colour in zip(clouds, colours, strict=False):
                axes.scatter(cloud.x, cloud.y, s=4, color=colour, linewidths=0, label=_plain(cloud.name))
            axes.set_title(_plain(title))
            axes.set_xticks([])
            axes.set_yticks([])
        axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), ncols=columns, markerscale=3)


def draw_bars(groups: Sequence[BarGroup], ticks: Sequence[str], title: str, y_name: str, path: Path) -> None:
    """Draws groups of bars side by side over each tick, a few with their heights; files and bytes as for `draw`."""
    bar, count = 0.8 / len(groups), len(ticks) * len(groups)
    numbered = count <= _BARS_WITH_NUMBERS
    width = max(_PANEL_WIDTH_INCHES, 1.5 + (0.45 if numbered else 0.25) * count)
    with _picture(width, _height([group.name for group in groups]), path) as figure:
        axes = figure.add_subplot()
        for number, group in enumerate(groups):
            places = np.arange(len(ticks)) + (number - (len(groups) - 1) / 2) * bar
            again, shade = divmod(number, len(_COLOURS))
            bars = axes.bar(
                places,
                group.heights,
                bar,
                color=_COLOURS[shade],
                hatch=_HATCHES[again % len(_HATCHES)],
                edgecolor="white",
                linewidth=0,
                label=_plain(fill(group.name, _LEGEND_WIDTH)),
            )
            if numbered:
                told = ["" if np.isnan(height) else f"{height:.1f}" for height in group.heights]
                axes.bar_label(bars, told, fontsize="x-small")
        axes.set_xticks(range(len(ticks)), [_plain(tick) for tick in ticks])
        axes.tick_params("x", labelrotation=45 if _crowded(ticks, width) else 0)
        axes.grid(visible=False, axis="x")
        axes.set_title(_plain(title))
        axes.set_ylabel(_plain(y_name))
        if len(groups) > 1:
            axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))


def draw(panels: Sequence[Panel], path: Path) -> None:
    """Draws panels side by side into a PNG or an SVG file, as its name ends.

    The same panels give the same bytes with the same matplotlib. The texts of an SVG stay texts, in the reader's font.
    """
    columns = min(len(panels), _PANELS_IN_A_ROW)
    rows = -(-len(panels) // columns)
    height = max(_height([line.name for line in panel.lines]) for panel in panels)
    with _picture(columns * _PANEL_WIDTH_INCHES, rows * height, path) as figure:
        for number, panel in enumerate(panels):
            _draw_panel(figure.add_subplot(rows, columns, number + 1), panel)


def number_name(value: float) -> str:
    """A number as an axis shows it: 0, 0.5, 500, 1e-05."""
    return f"{value:.6g}"


def number_ticks(values: Sequence[float]) -> list[tuple[float, str]]:
    """Ticks for numbers, in rising order."""
    return [(value, number_name(value)) for value in sorted(set(values))]


@contextmanager
def _picture(width: float, height: float, path: Path) -> Iterator[Any]:
    """An empty figure in our style, in inches; saved at the end, as PNG or SVG by the ending of its path."""
    import matplotlib
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with matplotlib.rc_context():
        matplotlib.rcdefaults()  # a reader's own matplotlibrc must not change the picture
        matplotlib.rcParams.update(_STYLE)
        figure = Figure(figsize=(width, height), dpi=_DOTS_PER_INCH, layout="constrained")
        FigureCanvasAgg(figure)
        yield figure
        form = path.suffix.removeprefix(".")
        figure.savefig(path, format=form, metadata=_WITHOUT_TIME[form])


def _draw_panel(axes: Any, panel: Panel) -> None:
    place = {value: position for position, (value, _) in enumerate(panel.ticks)}
    for number, line in enumerate(panel.lines):
        shade = number if line.colour is None else line.colour
        again = shade // len(_COLOURS)
        axes.plot(
            [place[x] for x in line.x.tolist()],
            line.y,
            label=_plain(fill(line.name, _LEGEND_WIDTH)),
            color=_COLOURS[shade % len(_COLOURS)],
            # Colours come again after the last one, with other markers and strokes.
            marker=_MARKERS[(shade + again) % len(_MARKERS)],
            markersize=4.5,
            markerfacecolor="white" if line.dashed else _COLOURS[shade % len(_COLOURS)],
            linestyle=_STROKES[again % len(_STROKES)][line.dashed],
            linewidth=1.6,
        )
    if panel.logarithmic:
        axes.set_yscale("log")
    every = -(-len(panel.ticks) // _MOST_TICKS)
    shown = range(0, len(panel.ticks), every)
    names = [panel.ticks[i][1] for i in shown]
    axes.set_xticks(list(shown), [_plain(name) for name in names])
    axes.tick_params("x", labelrotation=45 if _crowded(names, _PANEL_WIDTH_INCHES) else 0)
    axes.set_xlim(-0.4, max(len(panel.ticks) - 0.6, 0.4))
    axes.set_title(_plain(panel.title))
    axes.set_xlabel(_plain(panel.x_name))
    axes.set_ylabel(_plain(panel.y_name))
    if len(panel.lines) > 1 or panel.lines[0].name != panel.title:
        axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))


def _height(legend: Sequence[str]) -> float:
    """Inches of a panel whose legend has these names: all of them must show."""
    lines = sum(fill(name, _LEGEND_WIDTH).count("\n") + 1 for name in legend)
    needed = lines * _LEGEND_LINE_INCHES + len(legend) * _LEGEND_ENTRY_INCHES + _LEGEND_EDGE_INCHES
    return max(_PANEL_HEIGHT_INCHES, needed)


def _crowded(names: Sequence[str], inches: float) -> bool:
    """Whether the names of ticks would run into each other on an axis of this width."""
    return len(names) * max((len(name) for name in names), default=0) > _LETTERS_AN_INCH * inches


def _plain(text: str) -> str:
    """A user's text without matplotlib's formulas: a name such as a$b$ stays itself."""
    return text.replace("$", r"\$")
