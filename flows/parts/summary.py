"""How a run ends: its record is completed, and shown in the terminal and in the Prefect UI."""

import base64
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

from prefect import get_run_logger
from prefect.artifacts import create_markdown_artifact

from artifacts.errors import StoreError
from artifacts.recorder import Recorder, recorded
from artifacts.reference import Reference
from artifacts.report import report_steps, ui_may_be_away
from artifacts.runs import Cell, Column, Form, Line, Measurements, RunRecord
from artifacts.runtime import Run, Runtime
from artifacts.settings import Settings
from artifacts.stopping import STOPS, what_stopped
from artifacts.store import Store
from flows.parts.plain_errors import tell_plainly
from flows.parts.report import write_report
from flows.parts.run_tables import print_result, result_page
from tasks.corpus.once import reading_once
from tasks.evaluation.outcomes import CATEGORIES, SEEN

Config = TypeVar("Config", bound=Settings)
_OUTCOMES = "entities by what became of them; recall in %, by how the source's training set has the name"
_DETECTION = "wrong pseudo-labels found by reliability, area under the ROC curve in %; each label by λ"


@dataclass(frozen=True)
class Model:
    """A model of a run, its scores by test set, and the labels that they are of, where it was asked for some."""

    name: str
    reference: Reference
    scores: dict[str, Reference] = field(default_factory=dict)
    predictions: dict[str, Reference] = field(default_factory=dict)


@dataclass(frozen=True)
class Listing:
    """A table of measurements: a line for each artifact, whose values are read from the store at the end.

    columns are those after the first, and the form of their values; `cells` gives the values of a line, and `remark`
    what is to be said of all of them, if anything.
    """

    title: str
    first: str
    columns: Mapping[str, Form]
    rows: dict[str, Reference]
    cells: Callable[[Store, Reference], list[Cell]]
    remark: Callable[[Sequence[Line]], str] = lambda lines: ""

    def measured(self, store: Store) -> Measurements:
        """The table with its values."""
        lines = [
            Line(name=name, reference=reference, cells=tuple(self.cells(store, reference)))
            for name, reference in self.rows.items()
        ]
        columns = tuple(Column(name=name, form=form) for name, form in self.columns.items())
        remark = self.remark(lines)
        return Measurements(title=self.title, first=self.first, columns=columns, lines=tuple(lines), remark=remark)


@dataclass(frozen=True)
class Result:
    """What a method gives: the student, the models on the way (the student's scores last), and the evidence.

    word_student is a tagger of words that learnt from a student which is none, for pipelines of transformers;
    detections are tables of how well reliability finds wrong pseudo-labels, by the name of what was judged; outcomes
    what became of every entity, by model and test set; listings are tables of other measurements.
    """

    student: Reference
    models: list[Model]
    figures: Reference | None = None
    detections: dict[str, Reference] = field(default_factory=dict)
    outcomes: dict[str, Reference] = field(default_factory=dict)
    listings: tuple[Listing, ...] = ()
    word_student: Reference | None = None

    @property
    def scores(self) -> dict[str, Reference]:
        """The student's scores by test set."""
        return self.models[-1].scores


def carry_out(
    method: str,
    config: Config,
    runtime: Runtime | None,
    check: Callable[[Config, Runtime], Any],
    steps: Callable[[Config, Runtime], Result],
) -> Reference:
    """The body of every method's flow: checks what the user gave, runs the steps, shows the result; all on record.

    Returns:
        The student.
    """
    from flows.parts.number_formats import format_chosen, in_formats_of  # It loads torch.

    chosen = runtime or Runtime()
    tell_plainly()
    with reading_once(), recorded(chosen, method, config.model_dump(mode="json")) as run:
        check(config, chosen)
        with stop_logged(run):
            suited = in_formats_of(config, chosen)
            if suited is not config:
                get_run_logger().info("bf16_or_float32 is %s here", format_chosen(chosen))
            result = steps(suited, chosen)
        show(run, complete(run, result))
    return result.student


