"""Dawid and Skene's model by hand and against draws from itself, and opinions that are read by what they mean."""

import numpy as np
import pytest

from tasks.denoising.panel.estimating import (
    Joining,
    Patterns,
    estimate,
    joined_patterns,
    patterns_of,
    pooled,
    posterior_of,
)
from tasks.words.hard_labels import NO_LABEL

NOTHING = 1e-12
"""Smoothing that leaves what is worked by hand as it is."""


def test_equal_answers_are_counted_once() -> None:
    votes = np.array([[0, 1, 0, 0], [1, 1, 1, NO_LABEL]])
    labels, counts = patterns_of(votes)
    assert labels.tolist() == [[0, NO_LABEL], [0, 1], [1, 1]] and counts.tolist() == [1, 2, 1]
    both = joined_patterns([Patterns(labels, counts), Patterns(np.array([[1, 1], [1, 0]]), np.array([5.0, 2.0]))])
    assert both.labels.tolist() == [[0, NO_LABEL], [0, 1], [1, 0], [1, 1]] and both.counts.tolist() == [1, 2, 2, 6]


def test_one_round_by_hand() -> None:
    """Words: 2 of (0, 0), 1 of (0, 1), 1 of (1, 1); the shares of votes are (1, 0), (1/2, 1/2), (0, 1).

    Prior: label 0 has 2 + 1/2 of 4 words. Teacher A says 0 of all 2.5 words that are 0, and of .5 of 1.5 that are 1;
    B says 0 of 2 of the 2.5, and of none of the 1.5.
    """
    patterns = patterns_of(np.array([[0, 0, 0, 1], [0, 0, 1, 1]]))
    found = estimate(patterns, 2, Joining(iterations=1, smoothing=NOTHING))
    assert found.iterations == 1
    assert found.prior == pytest.approx([0.625, 0.375])
    assert found.said[0] == pytest.approx(np.array([[1, 0], [1 / 3, 2 / 3]]), abs=1e-9)
    assert found.said[1] == pytest.approx(np.array([[0.8, 0.2], [0, 1]]), abs=1e-9)
    # (0, 1): .625 * 1 * .2 = .125 against .375 * 1/3 * 1 = .125: still even. So 2.5 of the 3 words that A calls 0 are.
    assert found.meant[0] == pytest.approx(np.array([[2.5 / 3, 0.5 / 3], [0, 1]]), abs=1e-9)
    assert found.meant[1] == pytest.approx(np.array([[1, 0], [0.25, 0.75]]), abs=1e-9)


def test_the_shares_of_votes_are_of_the_teachers_that_say_something() -> None:
    found = estimate(patterns_of(np.array([[0, 1], [0, NO_LABEL]])), 2, Joining(iterations=1, smoothing=NOTHING))
    assert found.prior == pytest.approx([0.5, 0.5])


def test_it_ends_when_the_mean_word_hardly_changes() -> None:
    """One word in 151 goes from (1/3, 2/3) to nearly (0, 1): a change of 1/3, of .002 in the mean."""
    patterns = Patterns(np.array([[0, 0, 0], [1, 1, 1], [0, 1, 1]]), np.array([100.0, 50.0, 1.0]))
    assert estimate(patterns, 2, Joining(tolerance=0.0025, smoothing=NOTHING)).iterations == 1
    assert estimate(patterns, 2, Joining(tolerance=0.002, smoothing=NOTHING)).iterations == 2
    assert not estimate(patterns, 2, Joining(tolerance=0.001, iterations=1, smoothing=NOTHING)).settled


def test_where_nothing_moves_it_is_at_rest_without_tolerance() -> None:
    found = estimate(patterns_of(np.array([[0, 0]])), 1, Joining(tolerance=0))
    assert found.settled and found.iterations == 1


def test_smoothing_is_spread_over_what_is_said_and_stands_by_what_is_meant() -> None:
    """The round above with 1 word: A says 0 of 2.5 + 1/2 words that are 0, and of 1/2 + 1/2 that are 1."""
    patterns = patterns_of(np.array([[0, 0, 0, 1], [0, 0, 1, 1]]))
    found = estimate(patterns, 2, Joining(iterations=1, smoothing=1.0))
    assert found.said[0] == pytest.approx(np.array([[3 / 3.5, 0.5 / 3.5], [1 / 2.5, 1.5 / 2.5]]))
    posterior = posterior_of(patterns.labels, found.prior, found.said)  # Of (0, 0), (0, 1) and (1, 1).
    of_0 = patterns.counts[:2] @ posterior[:2]
    assert found.meant[0, 0] == pytest.approx((of_0 + np.array([1, 0])) / 4)  # It calls 3 words 0, and 1 is added.
    assert found.meant[0, 1] == pytest.approx((posterior[2] + np.array([0, 1])) / 2)


