"""What a step's shell works with: its inputs, its output, its device, its progress."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from artifacts.progress import Advance, progress
from artifacts.reference import Reference
from artifacts.runtime import Runtime
from artifacts.store import Store
from artifacts.writer import Metadata, Writer

# A CPU is fastest where a batch fits into its caches (docs/results.md), a GPU where the batch fills it.
INFERENCE_SUBWORDS = {"cpu": 2048, "cuda": 16_384}
"""Padded sub-words per batch when a model only predicts, by device; where `Runtime` does not say."""


@dataclass
class Job:
    """One computation of a step. Shells use this alone; they know neither paths nor Prefect."""

    store: Store
    runtime: Runtime
    writer: Writer
    in_flow: bool = False

    # --- Inputs

    def table(self, reference: Reference, columns: list[str] | None = None) -> pa.Table:
        """The table behind a reference, whole."""
        return self.store.table(reference, columns)

    def batches(
        self, reference: Reference, columns: list[str] | None = None, rows: int = 4096
    ) -> Iterator[pa.RecordBatch]:
        """The table behind a reference, in batches of at most `rows` rows."""
        return self.store.batches(reference, columns, rows)

    def metadata(self, reference: Reference) -> dict[str, Any]:
        """What an artifact says about itself, such as its label list."""
        return self.store.metadata(reference)

    def rows(self, reference: Reference) -> int:
        """Number of rows of a table."""
        return self.store.require(reference).rows or 0

    def folder(self, reference: Reference) -> Path:
        """The files of a model, to read."""
        return self.store.folder(reference)

    def earlier(self, *varying: str) -> list[Reference]:
        """What this step made before of the same parameters, code and inputs, those named `varying` aside.

        A step may take over parts of it that do not depend on what varies. It is no part of the cache key: the content
        must be the same without it.

        Args:
            varying: parameters whose inputs may differ.

        Returns:
            Intact artifacts of the step's own kind, newest first.
        """
        writer = self.writer
        found = self.store.earlier(writer.kind.name, writer.recipe, varying)
        return [reference for reference in found if reference.key != writer.key]

    # --- Output

    def write(self, rows: pa.Table | Iterable[pa.RecordBatch], metadata: Metadata = None) -> None:
        """Writes the step's table, once. Rows are checked against the schema; `metadata` is part of the content.

        A function as `metadata` is called when all rows are written, so that rows may be counted on their way.
        """
        self.writer.write(rows, metadata)

    @property
    def output_folder(self) -> Path:
        """Where a step that makes a model saves its files."""
        return self.writer.folder

    def describe(self, metadata: Mapping[str, Any]) -> None:
        """Says about a model what its users need; part of its content."""
        self.writer.describe(metadata)

    def note(self, **facts: Any) -> None:
        """Keeps facts for the reader of the manifest (losses, timings, engines); not part of the content."""
        self.writer.note(facts)

    # --- Work

    @property
    def work_folder(self) -> Path:
        """A folder for checkpoints that outlives a crash and goes when the step has succeeded."""
        return self.store.work_folder(self.writer.kind.name, self.writer.key)

    @property
    def device(self) -> str:
        """`cpu` or `cuda`; the manifest records it."""
        device = self.runtime.resolved_device()
        self.note(device=device)
        return device

    @property
    def inference_subwords(self) -> int:
        """Padded sub-words per batch when a model only predicts."""
        return self.runtime.inference_subwords or INFERENCE_SUBWORDS[self.device]

    @property
    def checkpoint_minutes(self) -> float:
        """Minutes between two checkpoints of a training."""
        return self.runtime.checkpoint_minutes

    def progress(self, description: str, total: int, unit: str = "") -> AbstractContextManager[Advance]:
        """Shows progress in the terminal, the log and the Prefect UI; gives a function to call with each advance."""
        name, stage = self.writer.recipe.step, self.writer.label
        step = f"{name} · {stage}" if stage else name
        return progress(step, description, total, unit, in_flow=self.in_flow)
