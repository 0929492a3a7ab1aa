"""ConNER's losses: how far a model contradicts itself, on a span and its translation, or under two dropouts."""

from typing import Literal

import torch

Divergence = Literal["both", "unlabel", "trans"]


def kl(p: torch.Tensor, q: torch.Tensor) -> torch.Tensor:
    """KL(p || q) = sum_c p_c (log p_c - log q_c) of each row.

    Args:
        p: [n, C] log-probabilities, finite.
        q: [n, C] log-probabilities, finite.

    Returns:
        [n] in nats.
    """
    return (p.exp() * (p - q)).sum(dim=-1)


def divergence(first: torch.Tensor, second: torch.Tensor, by: Divergence = "both") -> torch.Tensor:
    """D_div of each row (ConNER, Eq. 5): which of two predictions is the truth that the other one is measured by.

        unlabel  KL(first || second)                                  (Eq. 5a)
        trans    KL(second || first)                                  (Eq. 5b)
        both     1/2 (KL(first || second) + KL(second || first))      (Eq. 5c; the summand of Eq. 2 and 3)

    Both predictions have gradients, whichever is the truth.

    Args:
        first: [n, C] log-probabilities, such as those of spans of the original sentences.
        second: [n, C] log-probabilities, such as those of their translations.
        by: which of the three.

    Returns:
        [n] in nats; 0 where both are the same.
    """
    if by == "unlabel":
        return kl(first, second)
    if by == "trans":
        return kl(second, first)
    # The two sums have the same differences: 1/2 sum (p - q)(log p - log q).
    return 0.5 * ((first.exp() - second.exp()) * (first - second)).sum(dim=-1)


def mean_of_groups(values: torch.Tensor, groups: torch.Tensor) -> torch.Tensor:
    """The mean over groups of the mean over each group's values (1/m of Eq. 2, over the sentences of a batch).

    Args:
        values: [n], at least one.
        groups: [n] int, the group of each; a number without a value is no group.

    Returns:
        A scalar.
    """
    _, group, counts = groups.unique(return_inverse=True, return_counts=True)
    return (values / counts[group]).sum() / len(counts)


def total_loss(
    supervised: torch.Tensor, dropout: torch.Tensor, translation: torch.Tensor, alpha: float, beta: float
) -> torch.Tensor:
    """L_total = L_CE + alpha L_drop + beta L_trans, of one update (ConNER, Eq. 4)."""
    return supervised + alpha * dropout + beta * translation
