"""Tables joined by sentence."""

from collections.abc import Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from artifacts.errors import InputError
from tasks.words.columns import list_lengths


def joined(left: pa.Table, right: pa.Table, nothing: Mapping[str, Any] | None = None) -> pa.Table:
    """The rows of one table with the columns of another, joined by sentence_id, in the order of the first.

    Args:
        left: some rows.
        right: its columns of strings and lists are added.
        nothing: what a column has where `right` has no such sentence; by default "" or an empty list.
    """
    fields = [pa.field(field.name, field.type) for field in right.schema]
    values = {field.name: [] if pa.types.is_list(field.type) else "" for field in fields}
    row = {**values, "sentence_id": None, **(nothing or {})}
    schema = pa.schema(fields)
    padded = pa.concat_tables([right.cast(schema), pa.Table.from_pylist([row], schema=schema)])
    places = pc.fill_null(pc.index_in(left["sentence_id"], value_set=right["sentence_id"]), right.num_rows)
    taken = padded.take(places)
    for name in right.column_names:
        if name != "sentence_id":
            left = left.append_column(name, taken[name])
    return left


def with_tags_of(sentences: pa.Table, labelled: pa.Table, task: str) -> pa.Table:
    """All sentences with their words, and with `tags`, which are empty where `labelled` has none.

    Args:
        sentences: sentence_id, words.
        labelled: sentence_id, words, tags of some of them.
        task: what is done with them, for an error.

    Raises:
        InputError: if `labelled` has other words under an id.
    """
    names = {"sentence_id": "sentence_id", "words": "labelled_words", "tags": "tags"}
    rows = joined(sentences, labelled.select(list(names)).rename_columns(list(names.values())))
    there = pa.array(list_lengths(rows["labelled_words"]) > 0)
    if rows["labelled_words"].filter(there) != rows["words"].filter(there):
        raise InputError(
            f"{task}: {labelled.num_rows:,} sentences have places for labels, and not the words of the "
            f"{sentences.num_rows:,} sentences; expected places in these very sentences; place them again"
        )
    return rows
