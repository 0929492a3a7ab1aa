from collections.abc import Callable

import numpy as np
import pytest

from artifacts.catalog import GOLD, VOTES
from artifacts.errors import InputError
from artifacts.reference import Reference
from artifacts.step import run_alone
from artifacts.store import Store
from tasks.evaluation.votes import measure_votes, vote_quality

LABELS = ["O", "B-LOC", "I-LOC", "B-PER", "I-PER"]
PutTable = Callable[..., Reference]
GOLDS = [["O", "O", "B-PER", "I-PER"], ["B-LOC", "O"]]
# Of three words O two have a vote, one of which is wrong; of three entity words two, one of which is wrong.
FOUND = [["O", "B-LOC", "B-PER", None], ["O", None]]


def put(put_table: PutTable, votes: list[list[str | None]], golds: list[list[str]]) -> tuple[Reference, Reference]:
    columns = {"sentence_id": list(range(len(votes))), "words": [["?"] * len(row) for row in votes], "votes": votes}
    gold = {"sentence_id": list(range(len(golds))), "tags": golds}
    return put_table(VOTES, columns, {"labels": LABELS}), put_table(GOLD, gold, {"labels": LABELS})


def test_votes_are_counted_by_label_and_words_with_a_vote_by_gold_label(store: Store, put_table: PutTable) -> None:
    made = run_alone(store, measure_votes, *put(put_table, FOUND, GOLDS))
    rows = {row.pop("label"): tuple(row.values()) for row in store.table(made).to_pylist()}
    assert list(rows) == ["overall", "entities", *LABELS]
    # voted, right, words, words_with_vote, precision, coverage
    assert rows["overall"] == (4, 2, 6, 4, 2 / 4, 4 / 6)
    assert rows["entities"] == (2, 1, 3, 2, 1 / 2, 2 / 3)
    assert rows["O"] == (2, 1, 3, 2, 1 / 2, 2 / 3)
    assert rows["B-LOC"] == (1, 0, 1, 1, 0.0, 1.0)
    assert rows["B-PER"] == (1, 1, 1, 1, 1.0, 1.0)
    assert rows["I-PER"] == (0, 0, 1, 0, None, 0.0)
    assert rows["I-LOC"] == (0, 0, 0, 0, None, None)


def test_no_words_at_all() -> None:
    nothing = np.array([], dtype=np.int64)
    rows = vote_quality(nothing, nothing, LABELS).to_pylist()
    assert {row["voted"] for row in rows} == {0} and {row["coverage"] for row in rows} == {None}


def test_other_sentences_are_refused(store: Store, put_table: PutTable) -> None:
    with pytest.raises(InputError, match="votes and gold"):
        run_alone(store, measure_votes, *put(put_table, FOUND, GOLDS[:1]))
    with pytest.raises(InputError, match="votes and gold"):
        run_alone(store, measure_votes, *put(put_table, FOUND, [GOLDS[1], GOLDS[0]]))
