"""`make bench`: each measurement as a JSON line, then all of them in a table.

python -m tests.benchmarks [cache|translation|matching|training|labelling|busy|neighbours|voting|marked|consistency
                            |spans|corpora|words|pages|aligned|students ...]
"""

import importlib
import json
import sys

from rich.console import Console
from rich.table import Table

NAMES = (
    "cache",
    "translation",
    "matching",
    "training",
    "labelling",
    "busy",
    "neighbours",
    "voting",
    "marked",
    "corpora",
    "consistency",
    "spans",
    "words",
    "pages",
    "aligned",
    "students",
)


def main(chosen: list[str]) -> None:
    """Runs the benchmarks. They say how they stand to their limits, they do not fail."""
    rows = []
    for name in chosen or NAMES:
        for row in importlib.import_module(f"tests.benchmarks.bench_{name}").measure():
            print(json.dumps(row), flush=True)
            rows.append(row)
    table = Table("name", "value", "unit", "against", "ratio", "limit", box=None)
    for row in rows:
        table.add_row(*(_text(row[key]) for key in ("name", "value", "unit", "against", "ratio", "limit")))
    Console(soft_wrap=True).print(table)


def _text(value: object) -> str:
    return f"{value:,.3f}" if isinstance(value, float) else "" if value is None else str(value)


if __name__ == "__main__":
    main(sys.argv[1:])
