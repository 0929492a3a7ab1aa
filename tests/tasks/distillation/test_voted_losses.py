"""Eq. 9, 12 and 13 of UniTrans by hand, and their limits."""

import math

import numpy as np
import pytest
import torch
from torch.nn.functional import cross_entropy, mse_loss

from tasks.distillation.voted_losses import agreed_cross_entropy, probability_error, voted_distillation_loss
from tasks.tagging.fitting import sentence_shares

LOG2, LOG4 = math.log(2), math.log(4)
# p_hat = (1/4, 3/4) and (1/2, 1/2): logits are log-odds against the first label.
LOGITS = torch.tensor([[0.0, math.log(3)], [0.0, 0.0]])
SOFT = torch.tensor([[0.75, 0.25], [1.0, 0.0]])


def test_the_error_is_the_mean_square_over_labels():
    # Word 1: ((3/4 - 1/4)^2 + (1/4 - 3/4)^2) / 2 = 1/4. Word 2: ((1 - 1/2)^2 + (0 - 1/2)^2) / 2 = 1/4.
    assert probability_error(LOGITS, SOFT).tolist() == pytest.approx([0.25, 0.25])


def test_it_compares_probabilities_and_not_logits():
    # Logits 5 higher are the same probabilities: (3/4, 1/4) against (1/4, 3/4) as above.
    assert probability_error(LOGITS + 5, SOFT).tolist() == pytest.approx([0.25, 0.25])
    assert probability_error(LOGITS, LOGITS.softmax(-1)).tolist() == pytest.approx([0.0, 0.0], abs=1e-12)


def test_two_certain_and_different_taggers_have_the_largest_error():
    # ((1 - 0)^2 + (0 - 1)^2 + 0) / 3 = 2 / C.
    assert probability_error(torch.tensor([[99.0, 0.0, 0.0]]), torch.tensor([[0.0, 1.0, 0.0]])).tolist() == [
        pytest.approx(2 / 3)
    ]


def test_only_words_with_an_agreed_label_cost():
    # Word 1: -log 3/4 for label 1. Word 2 has no label: I(x) = 0.
    assert agreed_cross_entropy(LOGITS, torch.tensor([1, -1])).tolist() == pytest.approx([math.log(4 / 3), 0.0])


def test_the_two_losses_add_up():
    # Word 1: eta (-log 1/4) + 1/4 with eta = 1/2. Word 2: no label, the error alone.
    losses = voted_distillation_loss(LOGITS, SOFT, torch.tensor([0, -1]), soft_weight=1.0, hard_weight=0.5)
    assert losses.tolist() == pytest.approx([LOG4 / 2 + 0.25, 0.25])


def test_a_sentence_divides_by_all_its_words_and_a_corpus_by_its_sentences():
    # Sentence 1 has both words of the test above, sentence 2 only word 2 with label 1: -log 1/2 + 1/4.
    # Eq. 13: 1/2 (1/2 ((log 4 + 1/4) + 1/4) + (log 2 + 1/4)) = 1/2 (1/2 log 4 + 1/4 + log 2 + 1/4) = log 2 + 1/4.
    # Sentence 1 has one label in two words, and 1/N counts two (Eq. 12).
    logits, soft = torch.cat([LOGITS, LOGITS[1:]]), torch.cat([SOFT, SOFT[1:]])
    losses = voted_distillation_loss(logits, soft, torch.tensor([0, -1, 1]), 1.0, 1.0)
    shares = torch.from_numpy(sentence_shares(np.array([2, 1]), 2))
    assert float((losses * shares).sum()) == pytest.approx(LOG2 + 0.25)


def test_the_published_mean_divides_by_agreed_words():
    # Of 2 words 1 has a label: the mean over both of (2/1 log 4) and 0 is log 4, and the errors' mean is 1/4.
    losses = voted_distillation_loss(LOGITS, SOFT, torch.tensor([0, -1]), 1.0, 1.0, hard_scale=2 / 1)
    assert float(losses.mean()) == pytest.approx(LOG4 + 0.25)


def test_the_published_mean_is_that_of_torch():
    generator = torch.Generator().manual_seed(0)
    logits, other = (torch.randn(40, 5, generator=generator) for _ in range(2))
    votes = torch.arange(40) % 6 - 1
    chosen = votes >= 0
    published = cross_entropy(logits[chosen], votes[chosen]) + mse_loss(logits.softmax(-1), other.softmax(-1))
    ours = voted_distillation_loss(logits, other.softmax(-1), votes, 1.0, 1.0, hard_scale=40 / chosen.sum()).mean()
    torch.testing.assert_close(ours, published)


@pytest.mark.parametrize("mean_over_agreed", [False, True])
def test_without_any_agreed_word_the_soft_loss_is_left(mean_over_agreed):
    losses = voted_distillation_loss(LOGITS, SOFT, torch.tensor([-1, -1]), 1.0, 1.0, mean_over_agreed)
    assert losses.tolist() == pytest.approx([0.25, 0.25])


def test_without_soft_labels_and_with_all_votes_it_is_plain_cross_entropy():
    votes = torch.tensor([1, 0])
    losses = voted_distillation_loss(LOGITS, SOFT, votes, soft_weight=0.0, hard_weight=1.0)
    torch.testing.assert_close(losses, cross_entropy(LOGITS, votes, reduction="none"))


def test_the_student_learns_towards_teacher_and_votes():
    # dMSE/dz_1 with p_hat = (1/2, 1/2), p = (1, 0): sum_c 2/2 (p_hat_c - p_c) dp_hat_c/dz_1, dp_hat_1/dz_1 = 1/4,
    # dp_hat_2/dz_1 = -1/4: -1/2 x 1/4 + 1/2 x (-1/4) = -1/4. CE with label 1 adds p_hat - 1 = -1/2.
    logits = torch.zeros(1, 2, requires_grad=True)
    voted_distillation_loss(logits, torch.tensor([[1.0, 0.0]]), torch.tensor([0]), 1.0, 1.0).sum().backward()
    assert logits.grad.tolist() == [[pytest.approx(-0.75), pytest.approx(0.75)]]
