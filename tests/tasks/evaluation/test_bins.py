import numpy as np
import pytest

from tasks.evaluation.bins import reliability_bins
from tasks.evaluation.changed import changed_share


def test_token_f1_and_accuracy_by_bin_by_hand():
    # Two bins, O = 0. Low: (pred 1, gold 1), (pred 1, gold 2), (pred 0, gold 0): one right entity word, two of them
    # predicted, two of them gold: F1 = 2 / 4; two of three words right. High: (0, 0) and 1.0, the upper bound.
    low, high = reliability_bins(
        weights=np.array([0.1, 0.2, 0.49, 0.5, 1.0]),
        predicted=np.array([1, 1, 0, 0, 2]),
        gold=np.array([1, 2, 0, 0, 2]),
        outside=0,
        bins=2,
    )
    assert (low.low, low.high, low.words, low.token_f1) == (0.0, 0.5, 3, 0.5)
    assert low.accuracy == pytest.approx(2 / 3)
    assert (high.low, high.high, high.words, high.token_f1, high.accuracy) == (0.5, 1.0, 2, 1.0, 1.0)


def test_a_bin_without_words_or_entities_has_no_value():
    empty, plain = reliability_bins(np.array([0.9]), np.array([0]), np.array([0]), outside=0, bins=2)
    assert (empty.words, empty.token_f1, empty.accuracy) == (0, None, None)
    assert (plain.words, plain.token_f1, plain.accuracy) == (1, None, 1.0)


def test_share_of_changed_labels():
    assert changed_share(np.array([0, 1, 2, 0]), np.array([0, 1, 1, 0])) == 0.25
    assert changed_share(np.array([1, 2]), np.array([1, 2])) == 0.0
    assert changed_share(np.array([]), np.array([])) == 0.0
