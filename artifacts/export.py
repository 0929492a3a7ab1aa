"""Write an artifact for others: a table in the format that the path's ending names, a model as its folder."""

import csv
import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

from artifacts.catalog import Dataset, catalogue
from artifacts.catalog.forms import Row
from artifacts.errors import InputError
from artifacts.reference import Reference
from artifacts.store import Store


def export(store: Store, reference: Reference, path: Path) -> int | None:
    """Writes an artifact to a new place; the file or folder is there whole or not at all.

    Args:
        store: where the artifact lies.
        reference: which one.
        path: for a table, a file. `.csv`, `.jsonl` and `.parquet` hold every column of every table (in CSV, lists are
            JSON); with an ending of text, or none, it is text as the kind declares: a column file (CoNLL) where there
            are words and labels, a dictionary for a lexicon. For a model, a folder, which will hold its files.

    Returns:
        How many rows of a table were written; dropped sentences have no place in a column file. None for a model.

    Raises:
        InputError: if something is there already, the folder for it is not, the ending is of no format, or the kind
            has no text form.
    """
    kind = catalogue()[reference.kind]
    if path.exists():
        raise InputError(f"store export: {path} is there already; name a new place")
    if not path.absolute().parent.is_dir():
        raise InputError(f"store export: there is no folder {path.absolute().parent}; make it, or name another place")
    unfinished = path.with_name(f".{path.name}.part")
    if not isinstance(kind, Dataset):
        shutil.rmtree(unfinished, ignore_errors=True)
        try:
            store.copy_files(reference, unfinished)
            unfinished.rename(path)
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)
        return None
    ending = path.suffix.lower()
    if ending not in (*_FORMATS, *_TEXT_ENDINGS, ""):
        raise InputError(
            f"store export: found the ending {path.suffix} of {path}; expected {', '.join(_FORMATS)}, or one of text: "
            f"{', '.join(_TEXT_ENDINGS)}; give it one of these"
        )
    write = _FORMATS.get(ending, _write_text)
    try:
        written = write(store, reference, kind, unfinished)
        os.replace(unfinished, path)
    finally:
        unfinished.unlink(missing_ok=True)
    return written


def _rows(store: Store, reference: Reference) -> Iterator[Row]:
    for batch in store.batches(reference, rows=1024):
        yield from batch.to_pylist()


def _write_text(store: Store, reference: Reference, kind: Dataset, path: Path) -> int:
    if kind.text is None:
        raise InputError(
            f"store export: {kind.name} has no text form; expected a path that ends with {', '.join(_FORMATS)}; "
            "give it one of these endings"
        )
    labels = store.metadata(reference).get("labels", [])
    written = 0
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for row in _rows(store, reference):
            text = kind.text(row, labels)
            file.write(text)
            written += bool(text)
    return written


def _write_csv(store: Store, reference: Reference, kind: Dataset, path: Path) -> int:
    with path.open("w", encoding="utf-8", newline="") as file:
        lines = csv.writer(file)
        lines.writerow(kind.schema.names)
        for row in _rows(store, reference):
            lines.writerow([_as_json(cell) if isinstance(cell, list) else cell for cell in row.values()])
    return store.require(reference).rows or 0


def _write_json_lines(store: Store, reference: Reference, kind: Dataset, path: Path) -> int:
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.writelines(_as_json(row) + "\n" for row in _rows(store, reference))
    return store.require(reference).rows or 0


def _write_parquet(store: Store, reference: Reference, kind: Dataset, path: Path) -> int:
    store.copy_table(reference, path)
    return store.require(reference).rows or 0


def _as_json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


_FORMATS: dict[str, Callable[[Store, Reference, Dataset, Path], int]] = {
    ".csv": _write_csv,
    ".jsonl": _write_json_lines,
    ".parquet": _write_parquet,
}
_TEXT_ENDINGS = (".conll", ".txt", ".tsv", ".bio", ".iob", ".iob2")
