import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.training.batching import inference_batches, length_batches, updates_per_epoch

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


def test_inference_starts_with_the_longest():
    assert [list(rows) for rows in inference_batches(np.array([2, 9, 4, 4]), 9)] == [[1], [2, 3], [0]]
    assert inference_batches(np.array([]), 9) == []


@pytest.mark.parametrize("lengths", [[], [3, 0]])
def test_no_rows_and_empty_rows_are_refused(lengths):
    with pytest.raises(ValueError):
        length_batches(np.array(lengths), 10, 0, 0)
