"""The one training loop."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from accelerate import Accelerator
from torch import nn

from tasks.training.batching import length_batches, updates_per_epoch
from tasks.training.checkpoint import load_checkpoint, save_checkpoint, trained_state, training_identity
from tasks.training.config import TrainingConfig
from tasks.training.freezing import freeze_bottom
from tasks.training.optimizer import make_optimizer
from tasks.training.precision import autocast_for, resolve_precision
from tasks.training.schedule import learning_rate_at
from tasks.training.seeding import collation_generator, isolated_randomness, seed_dropout

Collate = Callable[[np.ndarray, torch.Generator], dict[str, torch.Tensor]]
Loss = Callable[[nn.Module, dict[str, torch.Tensor]], torch.Tensor]

_UPDATES_BETWEEN_CHECKS = 16  # Reading a loss waits for the GPU, so losses are read in groups.


class TrainingDiverged(RuntimeError):
    """The loss became infinite or not a number."""


@dataclass(frozen=True)
class TrainingHistory:
    """How a training went.

    losses              mean loss of each epoch's updates
    updates             optimizer steps, those before a resumption included
    subwords            sub-words seen, padding left out, those before a resumption included
    seconds             of this process alone
    resumed_at          updates that a checkpoint had already made; 0 = from the start
    ignored_checkpoint  why a checkpoint that was there was not used
    """

    losses: list[float]
    updates: int
    subwords: int
    seconds: float
    resumed_at: int = 0
    ignored_checkpoint: str | None = None


def planned_updates(lengths: np.ndarray, config: TrainingConfig) -> int:
    """Optimizer steps that `train` will make."""
    return config.epochs * updates_per_epoch(lengths, config.subwords_per_batch)


def train(
    model: nn.Module,
    lengths: np.ndarray,
    collate: Collate,
    loss: Loss,
    config: TrainingConfig,
    *,
    device: str,
    work_folder: Path | None,
    progress: Callable[[int], None] | None = None,
    checkpoint_every_updates: int | None = None,
) -> TrainingHistory:
    """Trains a model in place and leaves it on `device`, in evaluation mode.

    On one machine and thread count a CPU training gives the same bits each time, resumed or not; the caller's
    random generators are left as they were.

    Args:
        model: in float32; `config.frozen_layers` of it lose their gradients.
        lengths: [N] int, sub-words of each row.
        collate: makes a batch of row numbers; draws noise from the generator it gets and nowhere else.
        loss: the scalar to minimise, called under autocast.
        config: the settings.
        device: "cpu", "cuda" or "cuda:N".
        work_folder: where checkpoints are kept and looked for; one folder per training. None keeps none.
        progress: called with the number of updates made since the last call.
        checkpoint_every_updates: overrides `config.checkpoint_minutes`.

    Raises:
        TrainingDiverged: at a loss that is not finite.
    """
    with isolated_randomness(device):
        run = _Run(model, np.asarray(lengths), config, device)
        ignored = run.resume(work_folder)
        started = last_checkpoint = time.monotonic()
        resumed_at = run.update
        if progress and resumed_at:
            progress(resumed_at)
        model.train()
        while run.update < run.total:
            epoch, first = divmod(run.update, run.per_epoch)
            batches = length_batches(run.lengths, config.subwords_per_batch, config.seed, epoch)
            for batch in range(first, run.per_epoch):
                run.step(collate, loss, epoch, batch, batches[batch])
                if progress:
                    progress(1)
                minutes = (time.monotonic() - last_checkpoint) / 60
                due = run.update % checkpoint_every_updates == 0 if checkpoint_every_updates else (
                    minutes >= config.checkpoint_minutes
                )  # fmt: skip
                if work_folder is not None and due and run.update < run.total:
                    run.check_losses()
                    save_checkpoint(work_folder, run.state())
                    last_checkpoint = time.monotonic()
            run.check_losses()
        run.optimizer.zero_grad(set_to_none=True)
        model.eval()
    return TrainingHistory(
        losses=[total / run.per_epoch for total in run.loss_sums],
        updates=run.total,
        subwords=int(run.lengths.sum()) * config.epochs,
        seconds=time.monotonic() - started,
        resumed_at=resumed_at,
        ignored_checkpoint=ignored,
    )


@dataclass
class _Run:
    """The state of a training between two updates: all that a checkpoint has to hold."""

    model: nn.Module
    lengths: np.ndarray
    config: TrainingConfig
    device: str
    update: int = 0
    loss_sums: list[float] = field(default_factory=list)
    pending: list[torch.Tensor] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.accelerator = Accelerator(mixed_precision="no", device_placement=False)  # The format is autocast_for's.
        same_kind = self.accelerator.device.type == self.device  # "cuda" is then this process's own GPU.
        self.place = self.accelerator.device if same_kind else torch.device(self.device)
        self.per_epoch = updates_per_epoch(self.lengths, self.config.subwords_per_batch)
        self.total = planned_updates(self.lengths, self.config)
        freeze_bottom(self.model, self.config.frozen_layers)
        self.model.to(self.place)
        self.optimizer = make_optimizer(self.model, self.config)
        self.trained = [parameter for parameter in self.model.parameters() if parameter.requires_grad]
        self.loss_sums = [0.0] * self.config.epochs

    def step(self, collate: Collate, loss: Loss, epoch: int, batch: int, rows: np.ndarray) -> None:
        """Makes one update."""
        seed_dropout(self.config.seed, epoch, batch)
        tensors = collate(rows, collation_generator(self.config.seed, epoch, batch))
        moved = {name: tensor.to(self.place, non_blocking=True) for name, tensor in tensors.items()}
        for group in self.optimizer.param_groups:
            group["lr"] = learning_rate_at(self.update, self.total, self.config)
        with autocast_for(self.device, self.config.precision):
            value = loss(self.model, moved)
        self.accelerator.backward(value)
        if self.config.clip_norm:
            self.accelerator.clip_grad_norm_(self.trained, self.config.clip_norm)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        self.pending.append(value.detach())
        self.update += 1
        if len(self.pending) == _UPDATES_BETWEEN_CHECKS:
            self.check_losses()

    def check_losses(self) -> None:
        """Reads the losses of the last updates, adds them to their epochs, and stops at one that is not finite."""
        if not self.pending:
            return
        first = self.update - len(self.pending)
        for update, value in enumerate(torch.stack(self.pending).double().tolist(), start=first):
            epoch, batch = divmod(update, self.per_epoch)
            if not math.isfinite(value):
                rate = learning_rate_at(update, self.total, self.config)
                raise TrainingDiverged(
                    f"training: the loss is {value} in epoch {epoch + 1} of {self.config.epochs}, update {batch + 1} "
                    f"of {self.per_epoch}, learning rate {rate:.2e}; lower learning_rate, raise warmup_fraction, "
                    "or use precision float32"
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
