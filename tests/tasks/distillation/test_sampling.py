"""A random part of a training set."""

from collections.abc import Callable
from itertools import pairwise

import numpy as np

from artifacts.catalog import TRAINING_SET
from artifacts.reference import Reference
from artifacts.step import run_alone
from artifacts.store import Store
from tasks.distillation.sampling import drawn_rows, sample_sentences


def test_a_smaller_part_lies_inside_a_larger_one() -> None:
    parts = [drawn_rows(100, most, 7) for most in (1, 10, 99, 100, 5000)]
    for small, large in pairwise(parts):
        assert set(small.tolist()) <= set(large.tolist())
    assert [len(part) for part in parts] == [1, 10, 99, 100, 100]
    assert parts[-1].tolist() == list(range(100))
    assert all((np.diff(part) > 0).all() for part in parts)  # no row twice, in order


def test_every_sentence_is_as_likely_as_any_other() -> None:
    # Each of 4 rows is drawn with probability 1/2: over 2,000 seeds 1,000 times, standard deviation sqrt(500) = 22.
    counts = np.zeros(4)
    for seed in range(2000):
        counts[drawn_rows(4, 2, seed)] += 1
    assert counts.sum() == 4000
    assert (abs(counts - 1000) < 5 * 22.4).all()


def test_sentences_keep_words_tags_and_origin_and_are_counted_anew(
    store: Store, put_table: Callable[..., Reference]
) -> None:
    columns = {
        "sentence_id": [0, 1, 2, 3],
        "words": [["a"], ["b", "c"], [], ["d"]],
        "tags": [["O"], ["B-LOC", "O"], [], ["O"]],
        "language": ["de"] * 4,
        "origin": ["projected", "projected", "relabelled", "relabelled"],
        "corpus": ["sentences/ab"] * 4,
        "source_sentence_id": [5, 6, 8, 9],
    }
    about = {"language": "de", "labels": ["O", "B-LOC"], "sentences": {"de": {"projected": 2, "relabelled": 2}}}
    data = put_table(TRAINING_SET, columns, about)
    drawn = drawn_rows(4, 3, 1).tolist()
    made = run_alone(store, sample_sentences, data, 3, 1)
    rows = store.table(made).to_pylist()
    assert [row["sentence_id"] for row in rows] == [0, 1, 2]
    for row, old in zip(rows, drawn, strict=True):
        assert all(row[name] == columns[name][old] for name in columns if name != "sentence_id")
    counts = store.metadata(made)["sentences"]["de"]
    assert counts == {origin: [columns["origin"][i] for i in drawn].count(origin) for origin in counts}
    assert sum(counts.values()) == 3
