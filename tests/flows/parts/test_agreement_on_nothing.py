"""The warning that a student agrees with itself on `illegal`, and where it is shown."""

from collections.abc import Callable
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from artifacts.catalog import PAIR_AGREEMENT
from artifacts.manifest import Recipe
from artifacts.reference import Reference
from artifacts.runs import Measurements
from artifacts.store import STORE_FORMAT, Store
from flows.parts.pair_agreement import agreement_listing
from flows.parts.run_tables import measurement_page, print_measurements
from tasks.distillation.train_consistent import ConsistencyTraining


@pytest.fixture
def measured(tmp_path: Path) -> Callable[..., Measurements]:
    """The table of a vanilla model and a student with so many of a hundred pairs illegal on both sides."""
    store = Store(tmp_path / "store")

    def put(name: str, both: int) -> Reference:
        total = {"pairs": 100, "illegal_on_both": both, "illegal_on_one": 6, "illegal_on_neither": 94 - both,
                 "same_type": 40, "mean_illegal": 0.25, "mean_divergence": 0.125}  # fmt: skip
        recipe = Recipe(step="test", parameters={}, inputs={}, code="", schemas={}, store_format=STORE_FORMAT)
        with store.writing(PAIR_AGREEMENT, name, recipe) as writer:
            writer.write(PAIR_AGREEMENT.schema.empty_table(), {"total": total})
        assert writer.reference is not None
        return writer.reference

    def measure(vanilla: int, student: int, **learnt: object) -> Measurements:
        measured = {"vanilla": put("a", vanilla), "student": put("b", student)}
        return agreement_listing(measured, ConsistencyTraining.model_validate(learnt)).measured(store)

    return measure


def test_the_table_has_shares_of_pairs(measured: Callable[..., Measurements]) -> None:
    table = measured(10, 20)
    assert [line.name for line in table.lines] == ["vanilla", "student"]
    assert table.lines[1].cells == (100, 0.2, 0.06, 0.74, 0.4, 0.25, 0.125)
    assert [column.name for column in table.columns][:4] == ["pairs", "illegal on both", "on one", "on neither"]


@pytest.mark.parametrize(
    ("vanilla", "student", "warns"),
    [
        (10, 20, False),  # Twice is not more than twice.
        (10, 21, True),
        (21, 10, False),
        (0, 5, False),  # A few pairs.
        (0, 6, True),
    ],
)
def test_more_than_twice_as_much_is_warned_of(
    measured: Callable[..., Measurements], vanilla: int, student: int, warns: bool
) -> None:
    remark = measured(vanilla, student).remark
    assert remark.startswith(f"warning: student calls {student}.0 % of the pairs illegal") == warns
    assert (f"vanilla {vanilla}.0 %" in remark) == warns and bool(remark) == warns


def test_it_names_only_settings_that_the_training_did_not_have(measured: Callable[..., Measurements]) -> None:
    said = {
        (total, illegal): measured(10, 90, supervised_sum=total, illegal=illegal).remark
        for total in (False, True)
        for illegal in ("class", "left_out")
    }
    for (total, illegal), remark in said.items():
        assert ("student.supervised_sum=true" in remark) == (not total)
        assert ("student.illegal=left_out" in remark) == (illegal == "class")
    assert "hurt on Spanish" in said[True, "class"]


def test_the_warning_stands_below_the_table_in_the_terminal_and_on_the_page(
    measured: Callable[..., Measurements],
) -> None:
    for student in (90, 10):
        table, told = measured(10, student), StringIO()
        print_measurements(Console(file=told, soft_wrap=True, width=200), table)
        shown = [told.getvalue().rstrip().splitlines()[-1], measurement_page(table).splitlines()[-1].strip("*")]
        assert [line.startswith("warning: student calls 90.0 %") for line in shown] == [student == 90] * 2
