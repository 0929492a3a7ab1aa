"""Runs as they are kept in the store: one record each, from which everything about a run can be shown.

<root>/run/<id>/run.json   the record; written as the run goes on, replaced whole each time, completed at its end

A run is no artifact of a step: it has no cache key, no digest and no manifest. It is there whole at each moment, which
is what contract 3 asks of an artifact. While it goes on, its process holds a lock; a record that says `running` while
nobody holds its lock is that of a run that was killed.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from artifacts.errors import InputError, StoreError
from artifacts.reference import Reference
from artifacts.store import Store, run_lock

RUN_KIND = "run"

Cell = int | float | str | None
Form = Literal["text", "count", "percent", "one decimal", "two decimals"]
Standing = Literal["running", "killed", "stopped", "failed", "done"]


class _Part(BaseModel):
    # What a newer Crosstag adds to a record is no reason not to read the rest.
    model_config = ConfigDict(extra="ignore", frozen=True)


class Caller(_Part):
    """Who started a run.

    by: command line; deployment (somebody pressed Run); schedule; python (a notebook, a script).
    """

    by: Literal["command line", "deployment", "schedule", "python"]
    command: tuple[str, ...] = ()
    deployment: str = ""
    flow_run: str = ""
    flow_run_name: str = ""


class Machine(_Part):
    """Where a run computed; `versions` are those of a manifest's environment."""

    host: str
    platform: str
    processors: int
    device: str
    versions: dict[str, str]


class StepTaken(_Part):
    """One step of a run, and what it gave; peaks are of this process, and None for a cached step."""

    step: str
    stage: str
    reference: Reference
    status: Literal["cached", "ran"]
    seconds: float
    peak_memory_bytes: int | None = None
    peak_gpu_memory_bytes: int | None = None


class StepUnderWay(_Part):
    """The step that a run is at, or was at when it ended badly."""

    step: str
    stage: str
    artifact: str
    since: datetime


class Score(_Part):
    """One row of `SCORES`: the first of a table is over all types."""

    type: str
    precision: float
    recall: float
    f1: float
    gold: int
    predicted: int
    correct: int


class Scored(_Part):
    """Scores on one test set."""

    reference: Reference
    rows: tuple[Score, ...]

    @property
    def overall(self) -> Score:
        """Over all types."""
        return self.rows[0]


class ScoredModel(_Part):
    """A model of a run by its name in the method, such as M_tgt^3, and its scores by test set."""

    name: str
    reference: Reference
    scores: dict[str, Scored] = {}


class Column(_Part):
    """A column of measurements. percent: the value is a share, and is shown times 100."""

    name: str
    form: Form


class Line(_Part):
    """A row of measurements: what was measured, and the values."""

    name: str
    reference: Reference
    cells: tuple[Cell, ...]


class Measurements(_Part):
    """A table of measurements beside the scores; the first column holds the names of the lines.

    remark  a sentence below it, such as a warning; mostly empty
    """

    title: str
    first: str
    columns: tuple[Column, ...]
    lines: tuple[Line, ...]
    remark: str = ""


class RunError(_Part):
    """What ended a run."""

    type: str
    message: str


class RunRecord(_Part):
    """Everything about one run of a method.

    id             names it; a unique beginning is enough on the command line
    method         colada, unitrans, ...
    name           of the configuration: its file's, or the deployment's; empty if nobody said
    configuration  every setting, with defaults
    runtime        settings of the machine, but for the place of the store
    revision       commit of the sources, `+` behind it if they were changed; None where there is no repository
    started, ended in UTC; ended is None while it runs, and of a killed run
    state          as the run itself wrote it: a killed one still says running (`standing` tells)
    under_way      the steps it is at; kept where it ended badly
    models         in the order in which they were scored; at the end the student's last
    measurements   tables beside the scores
    word_student   a tagger of words beside a student that is none, for pipelines of transformers
    """

    id: str
    method: str
    name: str
    configuration: dict[str, Any]
    runtime: dict[str, Any]
    caller: Caller
    revision: str | None
    machine: Machine
    started: datetime
    ended: datetime | None = None
    state: Literal["running", "stopped", "failed", "done"] = "running"
    error: RunError | None = None
    under_way: tuple[StepUnderWay, ...] = ()
    steps: tuple[StepTaken, ...] = ()
    models: tuple[ScoredModel, ...] = ()
    measurements: tuple[Measurements, ...] = ()
    student: Reference | None = None
    word_student: Reference | None = None
    figures: Reference | None = None

    @property
    def ran(self) -> tuple[StepTaken, ...]:
        """The steps that were computed, not taken from the store."""
        return tuple(step for step in self.steps if step.status == "ran")

    @property
    def seconds(self) -> float:
        """From start to end, or until now."""
        return ((self.ended or datetime.now(UTC)) - self.started).total_seconds()

    @property
    def last_seen(self) -> datetime:
        """When it ended; of a run that did not say so, when it began what it was last known to do."""
        return self.ended or max([self.started, *(step.since for step in self.under_way)])

    @property
    def references(self) -> Iterator[Reference]:
        """All artifacts that the run names."""
        yield from (step.reference for step in self.steps)
        for model in self.models:
            yield model.reference
            yield from (scored.reference for scored in model.scores.values())
        yield from (line.reference for table in self.measurements for line in table.lines)
        yield from (each for each in (self.student, self.word_student, self.figures) if each is not None)

    def __str__(self) -> str:
        return f"{RUN_KIND}/{self.id}"


def save_run(store: Store, record: RunRecord) -> None:
    """Writes a record in the place of the one before."""
    store.write_run(record.id, record.model_dump_json())


def read_run(store: Store, identity: str) -> RunRecord:
    """The record of a run.

    Raises:
        StoreError: if it is gone, or cannot be read.
    """
    try:
        return RunRecord.model_validate_json(store.read_run(identity))
    except (OSError, ValidationError) as error:
        reason = error.errors()[0]["msg"] if isinstance(error, ValidationError) else str(error)
        raise StoreError(
            f"run {identity}: its record in {store} cannot be read ({reason}); delete the folder "
            f"{store.where(RUN_KIND, identity)} to forget the run"
        ) from error


def all_runs(store: Store) -> list[RunRecord]:
    """All runs, the newest last.

    Raises:
        StoreError: if a record cannot be read; what it refers to would be taken for unused.
    """
    try:
        runs = [RunRecord.model_validate_json(text) for text in store.read_runs()]
    except (OSError, ValidationError):
        runs = [read_run(store, identity) for identity in store.run_ids()]  # It names the one.
    return sorted(runs, key=lambda run: (run.started, run.id))


def find_run(store: Store, text: str) -> RunRecord:
    """The run that a beginning of its id names, with or without `run/`; `last` is the newest.

    Raises:
        InputError: if none or several fit.
    """
    runs = all_runs(store)
    start = text.removeprefix(f"{RUN_KIND}/")
    hits = runs[-1:] if start == "last" else [run for run in runs if start and run.id.startswith(start)]
    if len(hits) != 1:
        names = ", ".join(run.id[:10] for run in hits[:4])
        found = f"{len(hits)} runs ({names})" if hits else "no run"
        raise InputError(f"store {store}: {found} fits {text!r}; `crosstag runs ls` lists them")
    return hits[0]


def standing(store: Store, record: RunRecord) -> Standing:
    """What became of a run; `killed` if its record says running and no process holds its lock."""
    if record.state != "running":
        return record.state
    if store.locks.is_locked(run_lock(record.id)):
        return "running"
    now = read_run(store, record.id)  # It may have ended between the two looks.
    return "killed" if now.state == "running" else now.state
