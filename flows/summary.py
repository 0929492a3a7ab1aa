"""How a run ends: a table of scores, the place of the student, what was cached; the same in the Prefect UI."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from prefect.artifacts import create_markdown_artifact
from rich.console import Console
from rich.table import Table

from artifacts.reference import Reference
from artifacts.runtime import Run

_BAR_WIDTH = 40


@dataclass(frozen=True)
class Model:
    """A model of a run, and its scores by test set."""

    name: str
    reference: Reference
    scores: dict[str, Reference] = field(default_factory=dict)


def finish(run: Run, student: Reference, models: Sequence[Model]) -> None:
    """Prints the result of a run, and shows it in the Prefect UI."""
    tables = {name: _scores(run, models, name) for name in dict.fromkeys(n for m in models for n in m.scores)}
    console = Console(soft_wrap=True)
    for name, rows in tables.items():
        console.print(_rich_table(name, rows))
    ran = [outcome for outcome in run.outcomes if outcome.status == "ran"]
    console.print(f"student   {run.store.folder(student)}")
    console.print(f"artifact  {student}")
    seconds = sum(outcome.seconds for outcome in ran)
    console.print(f"steps     {len(run.outcomes) - len(ran)} cached, {len(ran)} ran in {seconds:.0f} s")
    lines = [_markdown(name, rows) for name, rows in tables.items()]
    lines.append(f"Student: `{student}`, in `{run.store.folder(student)}`")
    create_markdown_artifact(markdown="\n\n".join(lines), key="summary", description="Scores of the run")


def _scores(run: Run, models: Sequence[Model], test: str) -> list[tuple[str, list[dict[str, float]]]]:
    return [(m.name, run.store.table(m.scores[test]).to_pylist()) for m in models if test in m.scores]


def _rich_table(name: str, rows: list[tuple[str, list[dict[str, float]]]]) -> Table:
    types = [str(row["type"]) for row in rows[0][1]]
    table = Table(
        "model", title=f"{name}: precision / recall / F1, in %", title_justify="left", box=None, pad_edge=False
    )
    for kind in types:
        table.add_column(kind, justify="right")
    for model, scores in rows:
        table.add_row(model, *(_cell(score) for score in scores))
    return table


def _cell(score: dict[str, float]) -> str:
    return " ".join(f"{100 * score[part]:5.1f}" for part in ("precision", "recall", "f1"))


def _markdown(name: str, rows: list[tuple[str, list[dict[str, float]]]]) -> str:
    """F1 by model as a table with bars: Figure 4 of CoLaDa as far as text can draw it."""
    lines = [f"## {name}", "", "| model | precision | recall | F1 | |", "| --- | ---: | ---: | ---: | --- |"]
    for model, scores in rows:
        overall = scores[0]
        bar = "█" * round(_BAR_WIDTH * overall["f1"])
        figures = " | ".join(f"{100 * overall[part]:.1f}" for part in ("precision", "recall", "f1"))
        lines.append(f"| {model} | {figures} | {bar} |")
    return "\n".join(lines)
