import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.tagging.decoding import Decoding, allowed_starts, allowed_transitions, decode_words, viterbi

LABELS = ["O", "B-LOC", "I-LOC", "B-PER", "I-PER"]


def is_valid(path, inside_at_start):
    previous = "start"
    for label in (LABELS[i] for i in path):
        if label.startswith("I-"):
            fits = previous[2:] == label[2:] or (previous == "start" and inside_at_start)
            if not fits:
                return False
        previous = label
    return True


def brute_force(scores, inside_at_start):
    paths = itertools.product(range(len(LABELS)), repeat=len(scores))
    valid = [path for path in paths if is_valid(path, inside_at_start)]
    return max(sum(scores[i, c] for i, c in enumerate(path)) for path in valid)


def test_only_inside_labels_are_restricted():
    allowed = allowed_transitions(["O", "B-LOC", "I-LOC", "B-PER", "I-PER"])
    assert allowed.astype(int).tolist() == [
        [1, 1, 0, 1, 0],  # after O
        [1, 1, 1, 1, 0],  # after B-LOC
        [1, 1, 1, 1, 0],  # after I-LOC
        [1, 1, 0, 1, 1],  # after B-PER
        [1, 1, 0, 1, 1],  # after I-PER
    ]
    assert allowed_starts(LABELS).tolist() == [True, True, False, True, False]


def test_a_forbidden_label_changes_the_label_before_it_when_that_is_cheaper():
    # O I-LOC is forbidden. O O: .6 x .1 = .06; B-LOC I-LOC: .3 x .8 = .24; so the second wins.
    probabilities = np.array([[0.6, 0.3, 0.1], [0.1, 0.1, 0.8]])
    path = viterbi(np.log(probabilities)[None], np.array([2]), ["O", "B-LOC", "I-LOC"])
    assert path.tolist() == [[1, 2]]


@settings(max_examples=60, deadline=None)
@given(lengths=st.lists(st.integers(1, 4), min_size=1, max_size=3), seed=st.integers(0, 999), start=st.booleans())
def test_viterbi_finds_the_best_of_all_valid_sequences(lengths, seed, start):
    scores = np.random.default_rng(seed).normal(size=(len(lengths), max(lengths), len(LABELS)))
    paths = viterbi(scores, np.array(lengths), LABELS, inside_at_start=start)
    for row, length in enumerate(lengths):
        path = paths[row, :length]
        assert is_valid(path, start)
        assert scores[row, np.arange(length), path].sum() == pytest.approx(brute_force(scores[row, :length], start))
        assert (paths[row, length:] == -1).all()


@settings(max_examples=40, deadline=None)
@given(lengths=st.lists(st.integers(0, 7), max_size=6), seed=st.integers(0, 999), start=st.booleans())
def test_a_corpus_is_decoded_as_sentence_by_sentence(lengths, seed, start):
    counts = np.array(lengths, dtype=np.int64)
    probabilities = np.random.default_rng(seed).dirichlet(np.ones(len(LABELS)), size=counts.sum()).astype(np.float32)
    decoded = decode_words(probabilities, counts, LABELS, Decoding(inside_at_start=start))
    first = 0
    for count in lengths:
        if count:
            log = np.log(probabilities[first : first + count].astype(np.float64))[None]
            alone = viterbi(log, np.array([count]), LABELS, inside_at_start=start)[0]
            assert decoded[first : first + count].tolist() == alone.tolist()
        first += count


def test_probabilities_of_zero_still_give_a_valid_sequence():
    # Every valid sequence has probability 0.
    probabilities = np.array([[1, 0, 0], [0, 0, 1]], dtype=np.float32)
    decoded = decode_words(probabilities, np.array([2]), ["O", "B-LOC", "I-LOC"], Decoding())
    assert decoded.tolist() in ([0, 0], [0, 1], [1, 2])


def test_argmax_and_a_start_inside_are_options():
    probabilities = np.array([[0.1, 0.2, 0.7]], dtype=np.float32)
    labels = ["O", "B-LOC", "I-LOC"]
    assert decode_words(probabilities, np.array([1]), labels, Decoding()).tolist() == [1]
    assert decode_words(probabilities, np.array([1]), labels, Decoding(method="argmax")).tolist() == [2]
    assert decode_words(probabilities, np.array([1]), labels, Decoding(inside_at_start=True)).tolist() == [2]
