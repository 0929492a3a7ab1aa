"""Overlapping spans are thinned out, the surest first."""

from itertools import product

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tasks.tagging.span_decoding import decoded_spans, surest_spans


def one_by_one(starts, lengths, probabilities):
    """The rule as it is said: through all spans from the surest on."""
    taken, kept = set(), [False] * len(starts)
    order = sorted(range(len(starts)), key=lambda i: (-probabilities[i], starts[i], lengths[i]))
    for i in order:
        words = set(range(starts[i], starts[i] + lengths[i]))
        if not words & taken:
            kept[i] = True
            taken |= words
    return kept


def test_the_surest_of_overlapping_spans_stays_and_frees_what_it_does_not_touch():
    # 0-1 (.6) overlaps 1-2 (.9), which overlaps 2-3 (.8); 3 (.7) is free once 2-3 is gone.
    kept = surest_spans(np.array([0, 1, 2, 3]), np.array([2, 2, 2, 1]), np.array([0.6, 0.9, 0.8, 0.7]))
    assert kept.tolist() == [False, True, False, True]


def test_it_is_greedy_and_no_optimum():
    # .9 alone beats .8 + .8 on both its sides.
    kept = surest_spans(np.array([0, 1, 3]), np.array([2, 3, 2]), np.array([0.8, 0.9, 0.8]))
    assert kept.tolist() == [False, True, False]


def test_of_equally_sure_spans_the_first_goes_first_then_the_shorter():
    assert surest_spans(np.array([1, 0]), np.array([1, 2]), np.array([0.5, 0.5])).tolist() == [False, True]
    assert surest_spans(np.array([0, 0]), np.array([2, 1]), np.array([0.5, 0.5])).tolist() == [False, True]


def test_no_spans_are_none():
    nothing = np.array([], dtype=np.int64)
    assert surest_spans(nothing, nothing, nothing.astype(float)).tolist() == []


@given(st.lists(st.tuples(st.integers(0, 12), st.integers(1, 4), st.sampled_from([0.2, 0.5, 0.7, 0.9])), max_size=30))
def test_all_at_once_gives_what_one_by_one_does(spans):
    spans = sorted(set(spans))
    starts, lengths, probabilities = (np.array([span[i] for span in spans]) for i in range(3))
    starts, lengths = starts.astype(int), lengths.astype(int)
    assert surest_spans(starts, lengths, probabilities).tolist() == one_by_one(starts, lengths, probabilities)


@given(st.integers(0, 2**32 - 1))
def test_decoding_small_sentences_agrees_with_brute_force(seed):
    # The greedy choice is the one valid set that comes first when sets are compared by their surest spans.
    noise = np.random.default_rng(seed)
    cells = np.array([[True, True], [True, True], [True, False]])
    probabilities = noise.dirichlet(np.ones(3), (3, 2))
    candidates = [(b, n, probabilities[b, n - 1]) for b, n in product(range(3), (1, 2)) if cells[b, n - 1]]
    entities = [(b, n, int(p.argmax()), float(p.max())) for b, n, p in candidates if p.argmax() > 0]
    valid = []
    for chosen in product([False, True], repeat=len(entities)):
        picked = [e for e, take in zip(entities, chosen, strict=True) if take]
        words = [w for b, n, _, _ in picked for w in range(b, b + n)]
        if len(words) == len(set(words)):
            valid.append(picked)
    best = max(valid, key=lambda picked: sorted((p for *_, p in picked), reverse=True))
    starts, lengths, classes = decoded_spans(probabilities, cells)
    assert list(zip(starts.tolist(), lengths.tolist(), classes.tolist(), strict=True)) == [e[:3] for e in sorted(best)]