def test_teachers_that_agree_mean_what_they_say() -> None:
    votes = np.array([[0, 1, 2, 1]] * 3)
    found = estimate(patterns_of(votes), 3, Joining(smoothing=NOTHING))
    assert found.iterations == 1 and found.prior == pytest.approx([0.25, 0.5, 0.25])
    assert found.meant == pytest.approx(np.stack([np.eye(3)] * 3)) and found.said == pytest.approx(found.meant)


def test_a_teacher_that_was_never_heard_of_a_label_is_taken_at_its_word() -> None:
    found = estimate(patterns_of(np.array([[0, 1], [0, NO_LABEL]])), 3, Joining())
    assert found.meant[:, 2].tolist() == [[0, 0, 1], [0, 0, 1]]
    assert found.meant[1, 1].tolist() == [0, 1, 0]
    assert found.meant.sum(axis=2) == pytest.approx(np.ones((2, 3)))


def test_draws_of_the_model_give_its_numbers_back() -> None:
    random = np.random.default_rng(0)
    prior = np.array([0.7, 0.2, 0.1])
    said = np.array([
        [[0.95, 0.03, 0.02], [0.1, 0.85, 0.05], [0.1, 0.1, 0.8]],
        [[0.9, 0.05, 0.05], [0.2, 0.7, 0.1], [0.05, 0.05, 0.9]],
        [[0.99, 0.005, 0.005], [0.05, 0.35, 0.6], [0.1, 0.0, 0.9]],  # It calls most of label 1 label 2.
    ])  # fmt: skip
    truth = random.choice(3, 40_000, p=prior)
    votes = np.stack([(random.random(len(truth))[:, None] > rows[truth].cumsum(axis=1)).sum(axis=1) for rows in said])
    votes[1, random.random(len(truth)) < 0.3] = NO_LABEL
    found = estimate(patterns_of(votes), 3, Joining(iterations=1000))
    assert found.iterations < 1000 and found.settled
    assert found.prior == pytest.approx(prior, abs=0.01) and found.said == pytest.approx(said, abs=0.03)
    by_bayes = said * prior[None, :, None] / np.einsum("i,tij->tj", prior, said)[:, None, :]
    assert found.meant == pytest.approx(by_bayes.transpose(0, 2, 1), abs=0.03)
    # What each means is worth more than what most say: label 2 by the third alone is label 1 as often as not.
    joint = posterior_of(votes.T, found.prior, found.said).argmax(axis=1)
    most = np.stack([(votes == label).sum(axis=0) for label in range(3)]).argmax(axis=0)
    assert (joint == truth).mean() > (most == truth).mean() + 0.01


def test_a_posterior_by_hand() -> None:
    prior, said = np.array([0.75, 0.25]), np.array([[[0.9, 0.1], [0.2, 0.8]], [[0.6, 0.4], [0.5, 0.5]]])
    # Both say 1: .75 * .1 * .4 = .03 against .25 * .8 * .5 = .1. The second alone: .75 * .4 = .3 against .125.
    found = posterior_of(np.array([[1, 1], [NO_LABEL, 1], [NO_LABEL, NO_LABEL]]), prior, said)
    assert found == pytest.approx(np.array([[3 / 13, 10 / 13], [0.3 / 0.425, 0.125 / 0.425], [0.75, 0.25]]))


def test_many_teachers_are_no_certainty_by_rounding() -> None:
    """400 that say 1, each likelier by 1 in 1,000 if 1 is true (e^-1842 alone would be 0); and a word without any."""
    said = np.tile([[0.99, 0.01], [0.98999, 0.01001]], (400, 1, 1))
    found = posterior_of(np.array([[1] * 400, [NO_LABEL] * 400]), np.array([0.5, 0.5]), said)
    assert found[0, 1] == pytest.approx(1.001**400 / (1 + 1.001**400)) and found[1].tolist() == [0.5, 0.5]


def test_opinions_are_read_by_what_they_mean() -> None:
    opinions = [np.array([[0.8, 0.2], [0.0, 1.0]]), np.array([[0.4, 0.6], [0.0, 0.0]])]
    spoke = [np.array([True, True]), np.array([True, False])]
    assert pooled(opinions, spoke, None) == pytest.approx(np.array([[0.6, 0.4], [0, 1]]))
    assert pooled(opinions, spoke, None).dtype == np.float32
    meant = np.array([[[1.0, 0.0], [0.5, 0.5]], [[0.9, 0.1], [0.0, 1.0]]])
    # A: .8 + .2 * .5 = .9; B: .4 * .9 = .36; mean .63. Where B is silent A's 1 is 0 as often as not.
    assert pooled(opinions, spoke, meant) == pytest.approx(np.array([[0.63, 0.37], [0.5, 0.5]]))
    assert pooled(opinions, spoke, np.stack([np.eye(2)] * 2)) == pytest.approx(pooled(opinions, spoke, None))
