"""Draw how good labels of raw text are against gold, by language (CROP, Figure 6)."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
from pyarrow import csv

from artifacts.catalog import FIGURES, Scores
from artifacts.errors import InputError
from artifacts.step import Job, step
from tasks.evaluation.drawing import BarGroup, draw_bars

_NAME = "crop-figure6-label-quality"
_WHAT = "F1 of projected labels against gold, by language (CROP, Figure 6)"


def quality_table(
    languages: Sequence[str], series: Sequence[str], scores: Sequence[pa.Table], shares: Sequence[float | None]
) -> pa.Table:
    """The data of the picture, a row per score, by series and then by language in the alphabet's order.

    Args:
        languages: of each score.
        series: what was scored, such as projected.
        scores: tables of `SCORES`.
        shares: of the raw sentences that count, [0, 1].
    """
    rows = []
    for language, name, table, share in zip(languages, series, scores, shares, strict=True):
        overall = table.slice(0, 1).to_pylist()[0]
        shown = {part: overall[part] for part in ("precision", "recall", "f1")}
        rows.append({"labels": name, "language": language, **shown, "share_of_sentences": share})
    order = list(dict.fromkeys(series))
    return pa.Table.from_pylist(sorted(rows, key=lambda row: (order.index(row["labels"]), row["language"])))


@step(FIGURES)
def draw_label_quality(
    job: Job, scores: tuple[Scores, ...], languages: tuple[str, ...], series: tuple[str, ...]
) -> None:
    """A bar for each language and sort of labels: F1 over the sentences that got labels.

    Raises:
        InputError: if there is nothing to draw.
    """
    if not scores or not len(scores) == len(languages) == len(series):
        raise InputError(
            f"label quality: {len(scores)} scores, {len(languages)} languages and {len(series)} names; expected as "
            "many of each, and at least one"
        )
    shares = [job.metadata(each).get("share_kept") for each in scores]
    table = quality_table(languages, series, [job.table(each) for each in scores], shares)
    names = list(dict.fromkeys(table["labels"].to_pylist()))
    ticks = sorted(set(languages))
    groups = []
    for name in names:
        f1 = {row["language"]: row["f1"] for row in table.to_pylist() if row["labels"] == name}
        groups.append(BarGroup(name, np.array([100 * f1.get(language, np.nan) for language in ticks])))
    title = f"Labels of raw text, mean {', '.join(f'{g.name} {np.nanmean(g.heights):.1f}' for g in groups)}"
    draw_bars(groups, ticks, title, "F1 (%)", job.output_folder / f"{_NAME}.png")
    csv.write_csv(table, job.output_folder / f"{_NAME}.csv", csv.WriteOptions(quoting_style="needed"))
    job.describe({"figures": {_NAME: _WHAT}})
