"""A three-step flow, make -> transform -> count, written into a folder of its own so that tests can edit it."""

import importlib
import sys
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from prefect import flow

from artifacts.code.fingerprint import forget
from artifacts.recorder import recorded
from artifacts.reference import Reference
from artifacts.runtime import Run, Runtime, running
from artifacts.store import Store

SOURCES = {
    "__init__.py": "",
    "steps.py": '''\
"""Three steps."""

import pyarrow as pa
from pydantic import Field

from artifacts.catalog import CHANGE, PREDICTIONS, SENTENCES, Predictions, Sentences
from artifacts.settings import Settings
from artifacts.step import Job, step
from toysteps import checkpoint
from toysteps.spelling import spell
from toysteps.trace import trace
from toysteps.trouble import stumble


class Size(Settings):
    """How much to make."""

    sentences: int = Field(3, title="Sentences", description="How many.")
    unused: str = Field("", title="Unused", description="Changes the key, not the content.")


@step(SENTENCES)
def make(job: Job, size: Size) -> None:
    """Makes sentences."""
    trace("make")
    words = [["word", str(i)] for i in range(size.sentences)]
    job.write(pa.table({"sentence_id": list(range(len(words))), "words": words}), {"language": "en"})


@step(PREDICTIONS, retries=1)
def transform(job: Job, sentences: Sentences, tag: str = "O", trouble: str = "") -> None:
    """Tags each word the same, one sentence after the other, from where a killed run stopped."""
    trace("transform")
    words = job.table(sentences)["words"].to_pylist()
    done = checkpoint.load(job.work_folder)
    for sentence in words[len(done) :]:
        trace("sentence")
        done.append([spell(tag) for _ in sentence])
        checkpoint.save(job.work_folder, done)
    stumble(trouble)
    rows = {"sentence_id": list(range(len(words))), "words": words, "tags": done}
    job.write(pa.table(rows), {"language": "en", "labels": [tag]})


@step(CHANGE)
def count(job: Job, predictions: Predictions) -> None:
    """Counts words."""
    trace("count")
    total = sum(len(words) for words in job.table(predictions)["words"].to_pylist())
    job.write(pa.table({"words": [total], "changed": [0], "share": [0.0]}))
''',
    "spelling.py": '''\
"""One module away."""

from toysteps.letters import upper as _upper


def spell(tag: str) -> str:
    """The tag in capitals."""
    return _upper(tag)


def never_called() -> int:
    return 1
''',
    "letters.py": '''\
"""Two modules away."""


def upper(text: str) -> str:
    return text.upper()
''',
    "checkpoint.py": '''\
"""The checkpoint of `transform`."""

import json
from pathlib import Path


def load(folder: Path) -> list[list[str]]:
    path = folder / "checkpoint.pt"
    return json.loads(path.read_text()) if path.exists() else []


def save(folder: Path, done: list[list[str]]) -> None:
    (folder / "checkpoint.pt.tmp").write_text(json.dumps(done))
    (folder / "checkpoint.pt.tmp").replace(folder / "checkpoint.pt")
''',
    "trace.py": '''\
"""Writes down what was computed."""

import os
import time


def trace(name: str) -> None:
    with open(os.environ["TOY_TRACE"], "a") as file:
        file.write(f"{name}\\n")
    time.sleep(float(os.environ.get("TOY_SLEEP", "0")))
''',
    "trouble.py": '''\
"""Fails on demand."""

import httpx

from artifacts.errors import InputError


def stumble(trouble: str) -> None:
    if trouble == "input":
        raise InputError("line 3: bad; mend it")
    if trouble == "data":
        raise ValueError("bad data")
    if trouble == "network":
        raise httpx.ConnectError("no route")
    if trouble == "interrupt":
        raise KeyboardInterrupt
''',
}


def write_project(folder: Path) -> Path:
    """Writes the package `toysteps` into a folder, which then belongs on the path."""
    package = folder / "toysteps"
    package.mkdir(parents=True)
    for name, text in SOURCES.items():
        (package / name).write_text(text, encoding="utf-8")
    return folder


def forget_modules() -> None:
    """Imports and fingerprints see the sources anew."""
    for name in [n for n in sys.modules if n.partition(".")[0] == "toysteps"]:
        del sys.modules[name]
    importlib.invalidate_caches()
    forget()


def run_toy(store: Path | str, *, planning: bool = False, **settings: Any) -> Run:
    """The toy flow's body: three steps, under whatever flow the caller has opened."""
    steps: ModuleType = importlib.import_module("toysteps.steps")
    size = steps.Size(sentences=settings.pop("sentences", 3), unused=settings.pop("unused", ""))
    runtime = Runtime(store=str(store), device="cpu")
    on_record = settings.pop("on_record", False)
    with recorded(runtime, "toy", settings) if on_record else running(runtime, planning=planning) as run:
        made = steps.make(size)
        transformed = steps.transform(made, **settings)
        steps.count(transformed)
    return run


toy_flow = flow(name="toy", validate_parameters=False, persist_result=False)(run_toy)


@dataclass
class Toy:
    """The toy project and its store."""

    project: Path
    path: Path | str
    trace_file: Path

    @property
    def store(self) -> Store:
        return Store(self.path)

    def edit(self, file: str, old: str, new: str) -> None:
        """Changes the source, as a developer between two runs."""
        path = self.project / "toysteps" / file
        text = path.read_text()
        assert old in text, f"{old!r} is not in {file}"
        path.write_text(text.replace(old, new))
        forget_modules()

    def run(self, **settings: Any) -> Run:
        """Runs the flow on the real server."""
        return toy_flow(self.path, **settings)

    def plan(self, **settings: Any) -> Run:
        """Plans the flow, as `crosstag plan` does."""
        return run_toy(self.path, planning=True, **settings)

    def statuses(self, **settings: Any) -> list[str]:
        """Runs the flow; what became of make, transform and count."""
        return statuses(self.run(**settings))

    def computed(self) -> list[str]:
        """Names of the steps computed since the last call."""
        names = self.trace_file.read_text().split() if self.trace_file.exists() else []
        self.trace_file.unlink(missing_ok=True)
        return [n for n in names if n != "sentence"]

    def folder(self, reference: Reference) -> Path:
        return self.store.local(reference.kind, reference.key)


def statuses(run: Run) -> list[str]:
    return [outcome.status for outcome in run.outcomes]


def visible(root: Path) -> set[str]:
    """Every file of a store that is neither a lock nor unfinished work, relative to it."""
    files = (p.relative_to(root) for p in root.rglob("*") if p.is_file())
    return {f.as_posix() for f in files if f.parts[0] not in (".locks", ".unfinished")}
