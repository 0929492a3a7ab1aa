import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from seqeval.metrics.v1 import precision_recall_fscore_support
from seqeval.scheme import IOB2

from tasks.evaluation.scores import entity_scores

LABELS = ["O", "B-LOC", "I-LOC", "B-PER", "I-PER"]
TAGS = st.sampled_from(LABELS)


def scores_of(gold, predicted):
    lengths = np.array([len(sentence) for sentence in gold], dtype=np.int64)
    gold_ids, predicted_ids = (
        np.array([LABELS.index(tag) for sentence in tags for tag in sentence], dtype=np.int64)
        for tags in (gold, predicted)
    )
    return entity_scores(gold_ids, predicted_ids, lengths, LABELS)


def test_precision_and_recall_by_hand():
    # Gold: LOC(1), PER(3-4). Predicted: LOC(1), PER(3), LOC(4). Right: LOC(1). P = 1/3, R = 1/2, F1 = 2/5.
    overall, loc, per = scores_of([["B-LOC", "O", "B-PER", "I-PER"]], [["B-LOC", "O", "B-PER", "B-LOC"]])
    assert (overall.type, overall.gold, overall.predicted, overall.correct) == ("overall", 2, 3, 1)
    assert (overall.precision, overall.recall, overall.f1) == pytest.approx((1 / 3, 1 / 2, 2 / 5))
    assert (loc.type, loc.precision, loc.recall) == ("LOC", 0.5, 1.0)
    assert (per.type, per.precision, per.recall, per.f1) == ("PER", 0.0, 0.0, 0.0)


def test_nothing_predicted_and_nothing_to_find_are_zero():
    assert scores_of([["B-LOC"]], [["O"]])[0].f1 == 0
    assert scores_of([["O"]], [["O"]])[0].f1 == 0
    assert scores_of([[]], [[]])[0].gold == 0


def test_an_entity_does_not_reach_into_the_next_sentence():
    overall, *_ = scores_of([["B-LOC"], ["I-LOC", "O"]], [["B-LOC"], ["O", "O"]])
    assert (overall.gold, overall.correct) == (1, 1)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.lists(st.tuples(TAGS, TAGS), min_size=1, max_size=8), min_size=1, max_size=4))
@pytest.mark.filterwarnings("ignore")
def test_all_numbers_agree_with_seqeval_strict_even_on_invalid_sequences(pairs):
    gold = [[g for g, _ in sentence] for sentence in pairs]
    predicted = [[p for _, p in sentence] for sentence in pairs]
    options = {"scheme": IOB2, "zero_division": 0}
    ours = {row.type: row for row in scores_of(gold, predicted)}
    present = sorted({tag[2:] for tags in (gold, predicted) for s in tags for tag in s if tag.startswith("B-")})
    if not present:
        assert ours["overall"].gold == ours["overall"].predicted == 0
        return
    precision, recall, f1, _ = precision_recall_fscore_support(gold, predicted, average="micro", **options)
    row = ours["overall"]
    assert (row.precision, row.recall, row.f1) == pytest.approx((precision, recall, f1))
    each = precision_recall_fscore_support(gold, predicted, average=None, **options)
    for name, p, r, f, support in zip(present, *each, strict=True):
        assert (ours[name].precision, ours[name].recall, ours[name].f1) == pytest.approx((p, r, f))
        assert ours[name].gold == support
