"""Names that decide a comparison: which are shown, what is counted, and F1 without them, worked out by hand."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from artifacts.catalog import OUTCOMES
from artifacts.manifest import Recipe
from artifacts.reference import Reference
from artifacts.store import STORE_FORMAT, Store
from flows.parts.comparison import Benchmark, Compared
from flows.parts.error_tables import Judged
from flows.parts.name_tables import name_tables


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


def put(store: Store, key: str, rows: Sequence[tuple[str, str | None, str]]) -> Reference:
    """Outcomes: (text, predicted text, category) of each; where they stand does not matter here."""
    recipe = Recipe(step="test", parameters={}, inputs={}, code="", schemas={}, store_format=STORE_FORMAT)
    empty: dict[str, Any] = dict.fromkeys(OUTCOMES.schema.names)
    made = [
        empty
        | {"sentence_id": 0, "text": text, "predicted_text": told, "category": category}
        | {"as_same_type": 0, "as_other_type": 0}
        for text, told, category in rows
    ]
    with store.writing(OUTCOMES, key, recipe) as writer:
        writer.write(pa.Table.from_pylist(made, schema=OUTCOMES.schema), {})
    assert writer.reference is not None
    return writer.reference


def tables(store: Store, **models: Sequence[Sequence[tuple[str, str | None, str]]]) -> Any:
    found = []
    for number, (name, seeds) in enumerate(models.items()):
        references = tuple(put(store, f"{number:x}{seed:x}", rows) for seed, rows in enumerate(seeds))
        found.append(Judged("test", Compared(name, "tiny", (), references), references))
    test = Benchmark("test", found[0].outcomes[0], [each.model for each in found])
    return name_tables([test], found, store)


AGENCY = [("EFE", "EFE", "right")] * 2
MISSED = [("EFE", None, "missed"), ("EFE", "(EFE", "boundary")]
OTHERS = [("Ebro", "Ebro", "right"), ("Rin", None, "missed"), ("EFE", "EFE", "spurious"), ("Rin", "Rin", "type")]


def test_a_name_that_one_model_finds_and_another_does_not_is_counted_and_f1_is_told_without_it(store: Store) -> None:
    (table,) = tables(store, finds=[AGENCY + OTHERS], misses=[MISSED + OTHERS])
    assert [column.name for column in table.columns] == ["configuration", "EFE (2)", "F1", "without them"]
    # Of five gold entities three, of five predictions three: 6 / 10. Without EFE: of three one, of two one: 2 / 5.
    assert table.lines[0].cells == ("tiny", 2, pytest.approx(6 / 10), pytest.approx(2 / 5))
    # Of five one, of four one: 2 / 9. The prediction `(EFE` goes with the gold entity that it is compared with.
    assert table.lines[1].cells == ("tiny", 0, pytest.approx(2 / 9), pytest.approx(2 / 5))


def test_seeds_are_means_and_of_another_text_are_no_concern(store: Store) -> None:
    (table,) = tables(store, finds=[AGENCY + OTHERS, MISSED + OTHERS], misses=[MISSED + OTHERS, MISSED + OTHERS])
    assert table.columns[1].form == "one decimal"
    assert table.lines[0].cells == ("tiny", 1.0, pytest.approx((6 / 10 + 2 / 9) / 2), pytest.approx(2 / 5))


def test_no_table_where_no_name_makes_a_hundredth_of_a_difference(store: Store) -> None:
    many = [("Ebro", "Ebro", "right")] * 99
    assert tables(store, one=[[*many, ("Rin", None, "missed")]], other=[[*many, ("Rin", "Rin", "right")]]) == []


def test_no_table_of_one_model_or_where_all_agree(store: Store) -> None:
    assert tables(store, one=[AGENCY]) == []
    assert tables(store, two=[AGENCY], three=[AGENCY]) == []


def test_the_five_that_differ_most_are_shown_the_most_different_first(store: Store) -> None:
    names = [(name, n) for n, name in enumerate("ABCDEF", start=1)]
    found = [(name, name, "right") for name, n in names for _ in range(n)]
    lost = [(name, None, "missed") for name, n in names for _ in range(n)]
    (table,) = tables(store, one=[found], other=[lost])
    assert [column.name for column in table.columns[1:6]] == ["F (6)", "E (5)", "D (4)", "C (3)", "B (2)"]
