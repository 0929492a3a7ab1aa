"""How a run ends: a table of scores, the place of the student, what was cached; the same in the Prefect UI."""

import base64
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from prefect.artifacts import create_markdown_artifact
from rich.console import Console
from rich.table import Table

from artifacts.reference import Reference
from artifacts.report import markdown_table, report_steps
from artifacts.runtime import Run, Runtime, running
from artifacts.settings import Settings
from artifacts.store import Store

Config = TypeVar("Config", bound=Settings)
_BAR_WIDTH = 20
_WIDTH = 120
_NAME_WIDTH = 44
_DETECTION = "wrong pseudo-labels found by reliability, area under the ROC curve in %; each label by λ"


@dataclass(frozen=True)
class Model:
    """A model of a run, and its scores by test set."""

    name: str
    reference: Reference
    scores: dict[str, Reference] = field(default_factory=dict)


@dataclass(frozen=True)
class Listing:
    """A table of measurements: a line for each artifact, whose cells are read from the store at the end."""

    title: str
    header: tuple[str, ...]
    rows: dict[str, Reference]
    cells: Callable[[Store, Reference], list[str]]

    def lines(self, store: Store) -> list[list[str]]:
        """The name and the cells of each line."""
        return [[name, *self.cells(store, reference)] for name, reference in self.rows.items()]


@dataclass(frozen=True)
class Result:
    """What a method gives: the student, the models on the way (the student's scores last), and the evidence.

    detections are tables of how well reliability finds wrong pseudo-labels, by the name of what was judged; listings
    are tables of other measurements.
    """

    student: Reference
    models: list[Model]
    figures: Reference | None = None
    detections: dict[str, Reference] = field(default_factory=dict)
    listings: tuple[Listing, ...] = ()

    @property
    def scores(self) -> dict[str, Reference]:
        """The student's scores by test set."""
        return self.models[-1].scores


def carry_out(
    config: Config,
    runtime: Runtime | None,
    check: Callable[[Config, Runtime], Any],
    steps: Callable[[Config, Runtime], Result],
) -> Reference:
    """The body of every method's flow: checks what the user gave, runs the steps, shows the result.

    Returns:
        The student.
    """
    chosen = runtime or Runtime()
    check(config, chosen)
    with running(chosen) as run:
        result = steps(config, chosen)
        finish(run, result)
    return result.student


def finish(run: Run, result: Result) -> None:
    """Prints the result of a run, and shows it in the Prefect UI."""
    models = result.models
    tables = {name: _scores(run, models, name) for name in dict.fromkeys(n for m in models for n in m.scores)}
    console = wide_console()
    for name, rows in tables.items():
        console.print(_rich_table(name, rows))
    if result.detections:
        console.print(detection_table(run.store, result.detections))
    for listing in result.listings:
        console.print(plain_table(listing.title, listing.header, listing.lines(run.store)))
    ran = [outcome for outcome in run.outcomes if outcome.status == "ran"]
    console.print(f"\nstudent   {run.store.folder(result.student)}")
    console.print(f"artifact  {result.student}")
    if result.figures is not None:
        console.print(f"figures   {run.store.folder(result.figures)}")
    seconds = sum(outcome.seconds for outcome in ran)
    steps = f"{len(run.outcomes) - len(ran)} cached, {len(ran)} ran in {seconds:.0f} s"
    console.print(f"steps     {steps}")
    lines = [_markdown(name, rows) for name, rows in tables.items()]
    if result.detections:
        lines.append(f"## {_DETECTION}\n\n" + markdown_table(*detection_cells(run.store, result.detections)))
    for listing in result.listings:
        lines.append(f"## {listing.title}\n\n" + markdown_table(listing.header, listing.lines(run.store)))
    lines.append(f"Student: `{result.student}`, in `{run.store.folder(result.student)}`")
    if result.figures is not None:
        lines.append(f"Figures: `{result.figures}`, in `{run.store.folder(result.figures)}`")
    lines.append(f"Steps: {steps}; each of them, and what it made, on the page `steps`")
    create_markdown_artifact(markdown="\n\n".join(lines), key="summary", description="Scores of the run")
    report_steps(run.store, run.outcomes)
    if result.figures is not None:
        show_pictures(run.store, result.figures)


