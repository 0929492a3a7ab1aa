"""Keeps the record of a run while it goes on."""

import os
import platform
import sys
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

from prefect.context import FlowRunContext

from artifacts.environment import environment
from artifacts.errors import StoreError
from artifacts.reference import Reference
from artifacts.revision import revision
from artifacts.runs import (
    Caller,
    Machine,
    Measurements,
    RunError,
    RunRecord,
    Score,
    Scored,
    ScoredModel,
    StepTaken,
    StepUnderWay,
    save_run,
)
from artifacts.runtime import Run, Runtime, running
from artifacts.stopping import what_stopped
from artifacts.store import run_lock
from artifacts.waiting import tell_waiting

_SAVE_EVERY_SECONDS = 1.0
_ID_LENGTH = 20
_NAME: ContextVar[str] = ContextVar("crosstag_configuration", default="")
_COMMAND: ContextVar[tuple[str, tuple[str, ...]] | None] = ContextVar("crosstag_command", default=None)


@contextmanager
def from_command_line(configuration: str) -> Iterator[None]:
    """Runs that start inside are recorded as the command line's, with a configuration of this name."""
    token = _COMMAND.set((configuration, ("crosstag", *sys.argv[1:])))
    try:
        yield
    finally:
        _COMMAND.reset(token)


@contextmanager
def named(configuration: str) -> Iterator[None]:
    """Runs that start inside are recorded with a configuration of this name, whoever started them."""
    token = _NAME.set(configuration)
    try:
        yield
    finally:
        _NAME.reset(token)


@contextmanager
def recorded(runtime: Runtime, method: str, configuration: Mapping[str, Any], name: str = "") -> Iterator[Run]:
    """As `running`, and the run is on record from its first moment, whatever becomes of it.

    Args:
        runtime: where it computes.
        method: its name.
        configuration: all settings, as JSON.
        name: of the configuration; empty: as its caller says.
    """
    with running(runtime) as run:
        recorder = Recorder(run, method, configuration, name)
        with recorder.recording():
            yield run


class Recorder:
    """The record of one run, and when it is written.

    It is written before a step computes, so that whoever looks sees what a run is at and what it uses; between cached
    steps, which take milliseconds, once a second; and at the end.
    """

    def __init__(self, run: Run, method: str, configuration: Mapping[str, Any], name: str = "") -> None:
        self.run = run
        of_command, caller = _caller()
        self.record = RunRecord(
            id=uuid.uuid4().hex[:_ID_LENGTH],
            method=method,
            name=name or _NAME.get() or of_command,
            configuration=dict(configuration),
            runtime=run.runtime.model_dump(mode="json", exclude={"store"}),
            caller=caller,
            revision=revision(),
            machine=_machine(run.runtime),
            started=datetime.now(UTC),
        )
        self._saved = 0.0
        self._models: dict[tuple[str, Reference], ScoredModel] = {}

    @contextmanager
    def recording(self) -> Iterator[None]:
        """Holds the run's lock, and says at the end how it went."""
        lock, holder = run_lock(self.record.id), f"run-{self.record.id}"
        self.run.store.create()
        self.run.store.locks.acquire_lock(lock, holder)
        self.run.recorder = self
        self.run.store.locks.on_wait = tell_waiting(self.run.store, self.record.id)
        try:
            self._save()
            yield
        except BaseException as error:
            state = "failed" if isinstance(error, Exception) else "stopped"
            told = str(error) or what_stopped(error)
            why = RunError(type=type(error).__name__, message=told)
            with suppress(OSError, StoreError):  # Such as a full disk: what went wrong first is to be told.
                self._update(state=state, error=why, ended=datetime.now(UTC))
                self._save()
            raise
        else:
            self._update(state="done", ended=datetime.now(UTC))
            self._save()
        finally:
            self.run.recorder = None
            self.run.store.locks.on_wait = None
            self.run.store.locks.release_lock(lock, holder)

    @contextmanager
    def taking(self, steps: Sequence[tuple[str, str, str]], *, computes: bool) -> Iterator[None]:
        """What is inside takes steps, one or several side by side; they stay under way if it fails.

        Args:
            steps: of each its name, its stage, and the artifact it makes as kind/key.
            computes: whether they are not in the store.
        """
        now = datetime.now(UTC)
        began = [StepUnderWay(step=step, stage=stage, artifact=made, since=now) for step, stage, made in steps]
        self._update(under_way=tuple(began))
        if computes or time.monotonic() - self._saved > _SAVE_EVERY_SECONDS:
            self._save()
        yield
        self._update(under_way=())

    def scored(self, name: str, reference: Reference, scores: Mapping[str, Reference]) -> None:
        """A model has its scores; by test set."""
        self._update(models=(*self.record.models, self._model(name, reference, scores)))

    def completed(
        self,
        student: Reference | None,
        figures: Reference | None,
        models: Sequence[tuple[str, Reference, Mapping[str, Reference]]],
        measurements: Sequence[Measurements],
        word_student: Reference | None = None,
    ) -> RunRecord:
        """The method is through: what it gave, its models in their final order."""
        self._update(
            student=student,
            word_student=word_student,
            figures=figures,
            models=tuple(self._model(*model) for model in models),
            measurements=tuple(measurements),
            steps=self._steps(),
        )
        return self.record

    def _model(self, name: str, reference: Reference, scores: Mapping[str, Reference]) -> ScoredModel:
        if (name, reference) not in self._models:
            tables = {test: self.run.store.table(scored).to_pylist() for test, scored in scores.items()}
            by_test = {
                test: Scored(reference=scores[test], rows=tuple(Score(**row) for row in rows))
                for test, rows in tables.items()
            }
            self._models[name, reference] = ScoredModel(name=name, reference=reference, scores=by_test)
        return self._models[name, reference]

    def _update(self, **changed: Any) -> None:
        self.record = self.record.model_copy(update=changed)

    def _steps(self) -> tuple[StepTaken, ...]:
        return tuple(
            StepTaken(
                step=outcome.step,
                stage=outcome.label,
                reference=outcome.reference,
                status="ran" if outcome.status == "ran" else "cached",
                seconds=round(outcome.seconds, 3),
                peak_memory_bytes=outcome.peak.resident,
                peak_gpu_memory_bytes=outcome.peak.gpu,
            )
            for outcome in self.run.outcomes
        )

    def _save(self) -> None:
        self._update(steps=self._steps())
        save_run(self.run.store, self.record)
        self._saved = time.monotonic()


def _caller() -> tuple[str, Caller]:
    """The name of the configuration, and who runs it."""
    command, context = _COMMAND.get(), FlowRunContext.get()
    flow_run = context.flow_run if context is not None else None
    told = {"flow_run": str(flow_run.id), "flow_run_name": flow_run.name} if flow_run is not None else {}
    if flow_run is not None and flow_run.deployment_id is not None:
        from prefect.runtime import deployment

        created_by = flow_run.created_by.type if flow_run.created_by is not None else None
        scheduled = flow_run.auto_scheduled or created_by == "SCHEDULE"
        name = deployment.name or ""
        return name, Caller(by="schedule" if scheduled else "deployment", deployment=name, **told)
    if command is not None:
        return command[0], Caller(by="command line", command=command[1], **told)
    return "", Caller(by="python", **told)


def _machine(runtime: Runtime) -> Machine:
    device = runtime.resolved_device()
    if device == "cuda":
        import torch

        device = f"cuda, {torch.cuda.get_device_name()}"
    return Machine(
        host=platform.node(),
        platform=platform.platform(),
        processors=len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1,
        device=device,
        versions=environment(),
    )
