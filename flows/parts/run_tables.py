"""The record of a run as tables: in the terminal, and on a page of the Prefect UI."""

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from artifacts.errors import StoreError
from artifacts.links import linked, page_address
from artifacts.reference import Reference
from artifacts.report import markdown_table
from artifacts.runs import Cell, Form, Measurements, RunRecord, Scored
from artifacts.store import Store
from flows.parts.console import text_console

_BAR_WIDTH = 20
_WIDTH = 400
_NAME_WIDTH = 44


def wide_console() -> Console:
    """A console whose tables keep their columns: a narrow terminal may break lines, but cut nothing off."""
    return text_console(_WIDTH)


def print_result(store: Store, record: RunRecord) -> None:
    """Scores, measurements, where the student lies, what was cached."""
    console = wide_console()
    for test, rows in scores_by_test(record).items():
        console.print(_score_table(test, rows))
    for table in record.measurements:
        print_measurements(console, table)
    console.print()
    for name, text in result_lines(store, record).items():
        console.print(f"{name:<9} {text}")


def result_lines(store: Store, record: RunRecord) -> dict[str, str]:
    """Student, figures, report, steps and the run itself, in words."""
    lines = {}
    if record.student is not None:
        lines = {"student": _place(store, record.student), "artifact": str(record.student)}
    if record.word_student is not None:
        lines["of words"] = (
            f"{_place(store, record.word_student)} (learnt from the student, for transformers' pipelines)"
        )
    if record.figures is not None:
        lines["figures"] = _place(store, record.figures)
    if (report := store.report(record.id)) is not None:
        lines["report"] = str(report)
    lines["steps"] = steps_in_words(record)
    lines["run"] = str(record)
    return lines


def steps_in_words(record: RunRecord) -> str:
    """How many steps were cached, how many ran, and how long those took."""
    seconds = sum(step.seconds for step in record.ran)
    return f"{len(record.steps) - len(record.ran)} cached, {len(record.ran)} ran in {seconds:.0f} s"


def result_page(store: Store, record: RunRecord) -> str:
    """The same in Markdown."""
    parts = [_score_page(test, rows) for test, rows in scores_by_test(record).items()]
    parts += [measurement_page(table) for table in record.measurements]
    made = {"Student": record.student, "Word tagger": record.word_student, "Figures": record.figures}
    for name, reference in made.items():
        if reference is not None:
            link = linked(f"`{reference}`", f"/artifact/{reference}")
            parts.append(f"{name}: {link}, in `{_place(store, reference)}`")
    if (report := store.report(record.id)) is not None:
        parts.append(f"{linked('Report', f'/run/{record.id}/report')}: `{report}`, all of this and more in one file")
    parts.append(f"Steps: {steps_in_words(record)}; each of them, and what it made, on the page `steps`")
    name = linked(f"`{record}`", f"/run/{record.id}")
    parts.append(f"Run: {name}; `crosstag runs show {record.id[:10]}` tells all of it")
    if charts := page_address(f"/run/{record.id}/charts"):
        parts.append(f"[Charts]({charts})")
    return "\n\n".join(parts)


def scores_by_test(record: RunRecord) -> dict[str, list[tuple[str, Scored]]]:
    """Names of the models and their scores on each test set, in the order of the record."""
    tests = dict.fromkeys(test for model in record.models for test in model.scores)
    return {
        test: [(model.name, model.scores[test]) for model in record.models if test in model.scores] for test in tests
    }


def cells(table: Measurements) -> tuple[list[str], list[list[str]]]:
    """Header and rows of measurements, as text."""
    forms = [column.form for column in table.columns]
    rows = [
        [line.name, *(in_words(value, form) for value, form in zip(line.cells, forms, strict=True))]
        for line in table.lines
    ]
    return [table.first, *(column.name for column in table.columns)], rows


def in_words(value: Cell, form: Form) -> str:
    """A measured value as a person reads it; - for none."""
    if value is None:
        return "-"
    if isinstance(value, str) or form == "text":
        return str(value)
    if form == "count":
        return f"{value:,}"
    return f"{value:.2f}" if form == "two decimals" else f"{100 * value if form == 'percent' else value:.1f}"


def plain_table(title: str, header: Sequence[str], rows: Sequence[Sequence[str]]) -> Table:
    """A table for the terminal: names at the left, numbers at the right."""
    table = Table(title=f"\n{title}", title_justify="left", title_style="bold", box=None, pad_edge=False)
    longest = max([len(header[0]), *(len(row[0]) for row in rows)])
    table.add_column(header[0], min_width=min(longest, _NAME_WIDTH), max_width=_NAME_WIDTH)
    for column in header[1:]:
        table.add_column(column, justify="right", no_wrap=True)
    for row in rows:
        table.add_row(*row)
    return table


def print_measurements(console: Console, table: Measurements) -> None:
    """A table of measurements, and the remark on it, if there is one."""
    console.print(plain_table(table.title, *cells(table)))
    if table.remark:
        console.print(table.remark)


def measurement_page(table: Measurements) -> str:
    """The same in Markdown."""
    page = f"## {table.title}\n\n{markdown_table(*cells(table))}"
    return f"{page}\n\n**{table.remark}**" if table.remark else page


def _score_table(test: str, rows: list[tuple[str, Scored]]) -> Table:
    """One line per model: precision, recall and F1 over all types, then the three for each type."""
    title = f"\n{test}, in %; each type as precision/recall/F1"
    table = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False)
    table.add_column("model", no_wrap=True)
    for column in ("precision", "recall", "F1", *(row.type for row in rows[0][1].rows[1:])):
        table.add_column(column, justify="right", no_wrap=True)
    for model, scored in rows:
        overall, *types = scored.rows
        figures = [f"{100 * part:.1f}" for part in (overall.precision, overall.recall, overall.f1)]
        each = ["/".join(f"{100 * part:.0f}" for part in (of.precision, of.recall, of.f1)) for of in types]
        table.add_row(model, *figures, *each)
    return table


def _score_page(test: str, rows: list[tuple[str, Scored]]) -> str:
    """Scores by model, over all types and of each, with bars: Figure 4 of CoLaDa as far as text can draw it."""
    table = []
    for model, scored in rows:
        overall, *types = scored.rows
        figures = [f"{100 * part:.1f}" for part in (overall.precision, overall.recall, overall.f1)]
        bar = "█" * round(_BAR_WIDTH * overall.f1)
        table.append([model, *figures, *(f"{100 * of.f1:.1f}" for of in types), bar])
    names = [row.type for row in rows[0][1].rows[1:]]
    header = ["model", "precision", "recall", "F1", *(f"F1 {name}" for name in names), " "]
    return f"## {test}\n\n" + markdown_table(header, table)


def _place(store: Store, reference: Reference) -> str:
    try:
        return str(store.folder(reference))
    except StoreError:
        return f"{reference} (its files are gone)"
