"""Where and how a run computes. Nothing here changes a result, so nothing here is in a cache key.

Number formats are settings of a method, since they do. Two devices, batch sizes or numbers of threads may differ in how
they round the last digits of one format, as two versions of a library do; manifests record device and environment.
"""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from artifacts.code.fingerprint import Definition
from artifacts.errors import InputError
from artifacts.estimate import Estimates, Expected
from artifacts.free_cores import FreeCores
from artifacts.manifest import Recipe
from artifacts.memory import Peak
from artifacts.reference import Reference
from artifacts.settings import Settings
from artifacts.store import Store

if TYPE_CHECKING:
    from artifacts.recorder import Recorder

STORE_VARIABLE = "CROSSTAG_STORE"


def default_store() -> str:
    """The store that is used when none is named: $CROSSTAG_STORE, a folder or a URL, or the folder `store`."""
    return os.environ.get(STORE_VARIABLE, "store")


class Runtime(Settings):
    """Settings of the machine that runs a flow."""

    store: str = Field(
        default_factory=default_store,
        title="Store",
        description="Folder of the artifacts, on the machine of the worker; or the URL of a place in an object store "
        "that several machines share, such as s3://bucket/prefix.",
    )
    data: str = Field(
        ".", title="Data folder", description="Folder that relative paths in the configuration start from."
    )
    device: Literal["auto", "cpu", "cuda"] = Field(
        "auto", title="Device", description="Where models compute; auto takes a CUDA GPU if there is one."
    )
    inference_subwords: int | None = Field(
        None,
        ge=64,
        title="Inference batch",
        description="Padded sub-words per batch where a model only predicts; empty: 2,048 on a CPU, 16,384 on a GPU. "
        "It moves the last bits of a float32 probability.",
    )

    checkpoint_minutes: float = Field(
        5.0,
        ge=0,
        title="Checkpoint interval",
        description="Minutes between checkpoints, from which a killed training goes on; 0 = after every update.",
    )

    threads: int | None = Field(
        None,
        ge=1,
        le=1024,
        title="Threads",
        description="CPU threads of a training and of all else that computes, in each process; empty: OMP_NUM_THREADS, "
        "or as many as there are cores that no other process keeps busy. On a CPU the last bits of a result depend on "
        "it; manifests record it.",
    )

    workers: int = Field(
        1,
        ge=1,
        le=64,
        title="Trainings at once",
        description="Processes that train models which do not depend on each other, such as the teachers of an "
        "ensemble; each needs its own memory on the device. 1: one after another. The results are the same.",
    )

    teachers_pool: str = Field(
        "",
        title="Pool for teachers",
        description="Work pool whose workers train the teachers of an ensemble beside this run, each one once; empty: "
        "this run trains them all. The results are the same.",
    )

    keep_taggers: Literal["all", "last"] = Field(
        "all",
        title="Taggers kept",
        description="last: a method that iterates drops the files of an iteration's taggers when their labels and "
        "scores are there and they teach no other; a run that reads one again trains it again. Results are the same.",
    )

    def resolved_device(self) -> str:
        """`cpu` or `cuda`.

        Raises:
            InputError: if a GPU is asked for and there is none.
        """
        if self.device == "cpu":
            return "cpu"
        import torch

        if torch.cuda.is_available():
            return "cuda"
        if self.device == "cuda":
            raise InputError("device: cuda is asked for, and there is no GPU; set device to auto or cpu")
        return "cpu"


Status = Literal["cached", "ran", "to run", "depends"]


@dataclass
class StepOutcome:
    """What became of one step of a run or a plan."""

    step: str
    label: str
    status: Status
    reference: Reference
    seconds: float = 0.0
    reasons: list[str] = field(default_factory=list)
    recipe: Recipe | None = None
    definitions: Mapping[str, Definition] = field(default_factory=dict)
    peak: Peak = field(default_factory=Peak)
    expected: Expected = field(default_factory=Expected)

    @property
    def place(self) -> str:
        """The step with its stage, as logs name it."""
        return f"{self.step} · {self.label}" if self.label else self.step


@dataclass
class Run:
    """The run (or plan) that steps belong to while a flow calls them.

    Attributes:
        recorder: keeps the run on record; None for one that is not.
        makers: by kind and key of an artifact what makes its files again, should they have been dropped.
        anew: of a plan, the step that is to be made again, with or without its stage.
        found: by kind and key the artifacts that a step found when it had its lock, as another run made them meanwhile.
        planned: of a plan, the steps whose artifacts are known, and their arguments.
        estimates: of a plan, how long steps will take; made when the first is not in the store.
    """

    store: Store
    runtime: Runtime
    planning: bool = False
    outcomes: list[StepOutcome] = field(default_factory=list)
    stage: str = ""
    anew: str = ""
    recorder: "Recorder | None" = None
    makers: dict[tuple[str, str], Callable[[], Reference]] = field(default_factory=dict)
    found: set[tuple[str, str]] = field(default_factory=set)
    planned: dict[tuple[str, str], tuple[StepOutcome, dict[str, Any]]] = field(default_factory=dict)
    estimates: Estimates | None = None
    free_cores: FreeCores = field(default_factory=FreeCores)

    def next_runtime(self, kind: str, key: str) -> Runtime:
        """The runtime of a step that computes now: where no number of threads is set, it gets one.

        Dropped files are made again on as many threads as before, so that they come out the same; all else is made on
        the cores that other processes leave free.
        """
        if self.runtime.threads is not None:
            return self.runtime
        before = self.store.manifest(kind, key) if self.store.dropped(kind, key) else None
        recorded = before.environment.get("threads") if before else None
        count = int(recorded) if recorded else self.free_cores.threads()
        return self.runtime.model_copy(update={"threads": count})

    def taking(self, steps: Sequence[tuple[str, str, str]], *, computes: bool) -> AbstractContextManager[None]:
        """See `Recorder.taking`; nothing, if the run is not on record."""
        return nullcontext() if self.recorder is None else self.recorder.taking(steps, computes=computes)


_CURRENT: ContextVar[Run | None] = ContextVar("crosstag_run", default=None)


def current_run() -> Run | None:
    """The run that encloses the caller."""
    return _CURRENT.get()


@contextmanager
def running(runtime: Runtime, *, planning: bool = False) -> Iterator[Run]:
    """Makes steps that are called inside work on the store of `runtime`, or only plan."""
    run = Run(store=Store(runtime.store), runtime=runtime, planning=planning)
    token = _CURRENT.set(run)
    try:
        yield run
    finally:
        _CURRENT.reset(token)


@contextmanager
def stage(name: str) -> Iterator[None]:
    """Names a part of a flow; it shows beside the steps in tables and in the UI, and is not in the key."""
    run = current_run()
    if run is None:
        yield
        return
    before, run.stage = run.stage, name
    try:
        yield
    finally:
        run.stage = before
