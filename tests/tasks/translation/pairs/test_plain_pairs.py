"""Pairs without markers."""

from collections.abc import Callable

from artifacts.catalog import PARALLEL
from artifacts.reference import Reference
from artifacts.step import run_alone
from artifacts.store import Store
from tasks.translation.pairs.plain_pairs import keep_pairs_plain

TEXT = {"pair_id": [0, 1], "source": ["I sleep.", "It rains."], "target": ["Ich schlafe.", "Es regnet."]}
ABOUT = {"source_language": "en", "target_language": "de"}


def test_each_pair_comes_so_many_times_and_no_span_is_marked(store: Store, put_table: Callable[..., Reference]) -> None:
    made = run_alone(store, keep_pairs_plain, put_table(PARALLEL, TEXT, ABOUT), 2)
    table = store.table(made)
    assert table["pair_id"].to_pylist() == [0, 0, 1, 1]
    assert table["target"].to_pylist() == ["Ich schlafe."] * 2 + ["Es regnet."] * 2
    assert table["spans"].to_pylist() == [0] * 4
    assert store.metadata(made) == {**ABOUT, "pairs_by_spans": [4]}
