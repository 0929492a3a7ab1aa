import math

import pytest
import torch
from torch.nn.functional import cross_entropy

from tasks.distillation.losses import noise_robust_loss, soft_cross_entropy, weighted_distillation_loss

LOG2, LOG4 = math.log(2), math.log(4)
# p_hat = (1/4, 3/4) and (1/2, 1/2): logits are log-odds against the first label.
LOGITS = torch.tensor([[0.0, math.log(3)], [0.0, 0.0]])


def test_soft_cross_entropy_by_hand():
    # Word 1: -(1/2 log 1/4 + 1/2 log 3/4) = 1/2 (log 4 + log 4/3). Word 2: -(log 1/2) whatever the target.
    losses = soft_cross_entropy(LOGITS, torch.tensor([[0.5, 0.5], [0.2, 0.8]]))
    assert losses.tolist() == pytest.approx([(LOG4 + math.log(4 / 3)) / 2, LOG2])


def test_noise_robust_loss_by_hand():
    # Word 1: beta1 w CE(p_hat, p^u) + beta2 CE(p_hat, y) with beta1 = .9, w = .5, p^u = (1, 0), beta2 = .1, y = 1:
    #   .45 log 4 + .1 log 4/3. Word 2: p_hat is even, so both cross-entropies are log 2: (.9 x .25 + .1) log 2.
    losses = noise_robust_loss(
        LOGITS,
        soft=torch.tensor([[1.0, 0.0], [0.5, 0.5]]),
        hard=torch.tensor([1, 0]),
        weight=torch.tensor([0.5, 0.25]),
        beta_soft=0.9,
        beta_hard=0.1,
    )
    assert losses.tolist() == pytest.approx([0.45 * LOG4 + 0.1 * math.log(4 / 3), 0.325 * LOG2])


def test_without_the_collaborator_it_is_plain_cross_entropy():
    soft, hard = torch.tensor([[0.3, 0.7], [0.9, 0.1]]), torch.tensor([0, 1])
    losses = noise_robust_loss(LOGITS, soft, hard, torch.tensor([0.2, 0.9]), beta_soft=0.0, beta_hard=1.0)
    torch.testing.assert_close(losses, cross_entropy(LOGITS, hard, reduction="none"))


def test_two_equal_supervisions_are_one():
    hard = torch.tensor([0, 1])
    losses = noise_robust_loss(LOGITS, torch.eye(2)[hard], hard, torch.ones(2), beta_soft=0.9, beta_hard=0.1)
    torch.testing.assert_close(losses, cross_entropy(LOGITS, hard, reduction="none"))


def test_the_published_mixed_target_is_the_same_loss():
    generator = torch.Generator().manual_seed(0)
    logits, soft = (torch.randn(50, 5, generator=generator) for _ in range(2))
    soft, weight, hard = soft.softmax(-1), torch.rand(50, generator=generator), torch.arange(50) % 5
    two_terms = 0.9 * weight * cross_entropy(logits, soft, reduction="none") + 0.1 * cross_entropy(
        logits, hard, reduction="none"
    )
    torch.testing.assert_close(noise_robust_loss(logits, soft, hard, weight, 0.9, 0.1), two_terms)


def test_weighted_distillation_loss_by_hand():
    # Word 1: 1/2 (-log 1/4) = 1/2 log 4; word 2: 1/4 log 2.
    losses = weighted_distillation_loss(LOGITS, torch.tensor([[1.0, 0.0], [0.3, 0.7]]), torch.tensor([0.5, 0.25]))
    assert losses.tolist() == pytest.approx([LOG4 / 2, LOG2 / 4])


def test_weights_of_one_and_one_hot_targets_give_plain_cross_entropy():
    hard = torch.tensor([1, 0])
    losses = weighted_distillation_loss(LOGITS, torch.eye(2)[hard], torch.ones(2))
    torch.testing.assert_close(losses, cross_entropy(LOGITS, hard, reduction="none"))


def test_the_student_learns_towards_its_target():
    # The gradient of CE(softmax(z), p) is softmax(z) - p: (1/4, 3/4) - (1, 0) = (-3/4, 3/4), times w = 1/2.
    logits = LOGITS.clone().requires_grad_()
    weighted_distillation_loss(
        logits, torch.tensor([[1.0, 0.0], [0.5, 0.5]]), torch.tensor([0.5, 1.0])
    ).sum().backward()
    assert logits.grad[0].tolist() == pytest.approx([-0.375, 0.375])
    assert logits.grad[1].tolist() == pytest.approx([0.0, 0.0], abs=1e-7)
