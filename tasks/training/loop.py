"""The one training loop."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn

from artifacts.stopping import stop_at_whole_states
from tasks.training.checkpoint import save_checkpoint
from tasks.training.config import TrainingConfig
from tasks.training.run import (
    AfterEpoch,
    Collate,
    Loss,
    OfUpdate,
    Progress,
    TrainingDiverged,
    TrainingRun,
    TrainingState,
    count_updates,
)
from tasks.training.seeding import isolated_randomness

__all__ = [
    "AfterEpoch",
    "Checkpoints",
    "Collate",
    "Loss",
    "OfUpdate",
    "Progress",
    "TrainingDiverged",
    "TrainingHistory",
    "TrainingState",
    "count_updates",
    "planned_updates",
    "train",
]


@dataclass(frozen=True)
class Checkpoints:
    """Where a training keeps its state, and how often.

    folder   of this training alone
    minutes  between two checkpoints; 0 = after every update
    updates  between two checkpoints, instead of minutes
    """

    folder: Path
    minutes: float = 5.0
    updates: int | None = None

    def due(self, update: int, last: float) -> bool:
        """Whether the state after `update` updates is to be kept; `last` is when one was, by the monotonic clock."""
        if self.updates is not None:
            return update % self.updates == 0
        return time.monotonic() - last >= 60 * self.minutes


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


def planned_updates(lengths: np.ndarray, config: TrainingConfig, sentences: np.ndarray | None = None) -> int:
    """Optimizer steps that `train` will make."""
    return config.epochs * count_updates(lengths, sentences, config)


def train(
    model: nn.Module,
    lengths: np.ndarray,
    collate: Collate,
    loss: Loss,
    config: TrainingConfig,
    *,
    device: str,
    checkpoints: Checkpoints | None,
    sentences: np.ndarray | None = None,
    of_update: OfUpdate | None = None,
    progress: Progress | None = None,
    after_epoch: AfterEpoch | None = None,
    beside: TrainingState | None = None,
) -> TrainingHistory:
    """Trains a model in place and leaves it on `device`, in evaluation mode.

    On one machine and thread count a CPU training gives the same bits each time, resumed or not; the caller's
    random generators are left as they were. Ctrl-c and SIGTERM end it after the update that is being made, with a
    checkpoint.

    Args:
        model: in float32; `config.frozen_layers` of it lose their gradients.
        lengths: [N] int, sub-words of each row.
        collate: makes a batch of row numbers; draws noise from the generator it gets and nowhere else.
        loss: the scalar to minimise, called under autocast; that of an update is the sum of its passes'.
        config: the settings.
        device: "cpu", "cuda" or "cuda:N".
        checkpoints: where they are kept and looked for; one folder per training. None keeps none.
        sentences: [N] int, the sentence of each row, rising; None: each row is one.
        of_update: what a pass has to know of its whole update; its tensors are put beside those of `collate`. Needed
            for a mean where `config.sentences_per_batch` or `passes_per_update` lets an update take several passes.
        progress: called with the number of updates made since the last call, and what says how the training stands.
        after_epoch: called after each epoch, the last included, before the next begins: a resumed training calls it
            for no epoch twice, unless it was killed before the next checkpoint. It may change `beside`, and what
            `collate` and `loss` read of it.
        beside: what else the training changes, in `loss` or `after_epoch`; it is kept in checkpoints, and given back
            when the training goes on from one.

    Raises:
        InputError: if the warmup is longer than the training.
        TrainingDiverged: at a loss that is not finite.
    """
    with isolated_randomness(device):
        run = TrainingRun(model, np.asarray(lengths), config, device, beside, sentences)
        ignored = run.resume(checkpoints.folder if checkpoints else None)
        started = time.monotonic()
        if progress and run.resumed_at:
            progress(run.resumed_at, run.standing)
        model.train()
        threads = torch.get_num_threads()

        def updates(stopping: Callable[[], bool]) -> str:
            torch.set_num_threads(threads)  # Another thread may have another number.
            last_checkpoint = started
            for epoch, batch, passes in _updates_to_come(run):
                run.step(collate, loss, of_update, epoch, batch, passes)
                if progress:
                    progress(1, run.standing)
                if after_epoch and batch + 1 == run.per_epoch:
                    run.end_epoch(after_epoch, epoch)
                stop = stopping()
                if checkpoints and (stop or (run.update < run.total and checkpoints.due(run.update, last_checkpoint))):
                    run.check_losses()
                    save_checkpoint(checkpoints.folder, run.state())
                    last_checkpoint = time.monotonic()
                if stop:
                    run.check_losses()
                    kept = f"update {run.update:,} of {run.total:,}" if checkpoints else "its beginning"
                    return f"the training goes on from {kept}"
            run.check_losses()
            return "the training was at its end, and goes on from the checkpoint before"  # Asked too late for another.

        stop_at_whole_states(updates)
        run.optimizer.zero_grad(set_to_none=True)
        model.eval()
    return TrainingHistory(
        losses=[total / run.per_epoch for total in run.loss_sums],
        updates=run.total,
        subwords=int(run.lengths.sum()) * config.epochs,
        seconds=time.monotonic() - started,
        resumed_at=run.resumed_at,
        ignored_checkpoint=ignored,
    )


def _updates_to_come(run: TrainingRun) -> Iterator[tuple[int, int, list[np.ndarray]]]:
    """Epoch, number and passes of each update that is not made yet."""
    for epoch in range(run.update // run.per_epoch, run.config.epochs):
        updates = run.updates(epoch)
        yield from ((epoch, batch, updates[batch]) for batch in range(run.update % run.per_epoch, run.per_epoch))
