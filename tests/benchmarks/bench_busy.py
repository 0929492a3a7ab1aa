"""One training alone and beside two busy loops, as a run sets threads, and with torch's threads as they come."""

import os
import subprocess
import sys
import time
from typing import Any

import numpy as np
import torch

from artifacts.free_cores import FreeCores
from artifacts.threads import threads
from tasks.training.config import TrainingConfig
from tasks.training.loop import train
from tests.benchmarks.bench_training import small_bert

_BUSY = "while True: pass"
_RUN = "from tests.benchmarks.bench_busy import epoch; print(epoch({chosen}))"
_OURS = ("OMP_WAIT_POLICY", "KMP_BLOCKTIME", "GOMP_SPINCOUNT", "OMP_NUM_THREADS")
_SENTENCES, _LENGTH = 930, 32


def measure(rounds: int = 2) -> list[dict[str, Any]]:
    """Two lines: ours beside two busy loops against ours alone, and ours alone against torch's default alone."""
    alone, busy, default = [], [], []
    for _ in range(rounds):  # Taking turns, so that a busy machine slows all three.
        alone.append(_seconds(loops=0))
        default.append(_seconds("import torch", loops=0, chosen=False))
        busy.append(_seconds(loops=2))
    return [
        _row("training beside two busy loops", min(busy), "alone", min(alone), 2.5),
        _row("training alone, our threads", min(alone), "torch's default", min(default), 1.0),
    ]


def _row(name: str, value: float, against: str, other: float, limit: float) -> dict[str, Any]:
    ratio = round(value / other, 2)
    return {"name": name, "value": value, "unit": "s", "against": f"{against}: {other:.2f} s", "ratio": ratio,
            "limit": limit}  # fmt: skip


def _seconds(first: str = "", *, loops: int, chosen: bool = True) -> float:
    """Seconds of the training in a process and a session of its own: Linux shares by session.

    Args:
        first: a statement to start with; a torch that is loaded first hears nothing of our settings.
        loops: how many busy loops run beside it.
        chosen: whether the number of threads is chosen as a run chooses it.
    """
    environment = {name: text for name, text in os.environ.items() if name not in _OURS}
    beside = [subprocess.Popen([sys.executable, "-c", _BUSY], start_new_session=True) for _ in range(loops)]
    try:
        command = [sys.executable, "-c", f"{first}\n{_RUN.format(chosen=chosen)}"]
        ended = subprocess.run(command, env=environment, stdout=subprocess.PIPE, start_new_session=True, check=True)
        return float(ended.stdout)
    finally:
        for process in beside:
            process.kill()
            process.wait()


def epoch(chosen: bool) -> float:
    """Seconds of an epoch in bf16 after its first update, batches of 2,048 sub-words; `chosen` as in `_seconds`."""
    rows = np.random.default_rng(0).integers(5, 20000, (_SENTENCES, _LENGTH))
    config = TrainingConfig(epochs=1, subwords_per_batch=2048, frozen_layers=1, precision="bf16")
    stamps: list[float] = []

    def collate(chosen: np.ndarray, noise: torch.Generator) -> dict[str, torch.Tensor]:
        ids = torch.from_numpy(rows[chosen])
        return {"input_ids": ids, "attention_mask": torch.ones_like(ids), "labels": ids % 9}

    with threads(FreeCores().threads() if chosen else None):
        train(
            small_bert(), np.full(_SENTENCES, _LENGTH), collate, lambda model, batch: model(**batch).loss, config,
            device="cpu", checkpoints=None, progress=lambda *_: stamps.append(time.perf_counter()),
        )  # fmt: skip
    return stamps[-1] - stamps[0]
