"""Draw GLoDe's figures 3 and 4: quality of pseudo-labels by epoch, and the types that entities have."""

from pathlib import Path

import numpy as np
import pyarrow as pa
from pyarrow import csv

from artifacts.catalog import FIGURES, Curve, TypeShares
from artifacts.errors import InputError
from artifacts.step import Job, step
from tasks.evaluation.drawing import BarGroup, draw, draw_bars
from tasks.evaluation.figures import curve_panel

_QUALITY, _TYPES = "glode-figure3-pseudo-labels", "glode-figure4-types"


def draw_types(shares: pa.Table, title: str, path: Path) -> None:
    """Draws a table of `TYPE_SHARES`: a bar for each type of each series (figure 4)."""
    rows = shares.to_pylist()
    ticks = list(dict.fromkeys(row["type"] for row in rows))
    of = {(row["series"], row["type"]): row["share"] for row in rows}
    groups = [
        BarGroup(name, 100 * np.array([of[name, tick] for tick in ticks], dtype=float))
        for name in dict.fromkeys(row["series"] for row in rows)
    ]
    draw_bars(groups, ticks, title, "share of entities (%)", path)


@step(FIGURES)
def draw_span_figures(job: Job, quality: Curve | None, types: TypeShares | None) -> None:
    """Draws what it is given, each as a PNG file beside a CSV file of its data.

    Raises:
        InputError: if there is nothing to draw.
    """
    drawn = {}
    if quality is not None:
        points, text = job.table(quality), job.metadata(quality)
        panel = curve_panel(points, text["title"], text["x_name"], text["y_name"])
        draw([panel], job.output_folder / f"{_QUALITY}.png")
        csv.write_csv(points, job.output_folder / f"{_QUALITY}.csv", csv.WriteOptions(quoting_style="needed"))
        drawn[_QUALITY] = "F1 of pseudo-labels by epoch (GLoDe, Figure 3)"
    if types is not None:
        table = job.table(types)
        draw_types(table, "Types of entities", job.output_folder / f"{_TYPES}.png")
        csv.write_csv(table, job.output_folder / f"{_TYPES}.csv", csv.WriteOptions(quoting_style="needed"))
        drawn[_TYPES] = "Types of entities in gold labels and predictions (GLoDe, Figure 4)"
    if not drawn:
        raise InputError("figures: nothing to draw; give gold labels of the unlabelled text")
    job.describe({"figures": drawn})
