"""Masked language modelling beside the loss of words: L + omega L_mlm (GLoDe, Eq. 2-3)."""

from typing import Any

import numpy as np
import torch

from tasks.distillation.hidden_text import MaskedText, hidden_shares, hide_subwords, masked_loss
from tasks.tagging.fitting import LossMean, Objective


def with_masked_text(
    objective: Objective, text: MaskedText, raw: np.ndarray, weight: float, rate: float, loss_mean: LossMean
) -> Objective:
    """Adds to the loss of some windows that of finding what is hidden in a second copy of those with raw text.

    L_mlm is the mean over the windows of an update, those without raw text counting as 0: so every window of raw text
    weighs the same. Updates and their passes stay; each pass reads the copies, too.

    Args:
        objective: of all windows.
        text: all windows.
        raw: [W] bool, which of them have raw text.
        weight: omega.
        rate: r_m, share of sub-words that are hidden.
        loss_mean: see `hidden_shares`.
    """
    shares = hidden_shares(text.windows, rate, loss_mean, raw)

    def collate(rows: np.ndarray, noise: torch.Generator) -> dict[str, torch.Tensor]:
        batch = objective.collate(rows, noise)
        if raw[rows].any():
            hidden = hide_subwords(text, rows[raw[rows]], rate, shares, noise)
            batch |= {"masked_input_ids": hidden.ids, "masked_attention_mask": hidden.mask, **hidden.places}
        return batch

    def of_update(rows: np.ndarray) -> dict[str, torch.Tensor]:
        return objective.of_update(rows) | {"windows": torch.tensor(len(rows))}

    def loss(model: Any, batch: dict[str, torch.Tensor]) -> torch.Tensor:
        total = objective.loss(model, batch)
        if "masked_input_ids" in batch:
            ids, mask = batch["masked_input_ids"], batch["masked_attention_mask"]
            states = model.base_model(input_ids=ids, attention_mask=mask).last_hidden_state
            total = total + weight * masked_loss(model, states, batch) / batch["windows"]
        return total

    return Objective(objective.lengths, objective.sentences, collate, of_update, loss)
