"""The CRF against sums and maxima over all sequences, written out."""

import itertools
import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.tagging.crf import Crf
from tasks.tagging.decoding import best_label_paths, best_paths


def drawn(labels: int, seed: int) -> Crf:
    crf = Crf(labels).double()
    noise = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for weight in crf.parameters():
            weight.copy_(torch.randn(weight.shape, generator=noise, dtype=torch.float64))
    return crf


@torch.no_grad()
def score(crf: Crf, emissions: torch.Tensor, path: tuple[int, ...]) -> float:
    total = float(crf.starts[path[0]] + crf.ends[path[-1]])
    total += sum(float(emissions[place, label]) for place, label in enumerate(path))
    return total + sum(float(crf.transitions[a, b]) for a, b in itertools.pairwise(path))


def test_the_loss_of_two_words_by_hand() -> None:
    # Two labels, emissions 0, all weights 0 but one: 1 -> 1 scores ln 3. The four sequences weigh 1, 1, 1, 3: Z = 6.
    crf = Crf(2)
    with torch.no_grad():
        crf.transitions[1, 1] = math.log(3)
    emissions = torch.zeros(2, 2, 2)
    losses = crf.losses(emissions, torch.tensor([[1, 1], [0, 1]]), torch.tensor([2, 2]))
    torch.testing.assert_close(losses, torch.tensor([math.log(6 / 3), math.log(6 / 1)]))


def test_starts_and_ends_count_once_by_hand() -> None:
    # One word: weights 2 x 5 = 10 for label 0, 1 for label 1; behind its end anything may stand.
    crf = Crf(2)
    with torch.no_grad():
        crf.starts[0], crf.ends[0] = math.log(2), math.log(5)
    emissions = torch.tensor([[[0.0, 0.0], [7.0, -9.0]]])
    losses = crf.losses(emissions, torch.tensor([[0, 1]]), torch.tensor([1]))
    torch.testing.assert_close(losses, torch.tensor([math.log(11 / 10)]))


def test_a_new_crf_is_a_softmax_of_every_word() -> None:
    emissions = torch.randn(3, 4, 5, generator=torch.Generator().manual_seed(1))
    labels = torch.tensor([[0, 1, 2, 3], [4, 0, 0, 0], [1, 1, 0, 0]])
    lengths = torch.tensor([4, 1, 2])
    words = torch.nn.functional.cross_entropy(emissions.flatten(0, 1), labels.flatten(), reduction="none").view(3, 4)
    expected = torch.stack([row[:n].sum() for row, n in zip(words, lengths, strict=True)])
    torch.testing.assert_close(Crf(5).losses(emissions, labels, lengths), expected)


@settings(max_examples=40)
@given(lengths=st.lists(st.integers(1, 4), min_size=1, max_size=3), labels=st.integers(1, 3), seed=st.integers(0, 999))
def test_losses_and_best_paths_are_those_of_all_sequences_written_out(
    lengths: list[int], labels: int, seed: int
) -> None:
    crf = drawn(labels, seed)
    noise = torch.Generator().manual_seed(seed + 1)
    emissions = torch.randn(len(lengths), max(lengths), labels, generator=noise, dtype=torch.float64)
    gold = torch.randint(labels, (len(lengths), max(lengths)), generator=noise)
    losses = crf.losses(emissions, gold, torch.tensor(lengths))
    weights = [weight.detach().numpy() for weight in (crf.transitions, crf.starts, crf.ends)]
    paths = best_paths(emissions.numpy(), np.array(lengths), *weights)
    for row, length in enumerate(lengths):
        every = list(itertools.product(range(labels), repeat=length))
        scores = [score(crf, emissions[row], path) for path in every]
        log_z = float(torch.tensor(scores, dtype=torch.float64).logsumexp(0))
        own = score(crf, emissions[row], tuple(gold[row, :length].tolist()))
        assert float(losses[row].detach()) == pytest.approx(log_z - own)
        assert tuple(paths[row, :length]) == every[int(np.argmax(scores))]
        assert (paths[row, length:] == -1).all()


def test_gradients_are_right_and_padding_has_none() -> None:
    crf = drawn(3, 5)
    noise = torch.Generator().manual_seed(2)
    emissions = torch.randn(2, 3, 3, generator=noise, dtype=torch.float64, requires_grad=True)
    labels, lengths = torch.tensor([[0, 2, 1], [1, 0, 0]]), torch.tensor([3, 1])
    assert torch.autograd.gradcheck(lambda given: crf.losses(given, labels, lengths), emissions)
    crf.losses(emissions, labels, lengths).sum().backward()
    assert emissions.grad is not None and not emissions.grad[1, 1:].any() and emissions.grad[1, 0].any()


def test_a_corpus_is_decoded_as_sentence_by_sentence_and_blank_ones_are_left_out() -> None:
    crf, lengths = drawn(3, 9), np.array([0, 3, 1, 0, 2])
    weights = [weight.detach().numpy() for weight in (crf.transitions, crf.starts, crf.ends)]
    emissions = np.random.default_rng(0).normal(size=(6, 3))
    alone = [best_paths(part[None], np.array([len(part)]), *weights)[0] for part in np.split(emissions, [3, 4])]
    assert best_label_paths(emissions, lengths, *weights).tolist() == np.concatenate(alone).tolist()
