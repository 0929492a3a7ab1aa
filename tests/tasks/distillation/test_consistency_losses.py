"""ConNER's divergences by hand; identical views cost nothing."""

import math

import pytest
import torch

from tasks.distillation.consistency_losses import divergence, kl, mean_of_groups, total_loss
from tasks.distillation.span_probabilities import span_log_probabilities
from tasks.words.bioes import bioes_labels

HALVES, QUARTER = torch.tensor([[0.5, 0.5]]).log(), torch.tensor([[0.25, 0.75]]).log()
FORWARD = 0.5 * math.log(2) + 0.5 * math.log(2 / 3)  # KL(halves || quarter)
BACKWARD = 0.25 * math.log(1 / 2) + 0.75 * math.log(3 / 2)


def test_kl_by_hand() -> None:
    assert kl(HALVES, QUARTER).item() == pytest.approx(FORWARD)
    assert kl(QUARTER, HALVES).item() == pytest.approx(BACKWARD)


def test_each_divergence_has_its_direction() -> None:
    assert pytest.approx(BACKWARD, rel=0.05) != FORWARD
    assert divergence(HALVES, QUARTER, "unlabel").item() == pytest.approx(FORWARD)
    assert divergence(HALVES, QUARTER, "trans").item() == pytest.approx(BACKWARD)
    assert divergence(HALVES, QUARTER).item() == pytest.approx((FORWARD + BACKWARD) / 2)
    assert divergence(QUARTER, HALVES).item() == pytest.approx((FORWARD + BACKWARD) / 2)


@pytest.mark.parametrize("by", ["both", "unlabel", "trans"])
def test_identical_views_cost_nothing_and_pull_nowhere(by: str) -> None:
    logits = torch.randn(5, 9, generator=torch.Generator().manual_seed(0), requires_grad=True)
    loss = divergence(logits.log_softmax(-1), logits.log_softmax(-1), by)  # type: ignore[arg-type]
    assert loss.tolist() == [0.0] * 5
    loss.sum().backward()
    assert logits.grad is not None and logits.grad.abs().max() < 1e-6


@pytest.mark.parametrize("by", ["both", "unlabel", "trans"])
def test_both_views_learn(by: str) -> None:
    first, second = (HALVES.clone().requires_grad_(), QUARTER.clone().requires_grad_())
    divergence(first.log_softmax(-1), second.log_softmax(-1), by).sum().backward()  # type: ignore[arg-type]
    assert first.grad is not None and second.grad is not None and first.grad.any() and second.grad.any()


def test_a_span_and_its_translation_of_another_length_by_hand() -> None:
    # Two words of logits 0: each of 5 labels has 1/5. One word: LOC 1/5, O 1/5, illegal 3/5. Two words: LOC 1/25,
    # O 1/25, illegal 23/25. KL = 2 x .2 ln 5 + .6 ln (15/23).
    labels = bioes_labels(["O", "B-LOC", "I-LOC"])
    found = span_log_probabilities(torch.zeros(2, 5), torch.tensor([0, 0]), torch.tensor([1, 2]), labels)
    expected = 0.4 * math.log(5) + 0.6 * math.log(15 / 23)
    assert divergence(found[:1], found[1:], "unlabel").item() == pytest.approx(expected)


def test_sentences_weigh_the_same_however_many_pairs_they_have() -> None:
    # Sentence 7 has 1 and 3, sentence 2 has 8: (2 + 8) / 2 = 5; over all pairs it would be 4.
    assert mean_of_groups(torch.tensor([1.0, 8.0, 3.0]), torch.tensor([7, 2, 7])).item() == 5.0
    assert mean_of_groups(torch.tensor([4.0, 6.0]), torch.tensor([0, 0])).item() == 5.0


def test_alpha_is_for_dropout_and_beta_for_translation() -> None:
    parts = (torch.tensor(1.0), torch.tensor(10.0), torch.tensor(100.0))
    assert total_loss(*parts, alpha=0.5, beta=0.25).item() == 1 + 5 + 25
    assert total_loss(*parts, alpha=0.0, beta=0.0).item() == 1
