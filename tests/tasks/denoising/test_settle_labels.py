from collections.abc import Callable
from typing import Any

import pytest

from artifacts.catalog import PREDICTIONS, PROJECTION
from artifacts.errors import InputError
from artifacts.reference import Reference
from artifacts.step import run_alone
from artifacts.store import Store
from tasks.denoising.settle_labels import settle_labels
from tasks.denoising.settling import Settling

LABELS = ["O", "B-LOC", "I-LOC", "B-PER", "I-PER"]
PutTable = Callable[..., Reference]


@pytest.fixture
def projection(put_table: PutTable) -> Reference:
    """Three raw sentences: kept, unmatched, without an entity."""
    rows: list[dict[str, Any]] = [
        {"words": ["Ada", "lebt"], "source_tags": ["B-PER"], "tags": ["B-PER", "O"], "reason": "", "entities": ["Ada"]},
        {"words": ["In", "Ulm"], "source_tags": ["B-LOC"], "tags": [], "reason": "unmatched", "entities": ["In Ulm"]},
        {"words": ["Ja"], "source_tags": ["O"], "tags": [], "reason": "all_outside"},
    ]
    empty: dict[str, Any] = {
        "forward": "",
        "source_words": [],
        "output": "",
        "output_tags": [],
        "entities": [],
        "entity_types": [],
        "matches": [],
    }
    full = [{**empty, **row, "sentence_id": 5 * n} for n, row in enumerate(rows)]
    columns = {name: [row[name] for row in full] for name in PROJECTION.schema.names}
    about = {"language": "de", "labels": LABELS, "corpus": "sentences/ab", "kept": 1}
    return put_table(PROJECTION, columns, {**about, "dropped": {"all_outside": 1, "unmatched": 1}})


def predictions(put_table: PutTable, tags: list[list[str]], labels: list[str] = LABELS) -> Reference:
    words = [["?"] * len(row) for row in tags]
    columns = {"sentence_id": [0, 5, 10], "words": words, "tags": tags}
    return put_table(PREDICTIONS, columns, {"language": "de", "labels": labels})


def test_projected_and_relabelled_sentences_become_one_training_set(
    store: Store, put_table: PutTable, projection: Reference
) -> None:
    tagged = predictions(put_table, [["O", "O"], ["O", "B-LOC"], ["O"]])
    made = run_alone(store, settle_labels, projection, tagged, Settling())
    assert store.table(made).to_pylist() == [
        {"sentence_id": 0, "words": ["Ada", "lebt"], "tags": ["B-PER", "O"], "language": "de", "origin": "projected"}
        | {"corpus": "sentences/ab", "source_sentence_id": 0},
        {"sentence_id": 1, "words": ["In", "Ulm"], "tags": ["O", "B-LOC"], "language": "de", "origin": "relabelled"}
        | {"corpus": "sentences/ab", "source_sentence_id": 5},
    ]
    counts = {"de": {"projected": 1, "relabelled": 1}}
    assert store.metadata(made) == {"language": "de", "labels": LABELS, "sentences": counts}
    assert store.describe(made).notes["settled_left_out"] == {"all_outside": 1}


def test_sentences_that_are_left_out_leave_no_gap_in_the_ids(
    store: Store, put_table: PutTable, projection: Reference
) -> None:
    # Agreement: 1 entity against 0 (out); both begin with In (relabelled); none and none (agreed).
    tagged = predictions(put_table, [["O", "O"], ["B-LOC", "O"], ["O"]])
    made = run_alone(store, settle_labels, projection, tagged, Settling(rule="agreement"))
    table = store.table(made)
    assert store.describe(made).notes["settled_left_out"] == {"no_agreement": 1}
    assert table["sentence_id"].to_pylist() == [0, 1]
    assert table["origin"].to_pylist() == ["relabelled", "agreed"]
    assert table["tags"].to_pylist() == [["B-LOC", "O"], ["O"]]


def test_nothing_left_is_an_error_with_the_counts(store: Store, put_table: PutTable, projection: Reference) -> None:
    tagged = predictions(put_table, [["O", "O"], ["O", "O"], ["B-LOC"]])
    with pytest.raises(InputError, match=r"none of 3 sentences .*kept 1 and dropped: all_outside 1, unmatched 1"):
        run_alone(store, settle_labels, projection, tagged, Settling(rule="agreement"))


def test_predictions_must_be_about_the_same_sentences_and_labels(
    store: Store, put_table: PutTable, projection: Reference
) -> None:
    with pytest.raises(InputError, match="projection and predictions, row 1: number of words 2 and 1"):
        run_alone(store, settle_labels, projection, predictions(put_table, [["O", "O"], ["O"], ["O"]]), Settling())
    other = predictions(put_table, [["O", "O"], ["O", "O"], ["O"]], ["O", "B-LOC", "I-LOC"])
    with pytest.raises(
        InputError, match=r"has O, B-LOC, I-LOC, B-PER, I-PER; the multilingual tagger has O, B-LOC, I-LOC;"
    ):
        run_alone(store, settle_labels, projection, other, Settling())
