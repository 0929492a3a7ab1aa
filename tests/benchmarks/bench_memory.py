"""A training's time where freed memory stays in the process, beside glibc's defaults."""

import json
import os
import subprocess
import sys
import time
from functools import partial

import numpy as np
import torch

from artifacts.memory import keep_freed_memory
from tasks.training.config import TrainingConfig
from tasks.training.loop import train
from tasks.translation.machine.train_translator import TranslatorTraining, make_model, translation_loss

_PIECES = 8000


def measure(updates: int = 12) -> list[dict[str, object]]:
    """One line: seconds of a small translator's training, each in a process of its own; ratio is at most `limit`."""
    ours, defaults = [], []
    for _ in range(2):  # Taking turns, so that a busy machine slows both.
        defaults.append(_seconds("defaults", updates))
        ours.append(_seconds("kept", updates))
    return [
        {
            "name": f"{updates} updates of a translator, 8,192 sub-words each, freed memory kept",
            "value": round(min(ours), 2),
            "unit": "s",
            "against": round(min(defaults), 2),
            "ratio": round(min(ours) / min(defaults), 2),
            "limit": 0.9,
        }
    ]


def _seconds(how: str, updates: int) -> float:
    command = [sys.executable, "-m", "tests.benchmarks.bench_memory", how, str(updates)]
    result = subprocess.run(command, env=dict(os.environ), capture_output=True, text=True, check=True)
    return float(json.loads(result.stdout))


def _train(updates: int) -> float:
    shape = {"encoder_layers": 3, "decoder_layers": 2, "vocabulary_size": _PIECES, "max_length_subwords": 64}
    config = TranslatorTraining(epochs=1, subwords_per_batch=8192, precision="bf16", **shape)
    draws = np.random.default_rng(0)
    lengths = np.full(updates * 8192 // 64, 64)
    rows = torch.from_numpy(draws.integers(5, _PIECES, (len(lengths), 32)))

    def collate(chosen: np.ndarray, noise: torch.Generator) -> dict[str, torch.Tensor]:
        ids = rows[torch.from_numpy(chosen)]
        mask, weights = torch.ones_like(ids), torch.ones(len(ids))
        return {
            "input_ids": ids,
            "attention_mask": mask,
            "decoder_input_ids": ids,
            "labels": ids,
            "weights": weights,
        }

    model = make_model(config, _PIECES)
    loss = partial(translation_loss, smoothing=0.1)
    first = TrainingConfig(epochs=1, subwords_per_batch=8192, precision="bf16")
    train(model, lengths[:256], collate, loss, first, device="cpu", checkpoints=None)  # Warms up.
    started = time.perf_counter()
    train(model, lengths, collate, loss, config, device="cpu", checkpoints=None)
    return time.perf_counter() - started


if __name__ == "__main__":
    if sys.argv[1] == "kept" and not keep_freed_memory():
        sys.exit("bench_memory: glibc's settings could not be changed here")
    print(_train(int(sys.argv[2])))
