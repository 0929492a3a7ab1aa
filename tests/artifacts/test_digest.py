"""Digests of content: equal for equal values and types, different for anything else."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from artifacts.digest import TableDigest, canonical_json

SCHEMA = pa.schema(
    [
        ("number", pa.int64()),
        ("score", pa.float32()),
        ("text", pa.string()),
        ("words", pa.list_(pa.string())),
        ("rows", pa.list_(pa.list_(pa.float32()))),
        ("flag", pa.bool_()),
    ]
)
FLOATS = st.none() | st.floats(width=32, allow_nan=True)
TEXT = st.none() | st.text(max_size=4)
ROW = st.fixed_dictionaries(
    {
        "number": st.none() | st.integers(-(2**63), 2**63 - 1),
        "score": FLOATS,
        "text": TEXT,
        "words": st.none() | st.lists(TEXT, max_size=3),
        "rows": st.none() | st.lists(st.none() | st.lists(FLOATS, max_size=2), max_size=2),
        "flag": st.none() | st.booleans(),
    }
)


def digest(table: pa.Table, metadata: dict[str, Any] | None = None, rows: int | None = None) -> str:
    """The digest of a table fed in batches of `rows` rows."""
    made = TableDigest(table.schema)
    for batch in table.to_batches(max_chunksize=rows):
        made.update(batch)
    return made.hexdigest(metadata or {})


def column(values: list[Any], type: pa.DataType) -> str:
    return digest(pa.table({"x": pa.array(values, type)}))


@given(rows=st.lists(ROW, max_size=8), size=st.integers(1, 8), start=st.integers(0, 4))
def test_the_way_rows_are_cut_into_batches_does_not_matter(rows: list[dict], size: int, start: int) -> None:
    table = pa.Table.from_pylist(rows, SCHEMA)
    assert digest(table, rows=size) == digest(table)
    # a slice has offsets in its buffers, a copy of the same rows has none
    assert digest(table.slice(start)) == digest(pa.Table.from_pylist(rows[start:], SCHEMA))


@given(rows=st.lists(ROW, min_size=1, max_size=6), other=ROW, at=st.integers(0, 5))
def test_a_changed_row_changes_the_digest(rows: list[dict], other: dict, at: int) -> None:
    at %= len(rows)
    before = pa.Table.from_pylist(rows, SCHEMA)
    after = pa.Table.from_pylist([*rows[:at], other, *rows[at + 1 :]], SCHEMA)
    # repr tells -0.0 from 0.0 and finds NaN equal to NaN, as the digest does
    same = repr(before.to_pylist()) == repr(after.to_pylist())
    assert (digest(before) == digest(after)) == same


@given(rows=st.lists(ROW, max_size=6), compression=st.sampled_from(["zstd", "snappy", "none"]))
def test_parquet_version_compression_and_row_groups_do_not_matter(
    tmp_path_factory: pytest.TempPathFactory, rows: list[dict], compression: str
) -> None:
    table = pa.Table.from_pylist(rows, SCHEMA)
    path = Path(tmp_path_factory.mktemp("parquet")) / "data.parquet"
    found = set()
    for version in ("1.0", "2.6"):
        pq.write_table(table, path, version=version, compression=compression, row_group_size=2)
        found.add(digest(pq.read_table(path).cast(SCHEMA)))
    assert found == {digest(table)}


def test_empty_batches_do_not_matter() -> None:
    empty = pa.table({"x": pa.array([], pa.string())})
    made = TableDigest(empty.schema)
    made.update(pa.record_batch({"x": pa.array([], pa.string())}))
    assert made.hexdigest({}) == TableDigest(empty.schema).hexdigest({})


def test_types_order_and_boundaries_count() -> None:
    assert column([1, 2], pa.int64()) != column([2, 1], pa.int64())
    assert column([1, 2], pa.int64()) != column([1, 2], pa.int32())
    assert column(["ab", "c"], pa.string()) != column(["a", "bc"], pa.string())
    strings = pa.list_(pa.string())
    assert column([["a", "b"], []], strings) != column([["a"], ["b"]], strings)


def test_null_empty_and_zero_are_three_things() -> None:
    assert column([None], pa.string()) != column([""], pa.string())
    assert column([None], pa.int64()) != column([0], pa.int64())
    assert len({column([v], pa.list_(pa.string())) for v in (None, [], [None], [""])}) == 4


def test_column_names_and_metadata_count_and_their_order_in_json_does_not() -> None:
    table = pa.table({"x": [1]})
    assert digest(table) != digest(pa.table({"y": [1]}))
    assert digest(table) != digest(table, {"language": "de"})
    assert digest(table, {"a": 1, "b": 2}) == digest(table, {"b": 2, "a": 1})


def test_values_under_a_null_do_not_count() -> None:
    hidden = pa.Array.from_buffers(pa.int64(), 1, [pa.py_buffer(b"\x00"), pa.py_buffer((7).to_bytes(8, "little"))])
    assert digest(pa.table({"x": hidden})) == column([None], pa.int64())


def test_a_type_without_a_digest_is_refused() -> None:
    with pytest.raises(TypeError, match=r"column x: no digest is defined for duration\[s\]"):
        column([1], pa.duration("s"))


def test_json_has_one_text_for_one_value_and_none_for_nan() -> None:
    assert canonical_json({"b": [1, "ü"], "a": None}) == '{"a":null,"b":[1,"ü"]}'
    with pytest.raises(ValueError, match="not JSON compliant"):
        canonical_json(float("nan"))
