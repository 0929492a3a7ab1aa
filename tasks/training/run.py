"""The state of a training between two updates, and what one update does."""

import math
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from torch import nn

from tasks.training.batching import length_batches, sentence_count, sentence_updates, updates_per_epoch
from tasks.training.checkpoint import load_checkpoint, trained_state, training_identity
from tasks.training.config import TrainingConfig
from tasks.training.freezing import freeze_bottom
from tasks.training.optimizer import clipped_groups, make_optimizer, set_rate
from tasks.training.precision import autocast_for
from tasks.training.schedule import learning_rate_at, warmup_of
from tasks.training.seeding import collation_generator, seed_dropout

Collate = Callable[[np.ndarray, torch.Generator], dict[str, torch.Tensor]]
OfUpdate = Callable[[np.ndarray], dict[str, torch.Tensor]]
"""From the row numbers of an update to what the loss of each of its passes has to know of all of them."""

Loss = Callable[[nn.Module, dict[str, torch.Tensor]], torch.Tensor]
Progress = Callable[[int, Callable[[], str]], None]
"""Called with the number of updates made since the last call, and with what says how the training stands."""

_UPDATES_BETWEEN_CHECKS = 16  # Reading a loss waits for the GPU, so losses are read in groups.


AfterEpoch = Callable[[int, nn.Module], None]
"""Called with the number of epochs made, and with the model in evaluation mode."""


class TrainingState(Protocol):
    """What a training changes beside its model, such as targets that it refines; an `nn.Module` with buffers is one."""

    def state_dict(self) -> Mapping[str, Any]:
        """Tensors and plain types, by name; the names stay the same all the time."""

    def load_state_dict(self, state_dict: Mapping[str, Any], /) -> Any:
        """Takes back what `state_dict` gave; tensors are on the CPU."""


class TrainingDiverged(RuntimeError):
    """The loss became infinite or not a number."""


def count_updates(lengths: np.ndarray, sentences: np.ndarray | None, config: TrainingConfig) -> int:
    """Optimizer steps of one epoch; see `TrainingRun` for what rows are."""
    if config.sentences_per_batch is None:
        return -(-updates_per_epoch(lengths, config.subwords_per_batch) // config.passes_per_update)
    return -(-sentence_count(lengths, sentences) // config.sentences_per_batch)


class TrainingRun:
    """The state of a training between two updates: all that a checkpoint has to hold."""

    def __init__(
        self,
        model: nn.Module,
        lengths: np.ndarray,
        config: TrainingConfig,
        device: str,
        beside: TrainingState | None = None,
        sentences: np.ndarray | None = None,
    ) -> None:
        """Freezes what is to stay as it is, moves the model, makes the optimizer."""
        self.model, self.lengths, self.config, self.device, self.beside = model, lengths, config, device, beside
        self.sentences = sentences
        self.per_epoch = count_updates(lengths, sentences, config)
        self.total = config.epochs * self.per_epoch
        warmup_of(self.total, config)
        freeze_bottom(self.model, self.config.frozen_layers)
        self.model.to(self.device)
        self.optimizer = make_optimizer(self.model, self.config)
        self.clipped = clipped_groups(self.model, config.clip_separately)
        self.update = 0
        self.loss_sums = [0.0] * self.config.epochs
        self.pending: list[torch.Tensor] = []
        self.identity = ""
        self.subwords = 0  # of this process
        self.resumed_at = 0
        self.began: float | None = None

    def updates(self, epoch: int) -> list[list[np.ndarray]]:
        """The passes of each update of an epoch: arrays of row numbers."""
        config = self.config
        if config.sentences_per_batch is None:
            batches = length_batches(self.lengths, config.subwords_per_batch, config.seed, epoch)
            size = config.passes_per_update
            return [batches[start : start + size] for start in range(0, len(batches), size)]
        room = (config.sentences_per_batch, config.subwords_per_batch)
        return sentence_updates(self.lengths, self.sentences, *room, config.seed, epoch)

    def step(
        self, collate: Collate, loss: Loss, of_update: OfUpdate | None, epoch: int, batch: int, passes: list[np.ndarray]
    ) -> None:
        """Makes one update, in one or several passes."""
        self.began = self.began or time.monotonic()
        seed_dropout(self.config.seed, epoch, batch)
        noise = collation_generator(self.config.seed, epoch, batch)
        shared = of_update(np.concatenate(passes)) if of_update else {}
        set_rate(self.optimizer, learning_rate_at(self.update, self.total, self.config))
        values = []
        for rows in passes:
            tensors = shared | collate(rows, noise)
            moved = {name: tensor.to(self.device, non_blocking=True) for name, tensor in tensors.items()}
            with autocast_for(self.device, self.config.precision):
                value = loss(self.model, moved)
            value.backward()
            values.append(value.detach())
            self.subwords += int(self.lengths[rows].sum())
        if self.config.clip_norm:
            for part in self.clipped:
                nn.utils.clip_grad_norm_(part, self.config.clip_norm)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        self.pending.append(values[0] if len(values) == 1 else torch.stack(values).sum())
        self.update += 1
        if len(self.pending) == _UPDATES_BETWEEN_CHECKS:
            self.check_losses()

    def standing(self) -> str:
        """Where it stands: epoch, mean loss of what is read of its updates, speed; it waits for no GPU."""
        epoch = (self.update - 1) // self.per_epoch
        parts = [f"epoch {epoch + 1} of {self.config.epochs}"]
        read = self.update - len(self.pending) - epoch * self.per_epoch
        if read > 0:
            parts.append(f"loss {self.loss_sums[epoch] / read:.3g}")
        if self.began is not None and (seconds := time.monotonic() - self.began) > 0:
            parts.append(f"{self.subwords / seconds:,.0f} sub-words a second")
        if self.resumed_at:
            parts.append(f"gone on from update {self.resumed_at:,}")
        return ", ".join(parts)

    def end_epoch(self, after_epoch: AfterEpoch, epoch: int) -> None:
        """Calls what comes after an epoch, counted from 0; what it draws depends on that position alone, too."""
        self.check_losses()
        seed_dropout(self.config.seed, epoch, self.per_epoch)
        self.model.eval()
        after_epoch(epoch + 1, self.model)
        self.model.train()

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
                    "lower learning_rate, make the warmup longer, or use precision float32"
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
            "beside": dict(self.beside.state_dict()) if self.beside is not None else {},
        }

    def resume(self, folder: Path | None) -> str | None:
        """Goes on from the checkpoint in a folder; returns why one that is there could not be used."""
        if folder is None:
            return None
        names = self.beside.state_dict() if self.beside is not None else ()
        self.identity = training_identity(self.config, self.lengths, self.sentences, self.model, names)
        found = load_checkpoint(folder, self.identity)
        if found.state is not None:
            self.update, self.loss_sums = found.state["update"], found.state["loss_sums"]
            self.resumed_at = self.update
            self.model.load_state_dict(found.state["model"], strict=False)
            self.optimizer.load_state_dict(found.state["optimizer"])
            if self.beside is not None:
                self.beside.load_state_dict(found.state["beside"])
        return found.ignored
