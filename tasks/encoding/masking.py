"""Examples for masked and translation language modelling, and the masks over them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

PAD, CLS, SEP, MASK = 0, 2, 3, 4
SPECIAL_PIECES = 5


@dataclass(frozen=True)
class Examples:
    """Sentences, and pairs of a sentence and its translation.

    first   [N] arrays of int piece ids, without special pieces
    second  [N] the same, empty for a sentence alone
    """

    first: Sequence[np.ndarray]
    second: Sequence[np.ndarray]

    def lengths(self) -> np.ndarray:
        """[N] int, pieces of each example with [CLS] and [SEP]."""
        rows = zip(self.first, self.second, strict=True)
        return np.array([len(a) + 2 + (len(b) + 1 if len(b) else 0) for a, b in rows])


def assemble(examples: Examples, rows: np.ndarray, swapped: np.ndarray) -> dict[str, torch.Tensor]:
    """Pads examples into a batch: `[CLS] a [SEP]`, or `[CLS] a [SEP] b [SEP]`.

    Positions start again at the second sentence, at 1 as after [CLS], so that a word and its translation tend to
    have near positions.

    Args:
        examples: all of them.
        rows: [B] which to take.
        swapped: [B] bool, whether a pair's second sentence comes first.
    """
    parts = []
    for row, swap in zip(rows, swapped, strict=True):
        a, b = examples.first[row], examples.second[row]
        parts.append((b, a) if swap and len(b) else (a, b))
    longest = max(len(a) + 2 + (len(b) + 1 if len(b) else 0) for a, b in parts)
    ids = np.full((len(parts), longest), PAD, dtype=np.int64)
    positions = np.zeros_like(ids)
    for i, (a, b) in enumerate(parts):
        end = len(a) + 2
        ids[i, :end] = [CLS, *a, SEP]
        positions[i, :end] = np.arange(end)
        if len(b):
            ids[i, end : end + len(b) + 1] = [*b, SEP]
            positions[i, end : end + len(b) + 1] = np.arange(1, len(b) + 2)
    batch = torch.from_numpy(ids)
    return {
        "input_ids": batch,
        "position_ids": torch.from_numpy(positions),
        "attention_mask": (batch != PAD).long(),
    }


def choose_masked(
    ids: torch.Tensor, fractions: torch.Tensor, continues: torch.Tensor | None, noise: torch.Generator
) -> torch.Tensor:
    """Draws the pieces to predict: each with its row's probability, and at least one in a row.

    Args:
        ids: [B, L] int piece ids.
        fractions: [B] float, probability per piece, or per word if `continues` is given.
        continues: [vocabulary] bool, whether a piece goes on with the word before it; None masks single pieces.
        noise: where the draws come from.

    Returns:
        [B, L] bool; never a special piece.
    """
    draws = torch.rand(ids.shape, generator=noise)
    if continues is not None:
        word = (~continues[ids]).long().cumsum(dim=1) - 1
        draws = draws.gather(1, word.clamp(min=0))
    draws = draws.masked_fill(ids < SPECIAL_PIECES, 2.0)
    # The smallest draw of a row is masked anyway: a row without a mask teaches nothing.
    bound = torch.maximum(fractions.unsqueeze(1), draws.min(dim=1, keepdim=True).values)
    return (draws <= bound) & (draws <= 1.0)


def hide(ids: torch.Tensor, masked: torch.Tensor, vocabulary_size: int, noise: torch.Generator) -> torch.Tensor:
    """Replaces masked pieces: 80 % by [MASK], 10 % by a random piece, 10 % by themselves (BERT, section 3.1)."""
    draws = torch.rand(ids.shape, generator=noise)
    random = torch.randint(SPECIAL_PIECES, vocabulary_size, ids.shape, generator=noise)
    hidden = torch.where(masked & (draws < 0.8), torch.full_like(ids, MASK), ids)
    return torch.where(masked & (draws >= 0.8) & (draws < 0.9), random, hidden)
