"""Some rows of a table that is too large to be read for them."""

from collections.abc import Iterable
from typing import Any

import pyarrow.compute as pc
import pyarrow.parquet as pq

_NUMBERS = range(-(2**63), 2**63)
"""What a column of numbers can hold; Arrow refuses to look for another."""


def rows_where(file: pq.ParquetFile, column: str, value: int, columns: list[str] | None = None) -> list[dict[str, Any]]:
    """The rows of a table whose number in a column is `value`.

    Groups of rows that cannot hold it, by the least and the largest number that the file tells of each, are not read.
    """
    found: list[dict[str, Any]] = []
    if value not in _NUMBERS:
        return found
    place = file.schema_arrow.get_field_index(column)
    wanted = columns and list(dict.fromkeys([*columns, column]))
    for group in range(file.num_row_groups):
        bounds = file.metadata.row_group(group).column(place).statistics
        if bounds is not None and bounds.has_min_max and not bounds.min <= value <= bounds.max:
            continue
        there = pc.equal(file.read_row_group(group, columns=[column])[column], value)
        if pc.any(there).as_py():
            found += file.read_row_group(group, columns=wanted).filter(there).to_pylist()
    return found


def row_of(file: pq.ParquetFile, column: str, value: int) -> int | None:
    """The place, from 0, of the first row whose number in a column is `value`; None if there is none."""
    first = 0
    for group in range(file.num_row_groups if value in _NUMBERS else 0):
        place = pc.index(file.read_row_group(group, columns=[column])[column], value).as_py()
        if place >= 0:
            return first + int(place)
        first += file.metadata.row_group(group).num_rows
    return None


def rows_at(file: pq.ParquetFile, places: Iterable[int], columns: list[str]) -> dict[int, dict[str, Any]]:
    """Rows by their places, from 0; groups of rows that hold none of them are not read."""
    wanted, first = sorted(set(places)), 0
    found: dict[int, dict[str, Any]] = {}
    for group in range(file.num_row_groups):
        last = first + file.metadata.row_group(group).num_rows
        here = [place for place in wanted if first <= place < last]
        if here:
            rows = file.read_row_group(group, columns=columns).take([place - first for place in here])
            found |= dict(zip(here, rows.to_pylist(), strict=True))
        first = last
    return found
