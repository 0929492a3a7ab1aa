"""Supervised contrastive learning of entities: features that know no language (GLoDe, Table 4; Khosla et al., 2020)."""

import torch


def entity_states(states: torch.Tensor, classes: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """The representations of the spans that are entities, and their classes.

    Args:
        states: [n, H] of words in their order.
        classes: [n, L] of the spans that begin at each word, by length; 0 is O, -1 no span.

    Returns:
        [E, 2H] the states of a span's first and last word, one after the other, scaled to length 1; [E].
    """
    first, longer = (classes > 0).nonzero(as_tuple=True)
    both = torch.cat([states[first], states[first + longer]], dim=1).float()
    return torch.nn.functional.normalize(both, dim=1), classes[first, longer]


def contrastive_losses(representations: torch.Tensor, classes: torch.Tensor, temperature: float) -> torch.Tensor:
    """L_sup,out of each entity that has another of its class beside it, and 0 of the others (Khosla et al., Eq. 2).

        -1/|P(i)| sum_{p in P(i)} log(exp(r_i r_p / tau) / sum_{a != i} exp(r_i r_a / tau))

    Args:
        representations: [E, U] of length 1.
        classes: [E].
        temperature: tau.

    Returns:
        [E] in nats; P(i) are the others of the class of i.
    """
    if len(classes) < 2:  # Of an entity alone all others together have no probability, and no gradient.
        return 0 * representations.sum(dim=1)
    own = torch.eye(len(classes), dtype=torch.bool, device=classes.device)
    similar = (representations @ representations.T / temperature).masked_fill(own, -torch.inf)
    positive = (classes[:, None] == classes) & ~own
    log_p = similar - similar.logsumexp(dim=1, keepdim=True)
    counts = positive.sum(dim=1)
    return -log_p.masked_fill(~positive, 0.0).sum(dim=1) / counts.clamp(min=1)
