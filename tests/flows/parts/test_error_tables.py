"""Tables of what became of entities: counts and recalls are those of the artifacts, and means over seeds."""

from pathlib import Path
from typing import Any

import pytest

from artifacts.catalog import OUTCOMES
from artifacts.manifest import Recipe
from artifacts.reference import Reference
from artifacts.runs import Score, Scored, all_runs
from artifacts.store import STORE_FORMAT, Store
from flows.parts import comparison
from flows.parts.error_tables import Judged, error_tables, judged
from flows.parts.summary import outcome_table


def about(right: int, unseen: int, of_unseen: int) -> dict[str, Any]:
    """Metadata of outcomes: ten gold entities, of which so many are unseen; no name was seen as other types only."""
    seen = {"gold": 10 - of_unseen, "right": right - unseen}
    return {
        "categories": {"right": right, "boundary": 1, "type": 2, "both": 0, "missed": 7 - right, "spurious": 4},
        "seen": {
            "as the same type": seen,
            "as other types only": {"gold": 0, "right": 0},
            "unseen": {"gold": of_unseen, "right": unseen},
        },
        "frequency": {
            "0": {"gold": of_unseen, "right": unseen},
            "1": seen,
            "2 to 5": {"gold": 0, "right": 0},
            "6 and more": {"gold": 0, "right": 0},
        },
    }


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


def put(store: Store, key: str, metadata: dict[str, Any]) -> Reference:
    recipe = Recipe(step="test", parameters={}, inputs={}, code="", schemas={}, store_format=STORE_FORMAT)
    with store.writing(OUTCOMES, key, recipe) as writer:
        writer.write(OUTCOMES.schema.empty_table(), metadata)
    assert writer.reference is not None
    return writer.reference


def test_a_runs_table_has_counts_by_kind_and_recall_by_how_the_name_was_seen(store: Store) -> None:
    table = outcome_table(store, {"student on test": put(store, "a", about(5, 1, 4))})
    names = [column.name for column in table.columns]
    cells = dict(zip(names, table.lines[0].cells, strict=True))
    # Of six seen ones four are right, of four unseen ones one; of no name that only other types have, none is known.
    assert cells == {
        "right": 5, "boundary": 1, "type": 2, "both": 0, "missed": 2, "spurious": 4,
        "seen": pytest.approx(4 / 6), "as other type": None, "unseen": 1 / 4,
    }  # fmt: skip


def test_a_comparisons_table_has_means_over_seeds(store: Store) -> None:
    scored = Scored(
        reference=put(store, "c", {}),
        rows=(Score(type="overall", precision=0, recall=0, f1=0, gold=0, predicted=0, correct=0),),
    )
    references = (put(store, "a", about(5, 1, 4)), put(store, "b", about(4, 2, 4)))
    model = comparison.Compared("M", "tiny", (scored, scored), references)
    test = comparison.Benchmark("test", references[0], [model])
    (table,) = error_tables([test], [Judged("test", model, references)], store)
    cells = dict(zip([column.name for column in table.columns], table.lines[0].cells, strict=True))
    assert (cells["configuration"], cells["right"], cells["missed"], cells["type"]) == ("tiny", 4.5, 2.5, 2)
    assert cells["unseen"] == pytest.approx((1 / 4 + 2 / 4) / 2)
    assert cells["as the same type"] == cells["seen 1"] == pytest.approx((4 / 6 + 2 / 6) / 2)
    assert cells["as other types only"] is None and cells["seen 6 and more"] is None
    assert "means of 2 seeds" in table.title and table.columns[1].form == "one decimal"


@pytest.mark.server
def test_runs_that_are_older_than_the_analysis_are_named(finished: Path, server: str) -> None:
    store = Store(finished)
    (record,) = all_runs(store)
    older = record.model_copy(update={"steps": tuple(s for s in record.steps if s.step != "judge_entities")})
    assert len(older.steps) < len(record.steps)
    runs = {"tiny": [older]}
    tests = comparison.test_sets(store, runs, every_model=False)
    found, without = judged(tests, runs, store)
    assert (found, without) == ([], ["tiny"])
    assert error_tables(tests, found, store) == []
