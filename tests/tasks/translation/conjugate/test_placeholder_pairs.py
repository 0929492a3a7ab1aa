from collections.abc import Callable

import pytest

from artifacts.catalog import MARKED_PAIRS
from artifacts.reference import Reference
from artifacts.step import run_alone
from artifacts.store import Store
from tasks.translation.conjugate.placeholder_pairs import marked_spans, replace_marked, replaced

ROWS = [
    (0, "Ada lives in New Ulm .", "Ada wohnt in Neu-Ulm .", 0),
    (0, "__SLOT1__ Ada __SLOT1__ lives in __SLOT0__ New Ulm __SLOT0__ .",
     "__SLOT1__ Ada __SLOT1__ wohnt in __SLOT0__ Neu-Ulm __SLOT0__ .", 2),
    (1, "Ada sings .", "Ada singt .", 0),
    (1, "__SLOT0__ Ada __SLOT0__ sings .", "__SLOT0__ Ada __SLOT0__ singt .", 1),
]  # fmt: skip


def test_marked_training_pairs_get_one_marker_for_each_span() -> None:
    assert replaced(ROWS[1][1]) == "__SLOT1__ lives in __SLOT0__ ." and replaced("She lives .") == "She lives ."


def test_spans_are_paired_by_their_numbers() -> None:
    target = "in __SLOT0__ Neu-Ulm __SLOT0__ wohnt __SLOT1__ Ada __SLOT1__"
    assert marked_spans(ROWS[1][1], target) == [("Ada", "Ada"), ("New Ulm", "Neu-Ulm")]
    assert marked_spans(ROWS[1][1], "in __SLOT0__ Neu-Ulm __SLOT0__") == [("New Ulm", "Neu-Ulm")]


@pytest.mark.parametrize("keep_marked", [False, True])
def test_sentences_get_placeholders_and_spans_come_alone_once(
    store: Store, put_table: Callable[..., Reference], keep_marked: bool
) -> None:
    columns = dict(zip(MARKED_PAIRS.schema.names, map(list, zip(*ROWS, strict=True)), strict=True))
    about = {"source_language": "en", "target_language": "de", "pairs_by_spans": [2, 1, 1]}
    made = run_alone(store, replace_marked, put_table(MARKED_PAIRS, columns, about), keep_marked)
    expected = [
        ROWS[0],
        *([ROWS[1]] if keep_marked else []),
        (0, "__SLOT1__ lives in __SLOT0__ .", "__SLOT1__ wohnt in __SLOT0__ .", 2),
        (0, "Ada", "Ada", 0),
        (0, "New Ulm", "Neu-Ulm", 0),
        ROWS[2],
        *([ROWS[3]] if keep_marked else []),
        (1, "__SLOT0__ sings .", "__SLOT0__ singt .", 1),
    ]  # Ada is a span of both pairs, and comes with the first.
    assert [tuple(row.values()) for row in store.table(made).to_pylist()] == expected
    assert store.metadata(made) == {**about, "pairs_by_spans": [4, 2, 2] if keep_marked else [4, 1, 1]}


def test_pairs_are_counted_by_their_spans_those_numbers_too_that_none_has(
    store: Store, put_table: Callable[..., Reference]
) -> None:
    about = {"source_language": "en", "target_language": "de", "pairs_by_spans": [0, 0, 1]}
    alone = ("__SLOT0__ Ada __SLOT0__ __SLOT1__ Ada __SLOT1__", "__SLOT0__ Ada __SLOT0__ __SLOT1__ Ada __SLOT1__")
    columns = dict(zip(MARKED_PAIRS.schema.names, ([0], [alone[0]], [alone[1]], [2]), strict=True))
    made = run_alone(store, replace_marked, put_table(MARKED_PAIRS, columns, about), False)
    assert store.metadata(made)["pairs_by_spans"] == [1, 0, 1]
    none = put_table(MARKED_PAIRS, {name: [] for name in MARKED_PAIRS.schema.names}, {**about, "pairs_by_spans": []})
    assert store.metadata(run_alone(store, replace_marked, none, True))["pairs_by_spans"] == []


def test_without_marked_pairs_all_stays_as_it_is(store: Store, put_table: Callable[..., Reference]) -> None:
    columns = dict(zip(MARKED_PAIRS.schema.names, ([value] for value in ROWS[0]), strict=True))
    about = {"source_language": "en", "target_language": "de", "pairs_by_spans": [1]}
    made = run_alone(store, replace_marked, put_table(MARKED_PAIRS, columns, about), False)
    assert [tuple(row.values()) for row in store.table(made).to_pylist()] == [ROWS[0]]
    assert store.metadata(made) == about
