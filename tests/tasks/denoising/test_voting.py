"""Eq. 10 and 11 of UniTrans by hand, and their limits."""

import numpy as np
import pytest

from tasks.denoising.voting import vote
from tasks.words.hard_labels import NO_LABEL, most_probable


def test_the_predicted_label_is_the_most_probable_one() -> None:
    # argmax of (.2, .5, .3) is 1; of (.6, .1, .3) is 0; of (.1, .2, .7) is 2.
    labels = most_probable(np.array([[0.2, 0.5, 0.3], [0.6, 0.1, 0.3], [0.1, 0.2, 0.7]]))
    assert labels.tolist() == [1, 0, 2] and labels.dtype == np.int32


def test_among_equally_probable_labels_the_first_counts() -> None:
    assert most_probable(np.array([[0.25, 0.25, 0.5], [0.5, 0.5, 0.0], [0.2, 0.4, 0.4]])).tolist() == [2, 0, 1]


def test_a_word_keeps_its_label_only_where_all_three_agree() -> None:
    # Word 0: 1, 1, 1 -> 1. Word 1: 2 against 2, 0 -> none. Word 2: the teacher stands alone -> none. Word 3: O by all.
    teacher, source, translation = ([1, 2, 1, 0], [1, 2, 0, 0], [1, 0, 0, 0])
    assert vote([np.array(o) for o in (teacher, source, translation)]).tolist() == [1, NO_LABEL, NO_LABEL, 0]


def test_two_of_three_are_no_majority() -> None:
    assert vote([np.array([0]), np.array([3]), np.array([3])]).tolist() == [NO_LABEL]


def test_one_tagger_agrees_with_itself() -> None:
    assert vote([np.array([2, 0])]).tolist() == [2, 0]
    assert vote([np.array([], dtype=int)] * 3).tolist() == []


def test_nobody_cannot_vote() -> None:
    with pytest.raises(ValueError, match="at least one tagger"):
        vote([])
