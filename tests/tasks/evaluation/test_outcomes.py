"""What becomes of entities, by hand; every number is a count of rows, and scores follow from them."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from artifacts.catalog import GOLD, LABELLED, OUTCOMES, PREDICTIONS
from artifacts.errors import InputError
from artifacts.reference import Reference
from artifacts.step import run_alone
from artifacts.store import Store
from tasks.evaluation.outcomes import CATEGORIES, Entity, frequency, judge_entities, outcomes, seen_as
from tasks.evaluation.scores import entity_scores
from tasks.words.spans import spans_of

LABELS = ["O", "B-LOC", "I-LOC", "B-PER", "I-PER"]
Put = Callable[..., Reference]


def entities(*given: tuple[int, int, str]) -> list[Entity]:
    return [Entity(*each) for each in given]


def told(gold: list[Entity], predicted: list[Entity]) -> list[tuple[Any, Any, str]]:
    """Start of both entities, and the category."""
    return [(g and g.start, p and p.start, category) for g, p, category in outcomes(gold, predicted)]


@pytest.mark.parametrize(
    ("predicted", "category"),
    [
        ((2, 4, "LOC"), "right"),
        ((2, 4, "PER"), "type"),
        ((3, 4, "LOC"), "boundary"),
        ((1, 3, "LOC"), "boundary"),
        ((2, 7, "PER"), "both"),
    ],
)
def test_one_entity_of_each_kind(predicted: tuple[int, int, str], category: str) -> None:
    assert told(entities((2, 4, "LOC")), entities(predicted)) == [(2, predicted[0], category)]


def test_entities_that_only_touch_are_missed_and_spurious() -> None:
    assert told(entities((2, 4, "LOC")), entities((0, 2, "LOC"), (4, 5, "LOC"))) == [
        (None, 0, "spurious"), (2, None, "missed"), (None, 4, "spurious")
    ]  # fmt: skip


def test_of_several_that_overlap_one_is_compared_and_the_others_are_on_their_own() -> None:
    # Two words of the first and one of the second gold entity are in one prediction: the larger part counts.
    assert told(entities((0, 2, "LOC"), (2, 3, "LOC")), entities((0, 3, "LOC"))) == [
        (0, 0, "boundary"), (2, None, "missed")
    ]  # fmt: skip
    # Of the same type first, though it shares fewer words.
    assert told(entities((0, 4, "LOC")), entities((0, 3, "PER"), (3, 4, "LOC"))) == [
        (0, 3, "boundary"), (None, 0, "spurious")
    ]  # fmt: skip
    # As many words, the same type: the first.
    assert told(entities((0, 2, "LOC")), entities((0, 1, "LOC"), (1, 2, "LOC"))) == [
        (0, 0, "boundary"), (None, 1, "spurious")
    ]  # fmt: skip
    # A chain: the first prediction shares more with the second gold entity, so that the first one is missed.
    assert told(entities((0, 2, "LOC"), (2, 6, "LOC")), entities((1, 5, "LOC"), (5, 7, "PER"))) == [
        (0, None, "missed"), (2, 1, "boundary"), (None, 5, "spurious")
    ]  # fmt: skip


def test_nothing_against_nothing_is_nothing() -> None:
    assert outcomes([], []) == []


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(LABELS), st.sampled_from(LABELS)), min_size=1, max_size=10))
def test_every_entity_is_in_one_row_and_scores_follow(pairs: list[tuple[str, str]]) -> None:
    sides = [[Entity(*span) for span in spans_of([pair[side] for pair in pairs])] for side in (0, 1)]
    found = outcomes(*sides)
    assert sorted(each.gold for each in found if each.gold) == sorted(sides[0])
    assert sorted(each.predicted for each in found if each.predicted) == sorted(sides[1])
    ids = [np.array([LABELS.index(pair[side]) for pair in pairs]) for side in (0, 1)]
    overall = entity_scores(*ids, np.array([len(pairs)]), LABELS)[0]
    counts = {name: sum(each.category == name for each in found) for name in CATEGORIES}
    paired = counts["boundary"] + counts["type"] + counts["both"]
    assert overall.correct == counts["right"]
    assert overall.gold == counts["right"] + paired + counts["missed"]
    assert overall.predicted == counts["right"] + paired + counts["spurious"]


def test_how_often_a_name_was_seen() -> None:
    assert [seen_as(2, 0), seen_as(1, 5), seen_as(0, 3), seen_as(0, 0)] == [
        "as the same type", "as the same type", "as other types only", "unseen"
    ]  # fmt: skip
    assert [frequency(times) for times in (0, 1, 2, 5, 6, 1000)] == [
        "0", "1", "2 to 5", "2 to 5", "6 and more", "6 and more"
    ]  # fmt: skip


WORDS = [["Anna", "lives", "in", "New", "York"], ["Paris"], ["rain"], ["quiet"], ["Anna", "met", "Berlin"], ["Anna"]]
TRUE = [["B-PER", "O", "O", "B-LOC", "I-LOC"], ["B-LOC"], ["O"], ["O"], ["B-PER", "O", "B-PER"], ["B-PER"]]
SAID = [["B-PER", "O", "O", "O", "B-LOC"], ["B-PER"], ["B-LOC"], ["O"], ["O", "O", "B-PER"], ["O"]]
# Seen: Anna twice as PER; Berlin twice, as LOC alone; New York never as a whole; Paris once as each; rain never.
SOURCE = [["Anna", "saw", "Berlin"], ["York", "Anna"], ["Paris", "Paris", "Berlin"], []]
SOURCE_TAGS = [["B-PER", "O", "B-LOC"], ["B-LOC", "B-PER"], ["B-LOC", "B-PER", "B-LOC"], []]


@pytest.fixture
def judged(store: Store, put_table: Put) -> Reference:
    ids, meta = [3, 5, 6, 7, 9, 11], {"language": "de", "labels": LABELS}
    gold = put_table(GOLD, {"sentence_id": ids, "tags": TRUE}, meta)
    said = put_table(PREDICTIONS, {"sentence_id": ids, "words": WORDS, "tags": SAID}, meta)
    training = {"sentence_id": list(range(4)), "words": SOURCE, "tags": SOURCE_TAGS}
    labelled = put_table(LABELLED, training, {"language": "en", "labels": LABELS})
    return run_alone(store, judge_entities, said, gold, labelled)


def test_rows_of_the_step_by_hand(store: Store, judged: Reference) -> None:
    rows = [tuple(row.values()) for row in store.table(judged).to_pylist()]
    assert rows == [
        (3, 0, 1, "PER", "Anna", 0, 1, "PER", "Anna", "right", 2, 0),
        (3, 3, 5, "LOC", "New York", 4, 5, "LOC", "York", "boundary", 0, 0),
        (5, 0, 1, "LOC", "Paris", 0, 1, "PER", "Paris", "type", 1, 1),
        (6, None, None, None, "rain", 0, 1, "LOC", "rain", "spurious", 0, 0),
        (9, 0, 1, "PER", "Anna", None, None, None, None, "missed", 2, 0),
        (9, 2, 3, "PER", "Berlin", 2, 3, "PER", "Berlin", "right", 0, 2),
        (11, 0, 1, "PER", "Anna", None, None, None, None, "missed", 2, 0),
    ]


def test_every_number_is_a_count_of_rows(store: Store, judged: Reference) -> None:
    about, rows = store.metadata(judged), store.table(judged).to_pylist()
    assert about["categories"] == {"right": 2, "boundary": 1, "type": 1, "both": 0, "missed": 2, "spurious": 1}
    # Of six gold entities Anna (thrice) and Paris were seen as they are, Berlin as another type, New York never.
    assert about["seen"] == {
        "as the same type": {"gold": 4, "right": 1},
        "as other types only": {"gold": 1, "right": 1},
        "unseen": {"gold": 1, "right": 0},
    }
    assert about["frequency"] == {
        "0": {"gold": 1, "right": 0},
        "1": {"gold": 0, "right": 0},
        "2 to 5": {"gold": 5, "right": 2},
        "6 and more": {"gold": 0, "right": 0},
    }
    for category, count in about["categories"].items():
        assert count == sum(row["category"] == category for row in rows)
    gold = [row for row in rows if row["category"] != "spurious"]
    for name, counts in about["seen"].items():
        these = [row for row in gold if seen_as(row["as_same_type"], row["as_other_type"]) == name]
        assert counts == {"gold": len(these), "right": sum(row["category"] == "right" for row in these)}
    for name, counts in about["frequency"].items():
        these = [row for row in gold if frequency(row["as_same_type"] + row["as_other_type"]) == name]
        assert counts == {"gold": len(these), "right": sum(row["category"] == "right" for row in these)}


def test_an_outcome_reads_as_what_was_made_of_what(store: Store, judged: Reference) -> None:
    told = [OUTCOMES.form(row, LABELS) for row in store.table(judged).to_pylist()]
    assert told[1] == (
        "[3] boundary  New York/LOC -> York/LOC  (in training: 0 as this type, 0 as others)"
    )  # fmt: skip
    assert "spurious  nothing -> rain/LOC" in told[3] and "missed    Anna/PER -> nothing" in told[4]


def test_other_sentences_and_other_labels_are_refused(store: Store, put_table: Put) -> None:
    meta = {"language": "de", "labels": LABELS}
    gold = put_table(GOLD, {"sentence_id": [0], "tags": [["O", "O"]]}, meta)
    training = put_table(LABELLED, {"sentence_id": [], "words": [], "tags": []}, meta)
    said = put_table(PREDICTIONS, {"sentence_id": [0], "words": [["a"]], "tags": [["O"]]}, meta)
    with pytest.raises(InputError, match="gold and predictions, row 0: number of words 2 and 1"):
        run_alone(store, judge_entities, said, gold, training)
    others = put_table(
        PREDICTIONS, {"sentence_id": [0], "words": [["a", "b"]], "tags": [["O", "O"]]},
        {"language": "de", "labels": LABELS[:3]},
    )  # fmt: skip
    with pytest.raises(InputError, match="label sets differ"):
        run_alone(store, judge_entities, others, gold, training)
