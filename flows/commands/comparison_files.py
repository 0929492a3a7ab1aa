"""A comparison as files: Markdown, LaTeX, CSV, JSON and a picture."""

import csv
import io
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from artifacts.report import markdown_table
from artifacts.runs import Measurements
from flows.commands.published import published
from flows.parts.comparison import ByTest, Runs
from flows.parts.comparison_on_record import draw_f1
from flows.parts.run_tables import cells

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
    folder: Path, sheets: Sequence[Sheet], tests: ByTest, runs: Runs, errors: Sequence[Mapping[str, object]]
) -> list[Path]:
    """Writes comparison.md, .tex, .csv, .errors.csv, .json and .png; each is there whole or not at all.

    Args:
        folder: where; made if it is not there.
        sheets: the tables as they are shown.
        tests: the scores.
        runs: of each configuration.
        errors: counts of errors; none: no file of them.
    """
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for ending, text in texts_of(sheets, tests, runs, errors).items():
        part = folder / f".part.{_NAME}.{ending}"
        part.write_text(text, encoding="utf-8")
        paths.append(folder / f"{_NAME}.{ending}")
        os.replace(part, paths[-1])
    if tests:
        part, picture = folder / f".part.{_NAME}.png", folder / f"{_NAME}.png"
        draw_f1(tests, part)
        os.replace(part, picture)
        paths.append(picture)
    return paths


def texts_of(
    sheets: Sequence[Sheet], tests: ByTest, runs: Runs, errors: Sequence[Mapping[str, object]]
) -> dict[str, str]:
    """The files by their endings, as for `write_files`, but for the picture.

    The CSV has a line for each model, seed and entity type, with shares in [0, 1] and counts, to be analysed further,
    the other one a line for each model and seed with counts of errors; the JSON has both, and the runs.
    """
    lines = _lines(tests, runs)
    texts = {
        "md": "\n\n".join(f"## {title}\n\n{markdown_table(header, rows)}" for title, header, rows in sheets) + "\n",
        "tex": "\n".join(latex(sheet) for sheet in sheets),
        "csv": _csv(lines),
        "json": _json(lines, errors, runs),
    }
    return {**texts, "errors.csv": _csv(errors)} if errors else texts


def sheets_of(tables: Sequence[Measurements], corpus: str) -> list[Sheet]:
    """Tables of a comparison as text; behind them what the papers report on a corpus, if one is named.

    Raises:
        InputError: if no paper does.
    """
    sheets: list[Sheet] = []
    for table in tables:
        header, rows = cells(table)
        sheets.append((table.title, header, [["" if cell == "-" else cell for cell in row] for row in rows]))
    return [*sheets, (f"{corpus} in the papers, F1 in %", *published(corpus))] if corpus else sheets


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


def _lines(tests: ByTest, runs: Runs) -> list[dict[str, object]]:
    """Every score: a line for each test set, model, seed and entity type."""
    lines: list[dict[str, object]] = []
    for test, models in tests.items():
        for model in models:
            for record, scored in zip(runs[model.configuration], model.scored, strict=True):
                about = {"test": test, "model": model.model, "configuration": model.configuration}
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
