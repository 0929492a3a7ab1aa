import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.training.batching import (
    inference_batches,
    length_batches,
    sentence_count,
    sentence_updates,
    updates_per_epoch,
)

LENGTHS = st.lists(st.integers(1, 90), min_size=1, max_size=80).map(np.array)


@settings(max_examples=60, deadline=None)
@given(LENGTHS, st.integers(1, 200), st.integers(0, 3), st.integers(0, 3))
def test_every_row_is_once_in_a_batch_within_the_budget(lengths, budget, seed, epoch):
    batches = length_batches(lengths, budget, seed, epoch)
    assert sorted(np.concatenate(batches)) == list(range(len(lengths)))
    assert len(batches) == updates_per_epoch(lengths, budget)
    for rows in batches + inference_batches(lengths, budget):
        assert len(rows) == 1 or len(rows) * lengths[rows].max() <= budget


def test_epochs_differ_and_seeds_repeat():
    lengths = np.random.default_rng(0).integers(5, 60, 300)
    first, again, second = (length_batches(lengths, 256, 7, epoch) for epoch in (0, 0, 1))
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert [list(rows) for rows in first] != [list(rows) for rows in second]


@settings(max_examples=60, deadline=None)
@given(LENGTHS, st.integers(1, 9), st.integers(1, 200), st.integers(0, 3), st.integers(0, 3), st.randoms())
def test_updates_have_exactly_as_many_sentences_as_asked_for(lengths, per_update, budget, seed, epoch, chance):
    sentences = np.cumsum([chance.random() < 0.7 for _ in lengths]) + 5  # several rows may be of one sentence
    updates = sentence_updates(lengths, sentences, per_update, budget, seed, epoch)
    assert sorted(np.concatenate([rows for passes in updates for rows in passes])) == list(range(len(lengths)))
    holds = [np.unique(sentences[np.concatenate(passes)]) for passes in updates]
    assert len(np.concatenate(holds)) == len(np.unique(sentences)) == sentence_count(lengths, sentences)
    sizes = sorted(len(each) for each in holds)
    full, left = divmod(len(np.unique(sentences)), per_update)
    assert sizes == ([left] if left else []) + [per_update] * full
    for passes in updates:
        assert all(len(rows) == 1 or len(rows) * lengths[rows].max() <= budget for rows in passes)


def test_sentences_of_an_update_are_of_similar_length_but_for_what_is_left_over():
    lengths = np.random.default_rng(0).integers(5, 60, 325)
    left_over = []
    for epoch in range(20):
        updates = [rows for (rows,) in sentence_updates(lengths, None, 32, 10_000, 7, epoch)]
        full = [lengths[rows] for rows in updates if len(rows) == 32]
        assert len(updates) == 11 and len(full) == 10
        padding = 1 - np.concatenate(full).sum() / sum(32 * each.max() for each in full)
        assert padding < 0.12  # by lot it would be about 45 %
        left_over += [lengths[rows].mean() for rows in updates if len(rows) == 5]
    assert 20 < np.mean(left_over) < 45 and np.std(left_over) > 3  # of any length, not always the shortest


def test_updates_differ_between_epochs_and_repeat_with_the_seed():
    lengths = np.random.default_rng(0).integers(5, 60, 300)
    first, again, second = (sentence_updates(lengths, None, 32, 256, 7, epoch) for epoch in (0, 0, 1))
    flat = [[rows.tolist() for passes in each for rows in passes] for each in (first, again, second)]
    assert flat[0] == flat[1] != flat[2]


def test_an_update_without_sentences_is_refused():
    with pytest.raises(ValueError, match="at least 1 sentence; found 0"):
        sentence_updates(np.array([3]), None, 0, 10, 0, 0)


def test_inference_starts_with_the_longest():
    assert [list(rows) for rows in inference_batches(np.array([2, 9, 4, 4]), 9)] == [[1], [2, 3], [0]]
    assert inference_batches(np.array([]), 9) == []


@pytest.mark.parametrize("lengths", [[], [3, 0]])
def test_no_rows_and_empty_rows_are_refused(lengths):
    with pytest.raises(ValueError):
        length_batches(np.array(lengths), 10, 0, 0)
    with pytest.raises(ValueError):
        sentence_count(np.array(lengths), None)
