"""A linear-chain conditional random field: what a whole label sequence scores (Lample et al. 2016).

    s(x, y) = start_{y_1} + sum_t e_{t, y_t} + sum_t T_{y_t, y_t+1} + end_{y_L}      p(y | x) = exp(s(x, y)) / Z(x)

e are the emissions, the scores that the layer below gives each word; T, start and end are learnt. Sequences of a batch
are computed side by side, and everything in the logarithm.
"""

import torch
from torch import nn


class Crf(nn.Module):
    """The weights: transitions [C, C], from row to column; starts [C] and ends [C]. They begin at 0: no preference."""

    def __init__(self, labels: int) -> None:
        super().__init__()
        self.transitions = nn.Parameter(torch.empty(labels, labels))
        self.starts = nn.Parameter(torch.empty(labels))
        self.ends = nn.Parameter(torch.empty(labels))
        self.reset()

    def reset(self) -> None:
        """Sets all weights to 0."""
        for weight in self.parameters():
            nn.init.zeros_(weight)

    def losses(self, emissions: torch.Tensor, labels: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
        """-log p(y | x) of each sequence.

        Args:
            emissions: [B, L, C]; what lies behind a sequence's end is ignored.
            labels: [B, L] int; likewise.
            lengths: [B] int, at least 1.

        Returns:
            [B] in nats, of whole sequences: not divided by their lengths.
        """
        return self.log_partition(emissions, lengths) - self.scores(emissions, labels, lengths)

    def log_partition(self, emissions: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
        """[B] log Z(x) = log sum_y exp(s(x, y)), over all C^L sequences, by the forward recursion."""
        alpha = self.starts + emissions[:, 0]
        for step in range(1, emissions.shape[1]):
            further = (alpha[:, :, None] + self.transitions).logsumexp(dim=1) + emissions[:, step]
            alpha = torch.where((step < lengths)[:, None], further, alpha)
        return (alpha + self.ends).logsumexp(dim=1)

    def scores(self, emissions: torch.Tensor, labels: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
        """[B] s(x, y) of given sequences."""
        inside = torch.arange(labels.shape[1], device=labels.device) < lengths[:, None]
        own = emissions.gather(2, labels[:, :, None]).squeeze(2)
        steps = self.transitions[labels[:, :-1], labels[:, 1:]]
        last = labels.gather(1, lengths[:, None] - 1).squeeze(1)
        zero = own.new_zeros(())
        total = torch.where(inside, own, zero).sum(dim=1) + torch.where(inside[:, 1:], steps, zero).sum(dim=1)
        return total + self.starts[labels[:, 0]] + self.ends[last]
