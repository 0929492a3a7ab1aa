"""Eq. 14 of UniTrans by hand, and the step that takes several taggers as one."""

import numpy as np
import pytest

from artifacts.catalog import SOFT_LABELS
from artifacts.errors import InputError
from artifacts.step import run_alone
from tasks.tagging import opinions
from tasks.tagging.ensembling import average_soft_labels, mean_probabilities

META = {"language": "de", "labels": ["O", "B-PER", "I-PER"]}
WORDS = [["Anna", "lebt"], ["in"]]


@pytest.fixture
def put_soft(put_table):
    def put(probabilities, meta=META, words=WORDS, ids=None):
        columns = {"sentence_id": ids or list(range(len(words))), "words": words, "probabilities": probabilities}
        return put_table(SOFT_LABELS, columns, meta)

    return put


def test_probabilities_are_averaged_over_taggers():
    # (1/2, 1/2), (1, 0), (0, 1): (3/2) / 3 = 1/2 each.
    members = [np.array([row], dtype=np.float32) for row in ([0.5, 0.5], [1.0, 0.0], [0.0, 1.0])]
    mean = mean_probabilities(members)
    assert mean.tolist() == [[0.5, 0.5]]
    assert mean.dtype == np.float32


def test_one_tagger_is_its_own_mean():
    only = np.array([[0.3, 0.7]], dtype=np.float32)
    assert np.array_equal(mean_probabilities([only]), only)


def test_the_mean_may_choose_a_label_that_no_majority_chose():
    # Two taggers say O with .51, one says B-PER with .97: (.51 + .51 + .03) / 3 = .35 for O.
    members = [np.array([row]) for row in ([0.51, 0.49], [0.51, 0.49], [0.03, 0.97])]
    assert mean_probabilities(members)[0].tolist() == pytest.approx([0.35, 0.65])


@pytest.mark.parametrize("sentences_at_a_time", [1, 8192])
def test_the_step_averages_word_by_word(monkeypatch, store, put_soft, sentences_at_a_time):
    monkeypatch.setattr(opinions, "SENTENCES_AT_A_TIME", sentences_at_a_time)
    one = put_soft([[[1.0, 0.0, 0.0], [0.5, 0.25, 0.25]], [[0.0, 1.0, 0.0]]])
    two = put_soft([[[0.0, 1.0, 0.0], [0.5, 0.75, 0.75]], [[0.0, 0.0, 1.0]]])
    mean = run_alone(store, average_soft_labels, (one, two))
    assert store.table(mean)["probabilities"].to_pylist() == [[[0.5, 0.5, 0.0], [0.5, 0.5, 0.5]], [[0.0, 0.5, 0.5]]]
    assert store.table(mean)["words"].to_pylist() == WORDS
    assert store.metadata(mean) == META


def test_an_ensemble_of_one_says_what_its_member_says(store, put_soft):
    only = put_soft([[[0.5, 0.25, 0.25], [1.0, 0.0, 0.0]], [[0.0, 1.0, 0.0]]])
    assert run_alone(store, average_soft_labels, (only,)).digest == only.digest


def test_taggers_with_other_labels_or_sentences_are_refused(store, put_soft):
    one = put_soft([[[1.0, 0.0, 0.0], [1.0, 0.0, 0.0]], [[1.0, 0.0, 0.0]]])
    other = put_soft([[[1.0, 0.0]] * 2, [[1.0, 0.0]]], {**META, "labels": ["O", "B-LOC"]})
    with pytest.raises(InputError, match=r"tagger 1 has O, B-PER, I-PER; tagger 2 has O, B-LOC;"):
        run_alone(store, average_soft_labels, (one, other))
    fewer = put_soft([[[1.0, 0.0, 0.0]]], words=[["Anna"]])
    with pytest.raises(InputError, match=r"different numbers of sentences \(tagger 1 2, tagger 2 1\)"):
        run_alone(store, average_soft_labels, (one, fewer))
    longer = put_soft([[[1.0, 0.0, 0.0]], [[1.0, 0.0, 0.0]] * 2], words=[["Anna"], ["lebt", "in"]])
    with pytest.raises(InputError, match="opinions of tagger 1 and tagger 2, row 0: number of words 2 and 1"):
        run_alone(store, average_soft_labels, (one, longer))
    elsewhere = put_soft([[[1.0, 0.0, 0.0]] * 2, [[1.0, 0.0, 0.0]]], ids=[0, 7])
    with pytest.raises(InputError, match="opinions of tagger 1 and tagger 3, row 1: id 1 and 7"):
        run_alone(store, average_soft_labels, (one, one, elsewhere))
    with pytest.raises(InputError, match="found 0 tables and 0 names"):
        run_alone(store, average_soft_labels, ())
