"""Means over languages."""

from collections.abc import Callable

import pyarrow as pa
import pytest

from artifacts.catalog import SCORES
from artifacts.errors import InputError
from artifacts.reference import Reference
from artifacts.step import run_alone
from artifacts.store import Store
from tasks.evaluation.averages import average_scores, macro_average


def scores(precision: float, recall: float, f1: float, count: int, kind: str = "LOC") -> pa.Table:
    columns = {"type": ["overall", kind], "precision": [precision] * 2, "recall": [recall] * 2, "f1": [f1] * 2}
    return pa.table({**columns, **{name: [count] * 2 for name in ("gold", "predicted", "correct")}}, SCORES.schema)


def test_each_language_counts_alike_however_many_entities_it_has() -> None:
    # One language has 1 entity, the other 99. Precision (0.5 + 1) / 2 = 0.75, recall (0.25 + 0.5) / 2 = 0.375, F1
    # (0.4 + 0.8) / 2 = 0.6; the harmonic mean of the first two would be 2 * 0.75 * 0.375 / 1.125 = 0.5.
    mean = macro_average([scores(0.5, 0.25, 0.4, 1), scores(1.0, 0.5, 0.8, 99)]).to_pylist()
    assert [row["type"] for row in mean] == ["overall", "LOC"]
    for row in mean:
        assert (row["precision"], row["recall"]) == (0.75, 0.375)
        assert row["f1"] == pytest.approx(0.6)
        assert row["gold"] == row["predicted"] == row["correct"] == 100


def test_the_mean_of_one_language_is_its_score() -> None:
    one = scores(0.5, 0.25, 0.4, 7)
    assert macro_average([one]).equals(one)


def test_languages_with_other_types_have_no_mean(store: Store, put_table: Callable[..., Reference]) -> None:
    given = [
        put_table(SCORES, scores(1, 1, 1, number, kind).to_pydict(), {"name": kind})
        for number, kind in enumerate(("LOC", "PER"), 1)
    ]
    with pytest.raises(InputError, match=r"average 'x'.*LOC.*PER"):
        run_alone(store, average_scores, tuple(given), "x")
    with pytest.raises(ValueError, match="expected the same types"):
        macro_average([])
