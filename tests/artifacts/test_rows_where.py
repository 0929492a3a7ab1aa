"""Rows of a table by a number, without reading groups of rows that cannot hold it."""

from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from artifacts.catalog import SENTENCES
from artifacts.manifest import Recipe
from artifacts.reference import Reference
from artifacts.store import STORE_FORMAT, Store


@pytest.fixture
def table(store: Store) -> Reference:
    """Three groups of rows: 0 0 3 | 4 5 6 | 3 9."""
    recipe = Recipe(step="make", parameters={}, inputs={}, code="", schemas={}, store_format=STORE_FORMAT)
    groups = [[0, 0, 3], [4, 5, 6], [3, 9]]
    batches = [
        pa.RecordBatch.from_pydict({"sentence_id": ids, "words": [[f"w{n}.{i}"] for i in ids]}, SENTENCES.schema)
        for n, ids in enumerate(groups)
    ]
    with store.writing(SENTENCES, "ab", recipe) as writer:
        writer.write(batches, {"language": "en"})
    assert writer.reference is not None
    return writer.reference


@pytest.mark.parametrize(
    ("value", "words", "groups"),
    [(0, ["w0.0", "w0.0"], [0]), (3, ["w0.3", "w2.3"], [0, 2]), (5, ["w1.5"], [1, 2]), (7, [], [2]), (99, [], [])],
)
def test_rows_come_in_order_from_the_groups_that_may_hold_them(
    store: Store, table: Reference, monkeypatch: pytest.MonkeyPatch, value: int, words: list[str], groups: list[int]
) -> None:
    read: list[int] = []
    whole = pq.ParquetFile.read_row_group

    def counted(self: Any, group: int, **options: Any) -> Any:
        read.append(group)
        return whole(self, group, **options)

    monkeypatch.setattr(pq.ParquetFile, "read_row_group", counted)
    rows = store.rows_where(table, "sentence_id", value)
    assert [row["words"] for row in rows] == [[word] for word in words]
    assert sorted(set(read)) == groups


@pytest.mark.parametrize("value", [2**63, -(2**63) - 1, 10**30])
def test_no_row_has_a_number_that_no_column_can_hold(store: Store, table: Reference, value: int) -> None:
    assert store.row_of(table, "sentence_id", value) is None
    assert store.rows_where(table, "sentence_id", value) == []


def test_columns_may_be_chosen(store: Store, table: Reference) -> None:
    assert store.rows_where(table, "sentence_id", 5, columns=["words"]) == [{"sentence_id": 5, "words": ["w1.5"]}]


def test_a_row_is_known_by_its_place_in_the_whole_table(store: Store, table: Reference) -> None:
    assert [store.row_of(table, "sentence_id", value) for value in (0, 3, 5, 9, 7)] == [0, 2, 4, 7, None]
    rows = store.rows_at(table, [7, 3, 2, 3], ["words"])
    assert rows == {2: {"words": ["w0.3"]}, 3: {"words": ["w1.4"]}, 7: {"words": ["w2.9"]}}
