"""From probabilities of words to probabilities of spans, for all spans of a batch at once (ConNER, Algorithm 1)."""

from collections.abc import Sequence

import torch

from tasks.words.labels import entity_types


def span_log_probabilities(
    logits: torch.Tensor, starts: torch.Tensor, ends: torch.Tensor, labels: Sequence[str]
) -> torch.Tensor:
    """Log P_s(z | s_ij): an entity type, O, or `illegal`, which is all that BIOES does not allow a span.

        P_s(X) = P_t(S-X | x_i)                                               for a span of one word
        P_s(X) = P_t(B-X | x_i) prod_u P_t(I-X | x_u) P_t(E-X | x_j)          for a longer one
        P_s(O) = prod_u P_t(O | x_u)
        P_s(illegal) = 1 - sum of these

    The last line is not computed as a difference, of which float32 leaves little where the span is legal. A sequence
    is illegal if it leaves the legal ones for good at some word: at the first one with a label that begins none of
    them, or later, after the begin of X (or O), with any label but the next of X. All terms of that sum are positive.

    Args:
        logits: [n, 4 T + 1] emissions of words; P_t is their softmax.
        starts: [S] int, the first word of each span, a row of `logits`.
        ends: [S] int, the row behind its last word; spans have at least one.
        labels: [4 T + 1] BIOES labels, by column.

    Returns:
        [S, T + 2] in nats: the sorted types, O, illegal; finite for finite logits. exp of a row sums to 1.
    """
    places = torch.arange(int((ends - starts).max()) if len(starts) else 1, device=logits.device)
    rows = starts[:, None] + places
    inside = rows < ends[:, None]
    columns = _columns(labels, rows == starts[:, None], rows == ends[:, None] - 1)
    log_p = logits.log_softmax(dim=-1)[rows.clamp(max=len(logits) - 1)]
    on_path = log_p.gather(2, columns).masked_fill(~inside[:, :, None], 0.0)
    so_far = on_path.cumsum(dim=1)
    chosen = torch.nn.functional.one_hot(columns, len(labels)).bool()
    left_first = log_p[:, 0].masked_fill(chosen[:, 0].any(dim=1), -torch.inf).logsumexp(dim=-1)
    others = log_p[:, 1:, None].masked_fill(chosen[:, 1:], -torch.inf).logsumexp(dim=-1)
    left_later = (so_far[:, :-1] + others).masked_fill(~inside[:, 1:, None], -torch.inf)
    illegal = torch.cat([left_first[:, None], left_later.flatten(1)], dim=1).logsumexp(dim=1)
    return torch.cat([so_far[:, -1], illegal[:, None]], dim=1)


def legal_alone(spans: torch.Tensor) -> torch.Tensor:
    """Log P_s(z | s_ij, z is legal): what `span_log_probabilities` gave, without its last column, normalised again.

    A span of which hardly anything is legal has a distribution, too.

    Args:
        spans: [S, T + 2] in nats, illegal last.

    Returns:
        [S, T + 1] in nats: the sorted types, O.
    """
    return spans[:, :-1].log_softmax(dim=-1)


def _columns(labels: Sequence[str], first: torch.Tensor, last: torch.Tensor) -> torch.Tensor:
    """[S, L, T + 1] the label that each type, and O, needs at each place of spans; first and last are [S, L] bool."""
    column = {label: i for i, label in enumerate(labels)}
    types = entity_types(labels)
    by_role = [[*(column[f"{prefix}-{name}"] for name in types), column["O"]] for prefix in "IBES"]
    return torch.tensor(by_role, device=first.device)[first.long() + 2 * last.long()]
