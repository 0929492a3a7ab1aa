"""A prototype of every class: the moving average of its spans' representations (GLoDe, Eq. 6)."""

import torch
from torch.nn.functional import one_hot


def moved_prototypes(
    prototypes: torch.Tensor, spans: torch.Tensor, classes: torch.Tensor, alpha: float
) -> torch.Tensor:
    """The prototypes, not yet normalised, that spans have moved: each of class c moves phi_c towards itself (Eq. 6).

        phi <- alpha phi + (1 - alpha) z_1, then with z_2, ..., z_n:
        phi  = alpha^n phi + (1 - alpha) sum_k alpha^(n - k) z_k

    The sum is one matrix product. t of the paper is the training step: whoever calls this normalises once for each, as
    the published code does, whatever the number of passes. A prototype that no span has moved yet is 0, as near to
    everything as to nothing.

    Args:
        prototypes: [K, D], of length 1 or 0 at the beginning of a step.
        spans: [n, D] of length 1, in their order.
        classes: [n] int from 0 to K - 1.
        alpha: the update rate.

    Returns:
        [K, D] float32.
    """
    hits = one_hot(classes, len(prototypes))
    counts = hits.sum(dim=0)
    later = counts[classes] - hits.cumsum(dim=0).gather(1, classes[:, None])[:, 0]  # n - k of each span
    weights = alpha ** later.double() * (1 - alpha)
    pulled = (hits * weights[:, None]).to(spans.dtype).T @ spans
    kept = alpha ** counts.double()
    return kept[:, None].to(spans.dtype) * prototypes + pulled


def random_projection(width: int, dimensions: int, seed: int) -> torch.Tensor:
    """[dimensions, width] a fixed random map of spans' representations to few dimensions, which keeps angles about.

    Nothing is learnt through it in the paper's losses, and it has no gradient in the published code.
    """
    noise = torch.Generator().manual_seed(seed)
    return torch.randn(dimensions, width, generator=noise) / dimensions**0.5
