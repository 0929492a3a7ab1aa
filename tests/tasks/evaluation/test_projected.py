from collections.abc import Callable
from typing import Any

import pytest

from artifacts.catalog import GOLD, PREDICTIONS, PROJECTION
from artifacts.errors import InputError
from artifacts.reference import Reference
from artifacts.step import run_alone
from artifacts.store import Store
from tasks.denoising.settling import Settling
from tasks.evaluation.projected import score_projection, score_settled

LABELS = ["O", "B-LOC", "I-LOC", "B-PER", "I-PER"]
PutTable = Callable[..., Reference]
# (gold, projected, reason): 3 entities of gold in kept sentences, 2 projected, 1 of them right.
ROWS = [
    (["B-PER", "O", "B-LOC"], ["B-PER", "O", "O"], ""),
    (["B-LOC", "I-LOC"], ["B-LOC", "O"], ""),
    (["B-PER", "B-PER"], [], "unmatched"),
    (["O"], [], "all_outside"),
]


@pytest.fixture
def projection(put_table: PutTable) -> Reference:
    rows: list[dict[str, Any]] = [
        {**{name: [] for name in PROJECTION.schema.names}, "sentence_id": n, "words": ["?"] * len(gold), "tags": tags}
        | {"forward": "", "output": "", "reason": reason}
        for n, (gold, tags, reason) in enumerate(ROWS)
    ]
    columns = {name: [row[name] for row in rows] for name in PROJECTION.schema.names}
    return put_table(PROJECTION, columns, {"language": "de", "labels": LABELS})


def put_gold(put_table: PutTable, rows: int = 4) -> Reference:
    columns = {"sentence_id": list(range(rows)), "tags": [gold for gold, _, _ in ROWS[:rows]]}
    return put_table(GOLD, columns, {"language": "de", "labels": LABELS})


def test_projected_tags_are_scored_over_kept_sentences_only(
    store: Store, put_table: PutTable, projection: Reference
) -> None:
    made = run_alone(store, score_projection, projection, put_gold(put_table), "projection de")
    overall, place, person = store.table(made).to_pylist()
    # P = 1/2, R = 1/3, F1 = 2 * 1 / (3 + 2).
    assert (overall["precision"], overall["recall"], overall["f1"]) == (1 / 2, 1 / 3, 2 / 5)
    assert (place["gold"], place["predicted"], place["correct"]) == (2, 1, 0)
    assert (person["gold"], person["predicted"], person["correct"]) == (1, 1, 1)
    assert store.metadata(made) == {"name": "projection de", "sentences": 4, "kept": 2, "share_kept": 0.5}


def test_settled_tags_are_scored_over_all_that_are_trained_on(
    store: Store, put_table: PutTable, projection: Reference
) -> None:
    # The tagger's B-PER B-PER of the unmatched sentence are right: 3 of 4 predicted, of 5; the last one is left out.
    tags = [["O", "O", "O"], ["O", "O"], ["B-PER", "B-PER"], ["O"]]
    columns = {"sentence_id": [0, 1, 2, 3], "words": [["?"] * len(row) for row in tags], "tags": tags}
    tagged = put_table(PREDICTIONS, columns, {"language": "de", "labels": LABELS})
    made = run_alone(store, score_settled, projection, tagged, put_gold(put_table), Settling(), "settled de")
    overall = store.table(made).to_pylist()[0]
    assert (overall["gold"], overall["predicted"], overall["correct"]) == (5, 4, 3)
    assert store.metadata(made) == {"name": "settled de", "sentences": 4, "kept": 3, "share_kept": 0.75}


def test_gold_must_be_about_the_same_sentences(store: Store, put_table: PutTable, projection: Reference) -> None:
    with pytest.raises(InputError, match="projection and gold: 4 and 3 sentences"):
        run_alone(store, score_projection, projection, put_gold(put_table, 3), "x")
