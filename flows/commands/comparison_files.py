"""A comparison as files: Markdown, LaTeX, CSV, JSON and a picture."""

import csv
import io
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from artifacts.report import markdown_table
from flows.parts.comparison import Runs, TestSet
from tasks.evaluation.drawing import BarGroup, draw_bars

Sheet = tuple[str, list[str], list[list[str]]]
"""A table as text: title, header, rows."""

_LATEX = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    **{char: f"\\{char}" for char in "&%$#_{}"},
    "±": r"$\pm$",
    "<": r"$<$",
    "λ": r"$\lambda$",
}
_NAME = "comparison"


def write_files(
    folder: Path, sheets: Sequence[Sheet], tests: Sequence[TestSet], runs: Runs, errors: Sequence[Mapping[str, object]]
) -> list[Path]:
    """Writes comparison.md, .tex, .csv, .errors.csv, .json and .png; each is there whole or not at all.

    The CSV has a line for each model, seed and entity type, with shares in [0, 1] and counts, to be analysed further,
    the other one a line for each model and seed with counts of errors; the JSON has both, and the runs.

    Args:
        folder: where; made if it is not there.
        sheets: the tables as they are shown.
        tests: the scores.
        runs: of each configuration.
        errors: counts of errors; none: no file of them.
    """
    folder.mkdir(parents=True, exist_ok=True)
    contents = {
        "md": "\n\n".join(f"## {title}\n\n{markdown_table(header, rows)}" for title, header, rows in sheets) + "\n",
        "tex": "\n".join(latex(sheet) for sheet in sheets),
        "csv": _csv(_lines(tests, runs)),
        "errors.csv": _csv(errors),
        "json": _json(_lines(tests, runs), errors, runs),
    }
    paths = []
    if not errors:
        del contents["errors.csv"]
    for ending, text in contents.items():
        part = folder / f".part.{_NAME}.{ending}"
        part.write_text(text, encoding="utf-8")
        paths.append(folder / f"{_NAME}.{ending}")
        os.replace(part, paths[-1])
    if tests:
        part, picture = folder / f".part.{_NAME}.png", folder / f"{_NAME}.png"
        draw_bars(*_bars(tests), "F1 by method", "F1 (%)", part)
        os.replace(part, picture)
        paths.append(picture)
    return paths


def latex(sheet: Sheet) -> str:
    """A table for LaTeX with booktabs."""
    title, header, rows = sheet
    lines = [" & ".join(map(_escaped, row)) + r" \\" for row in (header, *rows)]
    return "\n".join(
        [
            f"% {' '.join(title.split())}",
            rf"\begin{{tabular}}{{l{'r' * (len(header) - 1)}}}",
            r"\toprule",
            lines[0],
            r"\midrule",
            *lines[1:],
            r"\bottomrule",
            r"\end{tabular}",
            "",
        ]
    )


def _escaped(text: str) -> str:
    return "".join(_LATEX.get(char, char) for char in text)


def _lines(tests: Sequence[TestSet], runs: Runs) -> list[dict[str, object]]:
    """Every score: a line for each test set, model, seed and entity type."""
    lines: list[dict[str, object]] = []
    for test in tests:
        for model in test.models:
            for record, scored in zip(runs[model.configuration], model.scored, strict=True):
                about = {"test": test.name, "model": model.model, "configuration": model.configuration}
                seed = {"seed": record.configuration.get("seed")}
                lines += [{**about, **seed, **row.model_dump()} for row in scored.rows]
    return lines


def _csv(lines: Sequence[Mapping[str, object]]) -> str:
    file = io.StringIO()
    writer = csv.DictWriter(file, list(lines[0]) if lines else [], lineterminator="\n")
    writer.writeheader()
    writer.writerows(lines)
    return file.getvalue()


def _json(lines: Sequence[Mapping[str, object]], errors: Sequence[Mapping[str, object]], runs: Runs) -> str:
    ids = {name: [record.id for record in records] for name, records in runs.items()}
    return json.dumps({"runs": ids, "scores": list(lines), "errors": list(errors)}, ensure_ascii=False, indent=1) + "\n"


def _bars(tests: Sequence[TestSet]) -> tuple[list[BarGroup], list[str]]:
    """A group of bars for each model, a place for each test set; where a model was not tried, there is a gap."""
    names = dict.fromkeys((model.model, model.configuration) for test in tests for model in test.models)
    groups = []
    for name in names:
        found = [[100 * m.f1 for m in test.models if (m.model, m.configuration) == name] for test in tests]
        heights = np.array([each[0] if each else np.nan for each in found])
        groups.append(BarGroup(f"{name[0]}, {name[1]}", heights))
    return groups, [test.name for test in tests]
