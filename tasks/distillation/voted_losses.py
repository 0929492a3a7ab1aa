"""UniTrans' losses, word by word; the means over words and sentences are taken in `tasks.tagging.fitting`."""

import torch
from torch.nn.functional import cross_entropy


def probability_error(logits: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """MSE(p, p_hat) = 1/C sum_c (p_c - p_hat_c)^2, where p_hat = softmax(logits) (the summand of UniTrans, Eq. 9).

    Args:
        logits: [n, C] of the student.
        target: [n, C] p, the teacher's soft labels.

    Returns:
        [n] in [0, 2 / C].
    """
    return (logits.softmax(dim=-1) - target).square().mean(dim=-1)


def agreed_cross_entropy(logits: torch.Tensor, votes: torch.Tensor) -> torch.Tensor:
    """I(x) CE(y, p_hat): cross-entropy with the label that the taggers agree on (the summand of UniTrans, Eq. 12).

    Args:
        logits: [n, C] of the student.
        votes: [n] int label ids; negative where there is none, which makes I(x) 0.

    Returns:
        [n] in nats; 0 for a word without a label.
    """
    losses = cross_entropy(logits, votes.clamp(min=0), reduction="none")
    return torch.where(votes >= 0, losses, torch.zeros_like(losses))


def voted_distillation_loss(
    logits: torch.Tensor,
    soft: torch.Tensor,
    votes: torch.Tensor,
    soft_weight: float,
    hard_weight: float,
    hard_scale: torch.Tensor | float = 1.0,
) -> torch.Tensor:
    """Loss of each word of the unlabelled text: eta I(x) CE(y, p_hat) + MSE(p, p_hat) (UniTrans, Eq. 13).

    Args:
        logits: [n, C] of the student.
        soft: [n, C] the teacher's soft labels.
        votes: [n] int label ids; negative where the taggers differ.
        soft_weight: factor of the error; 1 in the paper, 0 in its first ablation.
        hard_weight: eta; 1 in the paper, 0 in its second ablation.
        hard_scale: n over the number of labelled words, if the mean over all n words is to divide the cross-entropies
            by the labelled words alone (the published code); 1 divides them by all words (Eq. 12).

    Returns:
        [n]; the two terms have different units, as in the paper.
    """
    hard = hard_scale * agreed_cross_entropy(logits, votes)
    return hard_weight * hard + soft_weight * probability_error(logits, soft)