@contextmanager
def stop_logged(run: Run) -> Iterator[None]:
    """Says in the log of a run that is stopped how to go on with it; the command line says so itself."""
    try:
        yield
    except STOPS as stop:
        if run.recorder is not None and run.recorder.record.caller.by != "command line":
            told = what_stopped(stop) or "finished steps and checkpoints are kept"
            get_run_logger().warning("stopped. Run it again with the same settings: %s", told)
        raise


def complete(run: Run, result: Result) -> RunRecord:
    """Puts what a method gave into the record of its run, and writes the report beside it."""
    recorder: Recorder | None = run.recorder
    if recorder is None:
        raise RuntimeError("a run that is not on record cannot be completed; open it with `recorded`")
    tables = [listing.measured(run.store) for listing in result.listings]
    if result.outcomes:
        tables.append(outcome_table(run.store, result.outcomes))
    if result.detections:
        tables.insert(0, detection_table(run.store, result.detections))
    models = [(model.name, model.reference, model.scores) for model in result.models]
    record = recorder.completed(result.student, result.figures, models, tables, result.word_student)
    try:
        write_report(run.store, record)
    except (StoreError, OSError) as error:  # The student is there; a report is no reason to call the run failed.
        get_run_logger().warning("the run is done, but its report could not be written: %s", error)
    return record


def show(run: Run, record: RunRecord) -> None:
    """Prints the result of a run, and shows it in the Prefect UI."""
    print_result(run.store, record)
    with ui_may_be_away("the run"):
        create_markdown_artifact(
            markdown=result_page(run.store, record), key="summary", description="Scores of the run"
        )
        report_steps(run.store, record.steps)
        if record.figures is not None:
            show_pictures(run.store, record.figures)


def show_pictures(store: Store, figures: Reference) -> None:
    """Shows the pictures on one page of the Prefect UI; they are part of the page, so no file server is needed."""
    page = []
    for name, what in store.metadata(figures)["figures"].items():
        picture = base64.b64encode(store.file(figures, f"{name}.png")).decode("ascii")
        page.append(f"## {what}\n\n![{name}](data:image/png;base64,{picture})")
    create_markdown_artifact(markdown="\n\n".join(page), key="pictures", description=f"Pictures of {figures}")


def detection_table(store: Store, detections: Mapping[str, Reference]) -> Measurements:
    """Wrong labels, and areas under the ROC curve of lambda, w and probability over all words, of lambda by label."""
    tables = {name: store.table(reference).to_pylist() for name, reference in detections.items()}
    labels = list(dict.fromkeys(str(row["label"]) for table in tables.values() for row in table[1:]))
    lines = []
    for name, (overall, *each) in tables.items():
        of = {row["label"]: row["auc_agreement"] for row in each}
        areas = [overall[f"auc_{sign}"] for sign in ("agreement", "weight", "probability")]
        cells = (overall["wrong"], *areas, *(of.get(label) for label in labels))
        lines.append(Line(name=name, reference=detections[name], cells=cells))
    columns = [Column(name="wrong", form="count")]
    columns += [Column(name=name, form="percent") for name in ("λ", "w", "probability", *labels)]
    return Measurements(title=_DETECTION, first="pseudo-labels", columns=tuple(columns), lines=tuple(lines))


def outcome_table(store: Store, outcomes: Mapping[str, Reference]) -> Measurements:
    """How many entities were found and how others went wrong, and recall by whether the source has the name."""
    lines = []
    for name, reference in outcomes.items():
        about = store.metadata(reference)
        recalls = [_recall(about["seen"][seen]) for seen in SEEN]
        cells = (*(about["categories"][category] for category in CATEGORIES), *recalls)
        lines.append(Line(name=name, reference=reference, cells=cells))
    columns = [Column(name=name, form="count") for name in CATEGORIES]
    columns += [Column(name=name, form="percent") for name in ("seen", "as other type", "unseen")]
    return Measurements(title=_OUTCOMES, first="model", columns=tuple(columns), lines=tuple(lines))


def _recall(counts: Mapping[str, int]) -> float | None:
    """Of gold entities; None without one."""
    return counts["right"] / counts["gold"] if counts["gold"] else None
