"""The supervised contrastive loss by hand (Khosla et al., 2020, Eq. 2), and which spans it is of."""

import math

import pytest
import torch

from tasks.distillation.contrastive import contrastive_losses, entity_states

A, B = [1.0, 0.0], [0.0, 1.0]


def test_by_hand() -> None:
    # Cosines of the first with the others: 1 (its class), 0 (its class), 0 (another). tau = 0.5: 2, 0, 0.
    losses = contrastive_losses(torch.tensor([A, A, B, B]), torch.tensor([1, 1, 1, 2]), 0.5)
    rest = math.log(math.exp(2) + 2)
    first = rest - (2 + 0) / 2
    third = math.log(2 + math.exp(2)) - 0  # Both of its class have 0; the one of another class has 2.
    assert losses.tolist() == pytest.approx([first, first, third, 0.0])


def test_each_entity_is_measured_by_those_beside_it() -> None:
    # The first and the third are of one class, with a cosine of 0; the second lies on the first, far from the third.
    losses = contrastive_losses(torch.tensor([A, A, B]), torch.tensor([1, 2, 1]), 0.5)
    assert losses.tolist() == pytest.approx([math.log(math.exp(2) + 1), 0.0, math.log(2)])


def test_classes_that_lie_together_cost_little_and_mixed_ones_much() -> None:
    together = contrastive_losses(torch.tensor([A, A, B, B]), torch.tensor([1, 1, 2, 2]), 0.1).sum()
    mixed = contrastive_losses(torch.tensor([A, B, A, B]), torch.tensor([1, 1, 2, 2]), 0.1).sum()
    assert together < 0.01 < 10 < mixed


@pytest.mark.parametrize("count", [0, 1, 2])
def test_few_entities_give_numbers_and_gradients(count: int) -> None:
    states = torch.ones(count, 2, requires_grad=True)
    losses = contrastive_losses(states, torch.arange(count), 0.1)
    losses.sum().backward()
    assert losses.tolist() == [0.0] * count
    assert states.grad is not None and states.grad.abs().sum() == 0


def test_entities_are_told_by_their_first_and_last_word() -> None:
    states = torch.tensor([[1.0, 0.0], [0.0, 2.0], [3.0, 4.0]])
    classes = torch.tensor([[0, 2], [1, 0], [0, -1]])  # Words 0 and 1 are of class 2, word 1 of class 1.
    found, of = entity_states(states, classes)
    assert of.tolist() == [2, 1]
    root = math.sqrt(5)
    assert found.flatten().tolist() == pytest.approx(
        [1 / root, 0, 0, 2 / root, 0, 1 / math.sqrt(2), 0, 1 / math.sqrt(2)]
    )
