"""L_src + L_tgt + omega L_mlm (GLoDe, Eq. 1-5): labelled, pseudo-labelled and masked sentences in one pass.

Table 4's comparison has a supervised contrastive loss of the entities of a pass in the place of L_mlm.
"""

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np
import torch

from tasks.distillation.contrastive import contrastive_losses, entity_states
from tasks.distillation.hidden_text import masked_loss
from tasks.distillation.losses import soft_cross_entropy
from tasks.distillation.span_batches import SpanBatches
from tasks.tagging.fitting import Objective
from tasks.tagging.span_head import SPANS, span_losses

Batch = Mapping[str, torch.Tensor]


class Watch(Protocol):
    """What follows a training."""

    def begin_step(self) -> None:
        """Told that an update begins."""

    def see(self, model: Any, states: torch.Tensor, forms: torch.Tensor, batch: Batch) -> None:
        """Told of a pass of it.

        Args:
            model: that is trained.
            states: [n, H] of the pass' words, source words first.
            forms: [n] of them.
            batch: which has their numbers in `source_words` and `target_words`.
        """


def span_objective(batches: SpanBatches, watch: Watch | None = None) -> Objective:
    """The sum of the losses of pairs of sentences, over the pairs of an update.

    Args:
        batches: the pairs, and the settings.
        watch: told of every update and pass while training.
    """
    config = batches.config

    def loss(model: Any, batch: Batch) -> torch.Tensor:
        encoded = model.base_model(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"])
        states = encoded.last_hidden_state[batch["word_rows"], batch["word_positions"]]
        forms = SPANS.forms(model, batch)
        scores = SPANS.scores(model, states, forms, batch["word_rows"])
        words, each_span = len(batch["classes"]), config.loss_mean == "word"
        total = _mean(span_losses(scores[:words], batch["classes"]), batch, "source", each_span)
        if batches.target is not None:
            l_tgt = soft_cross_entropy(scores[words:], batch["soft"]).sum(dim=1)
            total = total + _mean(l_tgt, batch, "target", each_span)
        if config.contrastive_weight > 0:
            classes = batch["classes"]
            if batches.target is not None:
                classes = torch.cat([classes, batch["soft"].argmax(dim=2)])
            l_scl = contrastive_losses(*entity_states(states, classes), config.temperature)
            total = total + config.contrastive_weight * l_scl.sum() / batch["pairs"]
        if watch is not None:
            watch.see(model, states.detach(), forms, batch)
        if "hidden_ids" in batch:
            total = total + config.mlm_weight * masked_loss(model, encoded.last_hidden_state, batch) / batch["pairs"]
        return total

    def of_update(rows: np.ndarray) -> dict[str, torch.Tensor]:
        if watch is not None:
            watch.begin_step()
        return batches.of_update(rows)

    return Objective(batches.rows.lengths, batches.rows.pairs, batches.collate, of_update, loss)


def _mean(losses: torch.Tensor, batch: Batch, corpus: str, each_span: bool) -> torch.Tensor:
    """1/N sum_X 1/|S(X)| sum_s (Eq. 1 and 4), N the pairs of the update; or 1/S sum_s, S the mean spans of one."""
    if each_span:
        return losses.sum() / batch[f"{corpus}_spans"]
    return (losses * batch[f"{corpus}_share"]).sum() / batch["pairs"]
