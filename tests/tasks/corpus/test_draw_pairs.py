"""Some pairs of a parallel text, drawn at random."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from artifacts.catalog import PARALLEL
from artifacts.reference import Reference
from artifacts.runtime import Runtime, running
from artifacts.step import run_alone
from artifacts.store import Store
from flows.parts.corpora import ParallelText, read_pairs
from tasks.corpus.draw_pairs import draw_pairs, drawn


def test_so_many_are_drawn_by_the_seed_and_all_if_there_are_no_more() -> None:
    assert drawn(10, 4, 1).sum() == 4
    assert drawn(10, 4, 1).tolist() == drawn(10, 4, 1).tolist() != drawn(10, 4, 2).tolist()
    assert drawn(3, 4, 1).tolist() == [True] * 3 and drawn(0, 4, 1).tolist() == []
    often = np.mean([drawn(10, 4, seed) for seed in range(2000)], axis=0)
    assert np.abs(often - 0.4).max() < 0.05  # Each as likely as any other: 4 of 10, deviation 0.011.


def test_those_that_are_drawn_keep_their_order_and_ids(tmp_path: Path, put_table: Callable[..., Reference]) -> None:
    store = Store(tmp_path / "store")
    columns = {"pair_id": list(range(0, 200, 2)), "source": [f"s{n}" for n in range(100)], "target": ["t"] * 100}
    parallel = put_table(
        PARALLEL, columns, about := {"source_language": "en", "target_language": "de", "skipped_pairs": 7}
    )
    made = run_alone(store, draw_pairs, parallel, 30, 5)
    rows = store.table(made).to_pylist()
    assert len(rows) == 30 and [row["pair_id"] for row in rows] == sorted({row["pair_id"] for row in rows})
    assert all(row["source"] == f"s{row['pair_id'] // 2}" for row in rows)
    assert store.metadata(made) == about
    assert run_alone(store, draw_pairs, parallel, 100, 5).digest == parallel.digest


def test_a_text_of_more_pairs_than_wanted_is_drawn_from_and_others_are_not(tmp_path: Path) -> None:
    for side in ("a", "b"):
        (tmp_path / side).write_text("x\ny\nz\n")
    runtime = Runtime(store=str(tmp_path / "store"), data=str(tmp_path))
    texts = (ParallelText(source="a", target="b"), ParallelText(source="a", target="b", max_pairs=2, seed=9))
    with running(runtime, planning=True) as run:
        read_pairs(texts, ("en", "de"), runtime)
    assert [outcome.step for outcome in run.outcomes] == ["read_parallel", "read_parallel", "draw_pairs"]
