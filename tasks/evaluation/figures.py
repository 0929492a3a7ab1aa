"""Draw the paper's figures 4 to 7 (CoLaDa, section 5), each as a PNG file beside a CSV file of its data."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
from pyarrow import csv

from artifacts.catalog import FIGURES, Consistency, Curve, ReliabilityBins
from artifacts.errors import InputError
from artifacts.step import Job, step
from tasks.evaluation.drawing import Line, Panel, draw, number_name, number_ticks

_MOST_LINES = 7
_SIGNS = (("auc_agreement", "λ"), ("auc_weight", "w"), ("auc_probability", "probability"))


def curve_panel(points: pa.Table, title: str, x_name: str, y_name: str) -> Panel:
    """A line per series, y in percent (figures 4 and 7)."""
    series, x, y = (points[name].to_numpy() for name in ("series", "x", "y"))
    names = list(dict.fromkeys(series.tolist()))
    lines = [Line(name, x[series == name], 100 * y[series == name]) for name in names]
    return Panel(lines, title, x_name, f"{y_name} (%)", number_ticks(x.tolist()))


def bin_panels(iterations: Sequence[pa.Table]) -> list[Panel]:
    """Token F1 by bin of the weight, and how many words each bin has, a line per iteration (figure 5).

    Where there are many iterations, the first, the last and some between them are drawn, and the titles say how many.
    """
    shown = np.unique(np.linspace(0, len(iterations) - 1, min(len(iterations), _MOST_LINES)).round().astype(int))
    bins = sorted({(row["low"], row["high"]) for i in shown for row in iterations[i].to_pylist()})
    ticks = [(low, f"{number_name(low)}–{number_name(high)}") for low, high in bins]
    quality, size = [], []
    some = f" ({len(shown)} of {len(iterations)} iterations)" if len(shown) < len(iterations) else ""
    for i in shown.tolist():
        low, words = iterations[i]["low"].to_numpy(), iterations[i]["words"].to_numpy().astype(float)
        f1 = iterations[i]["token_f1"].to_numpy().astype(float)
        quality.append(Line(f"iteration {i + 1}", low, 100 * f1))
        size.append(Line(f"iteration {i + 1}", low, np.where(words > 0, words, np.nan)))
    return [
        Panel(quality, f"Quality of pseudo-labels{some}", "reliability w", "token F1 without O (%)", ticks),
        Panel(size, f"Size of each bin{some}", "reliability w", "words", ticks, logarithmic=True),
    ]


def detection_panels(names: Sequence[str], tables: Sequence[pa.Table]) -> list[Panel]:
    """Areas under the ROC curve: of the three signs of trust over all words, and of λ within each label.

    Args:
        names: of the pseudo-labels of each table, all different.
        tables: of `DETECTION`.
    """
    ticks = [(float(place), name) for place, name in enumerate(names)]
    places = np.arange(len(names), dtype=float)
    by_label = [{row["label"]: row for row in table.to_pylist()} for table in tables]

    def line(name: str, label: str, sign: str) -> Line:
        areas = [rows[label][sign] if label in rows else None for rows in by_label]
        return Line(name, places, 100 * np.array(areas, dtype=float))

    labels = [label for label in dict.fromkeys(label for rows in by_label for label in rows) if label != "overall"]
    axis = "area under the ROC curve (%)"
    signs = [line(name, "overall", sign) for sign, name in _SIGNS]
    within = [line(label, label, "auc_agreement") for label in labels]
    return [Panel(signs, "All words", "", axis, ticks), Panel(within, "λ within each label", "", axis, ticks)]


def consistency_panel(rows: pa.Table, neighbours: int) -> Panel:
    """Mean lambda over layers: a colour per type, clean words as full lines, noisy ones dashed (figure 6)."""
    layers, types, clean = (rows[name].to_numpy() for name in ("layer", "type", "clean"))
    mean = rows["mean_agreement"].to_numpy().astype(float)
    lines = []
    for colour, name in enumerate(dict.fromkeys(types.tolist())):
        for is_clean, word in ((True, "clean"), (False, "noisy")):
            chosen = (types == name) & (clean == is_clean)
            lines.append(Line(f"{name}, {word}", layers[chosen].astype(float), mean[chosen], not is_clean, colour))
    ticks = number_ticks(layers.astype(float).tolist())
    title = f"Label consistency, K = {neighbours}"
    return Panel(lines, title, "encoder layer (0: embeddings)", "mean label consistency λ", ticks)


@step(FIGURES)
def draw_figures(
    job: Job,
    iterations: tuple[Curve, ...] = (),
    bins: tuple[ReliabilityBins, ...] = (),
    consistency: Consistency | None = None,
    settings: tuple[Curve, ...] = (),
) -> None:
    """Draws what it is given: F1 by iteration (4), bins by iteration (5), consistency (6), F1 by a setting (7).

    Raises:
        InputError: if there is nothing to draw.
    """
    drawn: dict[str, str] = {}

    def save(name: str, what: str, panels: Sequence[Panel], data: pa.Table) -> None:
        draw(panels, job.output_folder / f"{name}.png")
        csv.write_csv(data, job.output_folder / f"{name}.csv", csv.WriteOptions(quoting_style="needed"))
        drawn[name] = what

    for curves, name, what in (
        (iterations, "figure4-f1-by-iteration", "F1 by iteration (CoLaDa, Figure 4)"),
        (settings, "figure7-f1-by-setting", "F1 by setting (CoLaDa, Figure 7)"),
    ):
        if curves:
            texts = [job.metadata(each) for each in curves]
            tables = [job.table(each) for each in curves]
            panels = [
                curve_panel(table, text["title"], text["x_name"], text["y_name"])
                for table, text in zip(tables, texts, strict=True)
            ]
            save(name, what, panels, together("panel", [text["title"] for text in texts], tables))
    if bins:
        tables = [job.table(each) for each in bins]
        data = together("iteration", list(range(1, len(bins) + 1)), tables)
        save("figure5-reliability", "Reliability against correctness (CoLaDa, Figure 5)", bin_panels(tables), data)
    if consistency is not None:
        rows = job.table(consistency)
        panel = consistency_panel(rows, job.metadata(consistency)["neighbours"])
        save("figure6-consistency", "Label consistency by type and layer (CoLaDa, Figure 6)", [panel], rows)
    if not drawn:
        raise InputError("figures: nothing to draw; give test sets or gold labels of the unlabelled text")
    job.describe({"figures": dict(sorted(drawn.items()))})


def together(name: str, values: Sequence[object], tables: Sequence[pa.Table]) -> pa.Table:
    """Tables one after another, with a first column of this name that says which is which."""
    marked = [
        table.replace_schema_metadata().add_column(0, name, pa.array([value] * len(table)))
        for value, table in zip(values, tables, strict=True)
    ]
    return pa.concat_tables(marked)
