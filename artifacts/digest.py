"""Digests of logical content: equal for equal values and types, however they are stored."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc


def canonical_json(value: Any) -> str:
    """JSON with sorted keys and no spaces: one text for one value."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def text_digest(text: str) -> str:
    """SHA-256 of a text, in hex."""
    return hashlib.sha256(text.encode()).hexdigest()


def file_digest(path: Path) -> str:
    """SHA-256 of a file's bytes, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class TableDigest:
    """Digest of a table's values and types, fed batch by batch.

    Every column is taken apart into its leaves (validity, lengths of lists and strings, values); each leaf has a
    hash of its own that runs over all batches, so the way rows are cut into batches does not matter. Values under
    a null do not count, and all NaNs are one.
    """

    def __init__(self, schema: pa.Schema) -> None:
        self._schema = schema
        self._leaves: dict[str, Any] = {}
        self._rows = 0

    def update(self, batch: pa.RecordBatch) -> None:
        """Adds the rows of a batch that has the table's schema."""
        if batch.num_rows == 0:
            return
        self._rows += batch.num_rows
        for name, column in zip(batch.schema.names, batch.columns, strict=True):
            self._add(name, column)

    def hexdigest(self, metadata: Mapping[str, Any]) -> str:
        """The digest of all rows so far, and of what is said of them."""
        parts = [f"{field.name}:{field.type}" for field in self._schema]
        parts += [f"{path}={leaf.hexdigest()}" for path, leaf in sorted(self._leaves.items())]
        return text_digest("\n".join([*parts, str(self._rows), canonical_json(metadata)]))

    def _feed(self, path: str, values: np.ndarray) -> None:
        leaf = self._leaves.get(path)
        if leaf is None:
            leaf = self._leaves[path] = hashlib.sha256()
        leaf.update(np.ascontiguousarray(values).data)

    def _add(self, path: str, column: pa.Array) -> None:
        self._feed(f"{path}#valid", column.is_valid().to_numpy(zero_copy_only=False).astype(np.uint8))
        if pa.types.is_list(column.type) or pa.types.is_large_list(column.type):
            lengths = pc.fill_null(pc.list_value_length(column), 0)
            self._feed(f"{path}#length", lengths.to_numpy(zero_copy_only=False).astype("<i8"))
            self._add(f"{path}[]", column.flatten())
        elif pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
            filled = pc.fill_null(column, "").cast(pa.large_string())
            self._feed(f"{path}#length", pc.binary_length(filled).to_numpy(zero_copy_only=False).astype("<i8"))
            self._feed(path, _string_bytes(filled))
        elif pa.types.is_floating(column.type):
            numbers = pc.fill_null(column, 0.0).to_numpy(zero_copy_only=False)
            numbers = np.where(np.isnan(numbers), np.array(np.nan, numbers.dtype), numbers)
            self._feed(path, numbers.astype(numbers.dtype.newbyteorder("<"), copy=False))
        elif pa.types.is_integer(column.type):
            self._feed(path, pc.fill_null(column, 0).to_numpy(zero_copy_only=False).astype("<i8"))
        elif pa.types.is_boolean(column.type):
            self._feed(path, pc.fill_null(column, False).to_numpy(zero_copy_only=False).astype(np.uint8))
        else:
            raise TypeError(f"column {path}: no digest is defined for {column.type}")


def _string_bytes(column: pa.Array) -> np.ndarray:
    """The UTF-8 bytes of all strings of a large_string column without nulls, one after the other."""
    _, offsets, data = column.buffers()
    bounds = np.frombuffer(offsets, dtype="<i8")[column.offset : column.offset + len(column) + 1]
    if data is None or len(column) == 0:
        return np.empty(0, np.uint8)
    return np.frombuffer(data, np.uint8)[bounds[0] : bounds[-1]]


def folder_digest(files: Mapping[str, str], metadata: Mapping[str, Any]) -> str:
    """Digest of a model folder from the digests of its files, by name."""
    return text_digest(canonical_json({"files": dict(files), "metadata": dict(metadata)}))
