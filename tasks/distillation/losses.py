"""CoLaDa's two losses, word by word; the mean over words and sentences is taken in `tasks.tagging.fitting`."""

import torch
from torch.nn.functional import one_hot


def soft_cross_entropy(logits: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """CE(p_hat, p) = - sum_c p_c log p_hat_c, where p_hat = softmax(logits).

    Args:
        logits: [n, C].
        target: [n, C]; rows need not sum to 1, and a row of zeros costs nothing.

    Returns:
        [n] in nats.
    """
    return -(target * logits.log_softmax(dim=-1)).sum(dim=-1)


def noise_robust_loss(
    logits: torch.Tensor,
    soft: torch.Tensor,
    hard: torch.Tensor,
    weight: torch.Tensor,
    beta_soft: float,
    beta_hard: float,
) -> torch.Tensor:
    """Loss of each word of the translation: beta1 w CE(p_hat, p^u) + beta2 CE(p_hat, y) (CoLaDa, Eq. 4-5).

    The published code mixes the two targets into one, lam y + (1 - lam) w p^u with lam = beta2 = 1 - beta1.
    Cross-entropy is linear in its target, so that is the same loss, and it is how we compute it: one
    logarithm instead of two.

    Args:
        logits: [n, C] of M_trans.
        soft: [n, C] p^u, the collaborator's soft labels.
        hard: [n] int, the labels y that came with the translation.
        weight: [n] w, reliability of `soft`.
        beta_soft: beta1, how much the collaborator counts.
        beta_hard: beta2, how much the translation's labels count.

    Returns:
        [n] in nats. With weights 1, soft labels that are one-hot at `hard`, and beta1 + beta2 = 1: plain
        cross-entropy with `hard`.
    """
    # Labels that came with the translation have no weight (Eq. 5 changes beta1 alone).
    target = beta_soft * weight[:, None] * soft + beta_hard * one_hot(hard, logits.shape[-1]).to(soft.dtype)
    return soft_cross_entropy(logits, target)


def weighted_distillation_loss(logits: torch.Tensor, target: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """Loss of each word of the unlabelled text: w CE(p_hat, p^t) (CoLaDa, Eq. 6).

    Args:
        logits: [n, C] of M_tgt.
        target: [n, C] p^t, the teacher's soft labels, or one-hot rows for hard ones.
        weight: [n] w, reliability of `target`.

    Returns:
        [n] in nats. The weights do not sum to the number of words: the paper divides by L, not by their sum.
    """
    return weight * soft_cross_entropy(logits, target)