def show_pictures(store: Store, figures: Reference) -> None:
    """Shows the pictures on one page of the Prefect UI; they are part of the page, so no file server is needed."""
    page = []
    for name, what in store.metadata(figures)["figures"].items():
        picture = base64.b64encode(store.file(figures, f"{name}.png")).decode("ascii")
        page.append(f"## {what}\n\n![{name}](data:image/png;base64,{picture})")
    create_markdown_artifact(markdown="\n\n".join(page), key="pictures", description=f"Pictures of {figures}")


def wide_console() -> Console:
    """A console whose tables keep their columns: a narrow terminal may break lines, but cut nothing off."""
    return Console(soft_wrap=True, highlight=False, width=max(Console().width, _WIDTH))


def detection_table(store: Store, detections: Mapping[str, Reference]) -> Table:
    """Areas under the ROC curve as a table for the terminal."""
    return plain_table(_DETECTION, *detection_cells(store, detections))


def plain_table(title: str, header: Sequence[str], rows: Sequence[Sequence[str]]) -> Table:
    """A table for the terminal: names at the left, numbers at the right."""
    table = Table(title=f"\n{title}", title_justify="left", title_style="bold", box=None, pad_edge=False)
    table.add_column(header[0], max_width=_NAME_WIDTH)
    for column in header[1:]:
        table.add_column(column, justify="right", no_wrap=True)
    for row in rows:
        table.add_row(*row)
    return table


def detection_cells(store: Store, detections: Mapping[str, Reference]) -> tuple[list[str], list[list[str]]]:
    """Header and rows: wrong labels, areas in % of lambda, w and probability over all words, of lambda by label."""
    tables = {name: store.table(reference).to_pylist() for name, reference in detections.items()}
    labels = list(dict.fromkeys(str(row["label"]) for table in tables.values() for row in table[1:]))
    rows = []
    for name, (overall, *each) in tables.items():
        of = {row["label"]: row["auc_agreement"] for row in each}
        areas = [overall[f"auc_{sign}"] for sign in ("agreement", "weight", "probability")]
        cells = [_percent(area) for area in (*areas, *(of.get(label) for label in labels))]
        rows.append([name, f"{overall['wrong']:,}", *cells])
    return ["pseudo-labels", "wrong", "λ", "w", "probability", *labels], rows


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.1f}"


def _scores(run: Run, models: Sequence[Model], test: str) -> list[tuple[str, list[dict[str, float]]]]:
    return [(m.name, run.store.table(m.scores[test]).to_pylist()) for m in models if test in m.scores]


def _rich_table(name: str, rows: list[tuple[str, list[dict[str, float]]]]) -> Table:
    """One line per model: precision, recall and F1 over all types, then the three for each type."""
    title = f"\n{name}, in %; each type as precision/recall/F1"
    table = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False)
    table.add_column("model", no_wrap=True)
    for column in ("precision", "recall", "F1", *(str(row["type"]) for row in rows[0][1][1:])):
        table.add_column(column, justify="right", no_wrap=True)
    for model, (overall, *types) in rows:
        figures = [f"{100 * overall[part]:.1f}" for part in ("precision", "recall", "f1")]
        cells = ["/".join(f"{100 * score[part]:.0f}" for part in ("precision", "recall", "f1")) for score in types]
        table.add_row(model, *figures, *cells)
    return table


def _markdown(name: str, rows: list[tuple[str, list[dict[str, float]]]]) -> str:
    """Scores by model, over all types and of each, with bars: Figure 4 of CoLaDa as far as text can draw it."""
    types = [str(row["type"]) for row in rows[0][1][1:]]
    table = []
    for model, (overall, *each) in rows:
        figures = [f"{100 * overall[part]:.1f}" for part in ("precision", "recall", "f1")]
        table.append(
            [model, *figures, *(f"{100 * row['f1']:.1f}" for row in each), "█" * round(_BAR_WIDTH * overall["f1"])]
        )
    header = ["model", "precision", "recall", "F1", *(f"F1 {name}" for name in types), " "]
    return f"## {name}\n\n" + markdown_table(header, table)
