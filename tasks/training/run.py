"""The state of a training between two updates, and what one update does."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from tasks.training.batching import updates_per_epoch
from tasks.training.checkpoint import load_checkpoint, trained_state, training_identity
from tasks.training.config import TrainingConfig
from tasks.training.freezing import freeze_bottom
from tasks.training.optimizer import make_optimizer
from tasks.training.precision import autocast_for, resolve_precision
from tasks.training.schedule import learning_rate_at
from tasks.training.seeding import collation_generator, seed_dropout

Collate = Callable[[np.ndarray, torch.Generator], dict[str, torch.Tensor]]
Loss = Callable[[nn.Module, dict[str, torch.Tensor]], torch.Tensor]

_UPDATES_BETWEEN_CHECKS = 16  # Reading a loss waits for the GPU, so losses are read in groups.


class TrainingDiverged(RuntimeError):
    """The loss became infinite or not a number."""


class TrainingRun:
    """The state of a training between two updates: all that a checkpoint has to hold."""

    def __init__(self, model: nn.Module, lengths: np.ndarray, config: TrainingConfig, device: str) -> None:
        """Freezes what is to stay as it is, moves the model, makes the optimizer."""
        self.model, self.lengths, self.config, self.device = model, lengths, config, device
        self.per_epoch = updates_per_epoch(self.lengths, self.config.subwords_per_batch)
        self.total = config.epochs * self.per_epoch
        freeze_bottom(self.model, self.config.frozen_layers)
        self.model.to(self.device)
        self.optimizer = make_optimizer(self.model, self.config)
        self.trained = [parameter for parameter in self.model.parameters() if parameter.requires_grad]
        self.update = 0
        self.loss_sums = [0.0] * self.config.epochs
        self.pending: list[torch.Tensor] = []
        self.identity = ""

    def step(self, collate: Collate, loss: Loss, epoch: int, batch: int, rows: np.ndarray) -> None:
        """Makes one update."""
        seed_dropout(self.config.seed, epoch, batch)
        tensors = collate(rows, collation_generator(self.config.seed, epoch, batch))
        moved = {name: tensor.to(self.device, non_blocking=True) for name, tensor in tensors.items()}
        for group in self.optimizer.param_groups:
            group["lr"] = learning_rate_at(self.update, self.total, self.config)
        with autocast_for(self.device, self.config.precision):
            value = loss(self.model, moved)
        value.backward()
        if self.config.clip_norm:
            nn.utils.clip_grad_norm_(self.trained, self.config.clip_norm)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        self.pending.append(value.detach())
        self.update += 1
        if len(self.pending) == _UPDATES_BETWEEN_CHECKS:
            self.check_losses()

    def check_losses(self) -> None:
        """Reads the losses since the last call into their epochs' sums.

        Raises:
            TrainingDiverged: at one that is not finite.
        """
        if not self.pending:
            return
        first = self.update - len(self.pending)
        for update, value in enumerate(torch.stack(self.pending).double().tolist(), start=first):
            epoch, batch = divmod(update, self.per_epoch)
            if not math.isfinite(value):
                rate = learning_rate_at(update, self.total, self.config)
                raise TrainingDiverged(
                    f"training: the loss is {value} in epoch {epoch + 1} of {self.config.epochs}, "
                    f"update {batch + 1} of {self.per_epoch}, learning rate {rate:.2e}; "
                    "lower learning_rate, raise warmup_fraction, or use precision float32"
                )
            self.loss_sums[epoch] += value
        self.pending = []

    def state(self) -> dict[str, Any]:
        """Tensors and plain types for a checkpoint."""
        return {
            "identity": self.identity,
            "update": self.update,
            "loss_sums": self.loss_sums,
            "model": trained_state(self.model),
            "optimizer": self.optimizer.state_dict(),
        }

    def resume(self, folder: Path | None) -> str | None:
        """Goes on from the checkpoint in a folder; returns why one that is there could not be used."""
        if folder is None:
            return None
        precision = resolve_precision(self.device, self.config.precision)
        self.identity = training_identity(self.config, precision, self.lengths, self.model)
        found = load_checkpoint(folder, self.identity)
        if found.state is not None:
            self.update, self.loss_sums = found.state["update"], found.state["loss_sums"]
            self.model.load_state_dict(found.state["model"], strict=False)
            self.optimizer.load_state_dict(found.state["optimizer"])
        return found.ignored
