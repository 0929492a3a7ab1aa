"""What a kind of artifact is: its name, what is in it, how it is shown and written for others."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import pyarrow as pa

from artifacts.catalog.forms import Row, plain
from artifacts.errors import InputError
from artifacts.reference import Reference

if TYPE_CHECKING:
    import pandas as pd


class Tables(Protocol):
    """What `Dataset.to_pandas` needs of the store."""

    def find(self, text: str) -> Reference:
        """The artifact that `kind/key` names."""

    def table(self, reference: Reference) -> pa.Table:
        """The table of an artifact."""

    def metadata(self, reference: Reference) -> dict[str, Any]:
        """What an artifact says about itself."""


@dataclass(frozen=True)
class Dataset:
    """A kind of table.

    Attributes:
        name: what it is called, in the store and everywhere.
        doc: what a row is, and what its columns mean.
        schema: the columns and their types; the only part that enters a cache key.
        form: a row, given the artifact's labels, as a person reads it; in one line or several.
        beside: the input of its step whose rows stand beside its own when it is shown, joined by position.
        text: a row, given the artifact's labels, as other programs read it: whole lines, or "" for a row that has no
            place there. None for kinds without such a form.
        in_columns: measurements, which are shown as a table of columns.
    """

    name: str
    doc: str
    schema: pa.Schema
    form: Callable[[Row, list[str]], str] = plain
    beside: str | None = None
    text: Callable[[Row, list[str]], str] | None = None
    in_columns: bool = False

    def to_pandas(self, store: Tables, reference: Reference | str) -> "pd.DataFrame":
        """An artifact of this kind as a data frame, for notebooks.

        Example:
            from artifacts.catalog import SCORES; from artifacts.store import Store
            frame = SCORES.to_pandas(Store("store"), "scores/086a")

        Args:
            store: the `artifacts.store.Store` that it lies in.
            reference: which one; or `kind/key` as `crosstag store ls` shows it, a unique beginning of the key.

        Returns:
            One row per row of the table, columns as in `doc`; lists are numpy arrays (probabilities: an array of one
            array per word). `attrs` holds the metadata, such as the names of the labels.

        Raises:
            InputError: if there is no such artifact, or it is of another kind.
        """
        found = store.find(reference) if isinstance(reference, str) else reference
        if found.kind != self.name:
            raise InputError(f"artifact {found}: it is of kind {found.kind}, expected {self.name}; give one of these")
        frame = store.table(found).to_pandas()
        frame.attrs.update(store.metadata(found))
        return frame


@dataclass(frozen=True)
class ModelKind:
    """A kind of folder, such as a model's: its name and what is in it. It is shown by its files, and copied whole."""

    name: str
    doc: str


Kind = Dataset | ModelKind
