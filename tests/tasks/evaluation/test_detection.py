"""Reliability as a detector of wrong pseudo-labels."""

from collections.abc import Callable

import numpy as np
import pytest

from artifacts.catalog import DETECTION, GOLD, RELIABILITY, SOFT_LABELS
from artifacts.errors import InputError
from artifacts.reference import Reference
from artifacts.step import run_alone
from artifacts.store import Store
from tasks.evaluation.bins import bin_reliability
from tasks.evaluation.detection import area_under_curve, detection, measure_detection
from tasks.tagging.decoding import Decoding

LABELS = ["O", "B-LOC", "I-LOC"]


def test_the_area_is_the_share_of_pairs_in_the_right_order() -> None:
    # Right: 0.9, 0.4; wrong: 0.5, 0.1. Pairs (right, wrong): .9 > .5, .9 > .1, .4 < .5, .4 > .1: 3 of 4.
    # By ranks 1..4 of .1 .4 .5 .9: right ones have 2 and 4; (6 - 2 * 3 / 2) / (2 * 2) = 3 / 4.
    assert area_under_curve(np.array([1, 1, 0, 0], bool), np.array([0.9, 0.4, 0.5, 0.1])) == 0.75


def test_ties_count_half() -> None:
    # Right: 0.5, 0.5; wrong: 0.5, 0.2. Pairs: two ties, two in order: (2 * 1/2 + 2) / 4.
    assert area_under_curve(np.array([1, 0, 1, 0], bool), np.array([0.5, 0.5, 0.5, 0.2])) == 0.75
    assert area_under_curve(np.array([1, 0, 1], bool), np.ones(3)) == 0.5


def test_labels_that_are_all_right_or_all_wrong_have_no_area() -> None:
    assert area_under_curve(np.array([True, True]), np.array([0.1, 0.2])) is None
    assert area_under_curve(np.array([False]), np.array([0.1])) is None
    assert area_under_curve(np.array([], bool), np.array([])) is None


def test_perfect_and_perverse_trust() -> None:
    right = np.array([True, True, False])
    assert area_under_curve(right, np.array([0.3, 0.2, 0.1])) == 1.0
    assert area_under_curve(right, np.array([0.1, 0.2, 0.3])) == 0.0


def test_each_label_is_measured_among_its_own_words() -> None:
    # Words:      O right  O wrong  B right  B wrong
    # agreement:    1.0      0.8      0.6      0.4
    # Within O and within B the right one is higher: 1. Over all, right {1.0, .6}, wrong {.8, .4}: 3 of 4 pairs.
    # weight (around each label's mean) .6, .4, .6, .4: all 4 pairs in order. The probability is the other way round.
    overall, outside, begin = detection(
        ids=np.array([0, 0, 1, 1]),
        gold=np.array([0, 1, 1, 2]),
        agreement=np.array([1.0, 0.8, 0.6, 0.4]),
        weight=np.array([0.6, 0.4, 0.6, 0.4]),
        probability=np.array([0.1, 0.2, 0.1, 0.2]),
        labels=LABELS,
    )
    assert (overall.label, overall.words, overall.wrong) == ("overall", 4, 2)
    assert (overall.auc_agreement, overall.auc_weight, overall.auc_probability) == (0.75, 1.0, 0.0)
    assert (outside.label, outside.words, outside.wrong, outside.auc_agreement) == ("O", 2, 1, 1.0)
    assert (begin.label, begin.auc_agreement, begin.auc_probability) == ("B-LOC", 1.0, 0.0)


@pytest.fixture
def inputs(put_table: Callable[..., Reference]) -> tuple[Reference, Reference, Reference]:
    """Two sentences. Argmax labels: B-LOC O | I-LOC; the last is no valid start, so Viterbi makes it B-LOC."""
    probabilities = [[[0.1, 0.8, 0.1], [0.9, 0.05, 0.05]], [[0.0, 0.4, 0.6]]]
    soft = put_table(
        SOFT_LABELS,
        {"sentence_id": [0, 1], "words": [["Ulm", "liegt"], ["Rom"]], "probabilities": probabilities},
        {"language": "de", "labels": LABELS},
    )
    trust = put_table(
        RELIABILITY,
        {"sentence_id": [0, 1], "agreement": [[0.9, 0.2], [0.5]], "weight": [[0.7, 0.3], [0.5]]},
        {"labels": LABELS, "neighbours": 2},
    )
    gold = put_table(
        GOLD, {"sentence_id": [0, 1], "tags": [["B-LOC", "B-LOC"], ["B-LOC"]]}, {"language": "de", "labels": LABELS}
    )
    return soft, trust, gold


@pytest.mark.parametrize(("method", "wrong", "labels"), [("argmax", 2, LABELS), ("viterbi", 1, ["O", "B-LOC"])])
def test_the_step_judges_the_labels_that_were_weighed(
    store: Store, inputs: tuple[Reference, Reference, Reference], method: str, wrong: int, labels: list[str]
) -> None:
    made = run_alone(store, measure_detection, *inputs, Decoding(method=method))
    rows = store.table(made).to_pylist()
    assert made.kind == DETECTION.name
    assert [row["label"] for row in rows] == ["overall", *labels]
    # Right by argmax: .9 against .2 and .5; by Viterbi: .9 and .5 against .2. All pairs are in order.
    assert (rows[0]["words"], rows[0]["wrong"], rows[0]["auc_agreement"]) == (3, wrong, 1.0)


@pytest.mark.parametrize(("method", "f1"), [("argmax", 0.0), ("viterbi", 1.0)])
def test_figure_5_bins_the_labels_that_were_weighed(
    store: Store, inputs: tuple[Reference, Reference, Reference], method: str, f1: float
) -> None:
    # Fifths; `Rom`, of weight .5, alone is in [.4, .6): I-LOC by argmax, B-LOC by
    # Viterbi, as in gold. `Ulm`, of weight .7, is right either way; `liegt`, of weight .3, is O and should be B-LOC.
    bins = store.table(run_alone(store, bin_reliability, *inputs, Decoding(method=method), 5)).to_pylist()
    assert [row["words"] for row in bins] == [0, 1, 1, 1, 0]
    assert [row["token_f1"] for row in bins] == [None, 0.0, f1, 1.0, None]


def test_reliability_of_other_sentences_is_refused(
    store: Store, put_table: Callable[..., Reference], inputs: tuple[Reference, Reference, Reference]
) -> None:
    other = put_table(
        RELIABILITY, {"sentence_id": [0], "agreement": [[0.9]], "weight": [[0.7]]}, {"labels": LABELS, "neighbours": 2}
    )
    with pytest.raises(InputError, match="soft labels and reliability: 2 and 1 sentences"):
        run_alone(store, measure_detection, inputs[0], other, inputs[2], Decoding())
