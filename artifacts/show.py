"""An artifact as a person reads it: the rows of a table, each in the form that its kind declares; a model's files."""

from collections.abc import Iterator
from itertools import islice

from artifacts.catalog import Dataset, catalogue
from artifacts.catalog.forms import Row
from artifacts.reference import Reference
from artifacts.store import Store


def preview(store: Store, reference: Reference, rows: int) -> list[str]:
    """The first rows of a table, one string each; for a model, its files; that they were dropped, if they were."""
    manifest = store.describe(reference)
    if manifest.dropped:
        return ["its files were dropped; a run makes them again when one of its steps reads them"]
    if manifest.rows is None:
        return [f"{name} ({entry.bytes:,} bytes)" for name, entry in manifest.files.items()]
    return list(islice(lines(store, reference), rows))


def lines(store: Store, reference: Reference) -> Iterator[str]:
    """All rows of a table, one string each; some kinds take several lines in it."""
    kind = catalogue()[reference.kind]
    if not isinstance(kind, Dataset):
        raise TypeError(f"{kind.name} is no table")
    labels = store.metadata(reference).get("labels", [])
    beside = rows_beside(store, reference, kind)
    if beside is None:
        yield from (kind.form(row, labels) for row in _rows(store, reference))
        return
    for row, other in zip(_rows(store, reference), _rows(store, beside), strict=True):
        yield kind.form({**other, **row}, labels)


def _rows(store: Store, reference: Reference) -> Iterator[Row]:
    for batch in store.batches(reference, rows=256):
        yield from batch.to_pylist()


def rows_beside(store: Store, reference: Reference, kind: Dataset) -> Reference | None:
    """The artifact whose rows stand beside these, if its content is in the store."""
    if kind.beside is None:
        return None
    return store.holding(store.require(reference).recipe.inputs[kind.beside])
