"""Writing one artifact: a table batch by batch, or the files of a model."""

import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeAlias

import pyarrow as pa
import pyarrow.parquet as pq

from artifacts.catalog import Dataset, Kind
from artifacts.code.fingerprint import Definition
from artifacts.digest import TableDigest, folder_digest
from artifacts.environment import environment
from artifacts.folder import Draft
from artifacts.manifest import Manifest, Recipe
from artifacts.reference import Reference

TABLE_FILE = "data.parquet"
_METADATA_KEY = b"crosstag"
_ROWS_PER_GROUP = 8192

Metadata: TypeAlias = Mapping[str, Any] | Callable[[], Mapping[str, Any]] | None
"""What is said of a table, or a function that tells it, for what is known when all rows are written."""


@dataclass
class Writer:
    """Writes one artifact into a temporary folder of the store."""

    kind: Kind
    key: str
    recipe: Recipe
    draft: Draft
    label: str = ""
    definitions: Mapping[str, Definition] = field(default_factory=dict)
    metadata: dict[str, Any] = field(default_factory=dict)
    notes: dict[str, Any] = field(default_factory=dict)
    reference: Reference | None = None
    _rows: int | None = None
    _digest: str | None = None
    _started: float = field(default_factory=time.monotonic)

    @property
    def folder(self) -> Path:
        """Where the files of a model are to be saved."""
        return self.draft.folder

    def write(self, rows: pa.Table | Iterable[pa.RecordBatch], metadata: Metadata = None) -> None:
        """Writes the table, batch by batch, and takes its digest on the way."""
        if not isinstance(self.kind, Dataset) or self._digest is not None:
            raise TypeError(
                f"{self.kind.name}: a table is written once, a model by saving files into the output folder"
            )
        told = {} if metadata is None or callable(metadata) else _as_stored(metadata)
        digest, count = TableDigest(self.kind.schema), 0
        with pq.ParquetWriter(self.draft.file(TABLE_FILE), self.kind.schema, compression="zstd") as file:
            for batch in _in_groups(rows, self.kind):
                digest.update(batch)
                file.write_batch(batch)
                count += batch.num_rows
            self.metadata = _as_stored(metadata()) if callable(metadata) else told
            file.add_key_value_metadata({_METADATA_KEY: json.dumps(self.metadata, ensure_ascii=False).encode()})
        self._rows = count
        self._digest = digest.hexdigest(self.metadata)

    def describe(self, metadata: Mapping[str, Any]) -> None:
        """Adds to the metadata of a model."""
        self.metadata.update(_as_stored(metadata))

    def note(self, facts: Mapping[str, Any]) -> None:
        """Keeps facts that are no part of the content; numpy's numbers become Python's."""
        self.notes.update(json.loads(json.dumps(dict(facts), default=_plain)))

    def finish(self) -> Manifest:
        """Makes the files durable and says what the artifact is; the store publishes it."""
        self.metadata = _as_stored(self.metadata)
        files = self.draft.sealed()
        if not files or (isinstance(self.kind, Dataset) and self._digest is None):
            raise TypeError(f"step {self.recipe.step} wrote no {self.kind.name}")
        digest = self._digest or folder_digest({n: f.sha256 for n, f in files.items()}, self.metadata)
        self.reference = Reference(kind=self.kind.name, key=self.key, digest=digest)
        return Manifest(
            kind=self.kind.name,
            key=self.key,
            digest=digest,
            recipe=self.recipe,
            definitions=dict(self.definitions),
            files=files,
            metadata=self.metadata,
            rows=self._rows,
            label=self.label,
            notes=self.notes,
            seconds=round(time.monotonic() - self._started, 3),
            made=datetime.now(UTC).isoformat(timespec="seconds"),
            environment=environment(),
        )


def _in_groups(rows: pa.Table | Iterable[pa.RecordBatch], kind: Dataset) -> Iterator[pa.RecordBatch]:
    batches = rows.to_batches(max_chunksize=_ROWS_PER_GROUP) if isinstance(rows, pa.Table) else rows
    for batch in batches:
        yield batch if batch.schema == kind.schema else _cast(batch, kind)


def _cast(batch: pa.RecordBatch, kind: Dataset) -> pa.RecordBatch:
    """The batch with the columns and types of its dataset; a column too many or too few is a mistake of the step."""
    if sorted(batch.schema.names) != sorted(kind.schema.names):
        raise TypeError(f"{kind.name}: the columns are {kind.schema.names}, the step wrote {batch.schema.names}")
    try:
        return batch.select(kind.schema.names).cast(kind.schema)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, ValueError) as error:
        found = ", ".join(f"{field.name} {field.type}" for field in batch.schema)
        raise TypeError(f"{kind.name}: the step wrote {found}, which does not fit the catalogue: {error}") from error


def _as_stored(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Metadata as it comes back from the manifest, so that its digest is the same before and after."""
    stored: dict[str, Any] = json.loads(json.dumps(dict(metadata), allow_nan=False))
    return stored


def _plain(value: Any) -> Any:
    return value.tolist() if hasattr(value, "tolist") else str(value)
