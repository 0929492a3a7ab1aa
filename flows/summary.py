"""How a run ends: a table of scores, the place of the student, what was cached; the same in the Prefect UI."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from prefect.artifacts import create_markdown_artifact
from rich.console import Console
from rich.table import Table

from artifacts.reference import Reference
from artifacts.runtime import Run

_BAR_WIDTH = 40
_WIDTH = 120


@dataclass(frozen=True)
class Model:
    """A model of a run, and its scores by test set."""

    name: str
    reference: Reference
    scores: dict[str, Reference] = field(default_factory=dict)


def finish(run: Run, student: Reference, models: Sequence[Model]) -> None:
    """Prints the result of a run, and shows it in the Prefect UI."""
    tables = {name: _scores(run, models, name) for name in dict.fromkeys(n for m in models for n in m.scores)}
    # A narrow terminal may break lines; columns must not be cut off.
    console = Console(soft_wrap=True, highlight=False, width=max(Console().width, _WIDTH))
    for name, rows in tables.items():
        console.print(_rich_table(name, rows))
    ran = [outcome for outcome in run.outcomes if outcome.status == "ran"]
    console.print(f"\nstudent   {run.store.folder(student)}")
    console.print(f"artifact  {student}")
    seconds = sum(outcome.seconds for outcome in ran)
    console.print(f"steps     {len(run.outcomes) - len(ran)} cached, {len(ran)} ran in {seconds:.0f} s")
    lines = [_markdown(name, rows) for name, rows in tables.items()]
    lines.append(f"Student: `{student}`, in `{run.store.folder(student)}`")
    create_markdown_artifact(markdown="\n\n".join(lines), key="summary", description="Scores of the run")


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
    """F1 by model as a table with bars: Figure 4 of CoLaDa as far as text can draw it."""
    lines = [f"## {name}", "", "| model | precision | recall | F1 | |", "| --- | ---: | ---: | ---: | --- |"]
    for model, scores in rows:
        overall = scores[0]
        bar = "█" * round(_BAR_WIDTH * overall["f1"])
        figures = " | ".join(f"{100 * overall[part]:.1f}" for part in ("precision", "recall", "f1"))
        lines.append(f"| {model} | {figures} | {bar} |")
    return "\n".join(lines)
