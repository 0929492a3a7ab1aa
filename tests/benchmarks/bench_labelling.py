"""Labelling and representing text with a tagger, beside batches in the text's order and beside two passes."""

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

import tasks.corpus.sample
from tasks.tagging.heads import LINEAR
from tasks.tagging.inference import FLOAT32, word_outputs
from tasks.tagging.representations import outputs_and_representations, word_representations
from tasks.tagging.tagger import new_tagger
from tasks.tagging.windows import Windows, collate_words, make_windows

_SAMPLE = Path(tasks.corpus.sample.__file__).parent
_LABELS = ["O", *(f"{prefix}-{name}" for name in ("LOC", "MISC", "ORG", "PER") for prefix in "BI")]
_ON_CPU = {"device": "cpu", "budget": 2048}
_LAST = {"layers": "last", "pooling": "first"}
_SENTENCES_A_BATCH = 32


def measure(rounds: int = 3) -> list[dict[str, Any]]:
    """Two lines, of the bundled encoder on the bundled German text; the best of some rounds, taken in turns."""
    model, tokenizer = new_tagger(_SAMPLE / "encoder", _LABELS, dropout=0.1, seed=0)
    sentences = [line.split() for line in (_SAMPLE / "de.raw.txt").read_text(encoding="utf-8").splitlines()]
    windows = make_windows(tokenizer, sentences, 128, 32)
    shared: dict[str, Any] = {**_ON_CPU, **_LAST}
    ways: dict[str, Callable[[], object]] = {
        "labels": partial(word_outputs, LINEAR, model, windows, FLOAT32, **_ON_CPU),  # type: ignore[arg-type]
        "in order": partial(_in_order, model, windows),
        "representations": partial(word_representations, model.base_model, windows, FLOAT32, **shared),
        "both": partial(outputs_and_representations, LINEAR, model, windows, FLOAT32, **shared),
    }
    seconds: dict[str, float] = {}
    for _ in range(rounds):
        for name, work in ways.items():
            started = time.perf_counter()
            work()
            seconds[name] = min(seconds.get(name, float("inf")), time.perf_counter() - started)
    two = seconds["labels"] + seconds["representations"]
    title = f"{windows.words:,} words"
    return [
        _row(
            f"labelling {title}", seconds["labels"], "batches of 32 sentences in the text's order", seconds["in order"]
        ),
        _row(f"labels and representations of {title} in one pass", seconds["both"], "two passes", two),
    ]


def _in_order(model: Any, windows: Windows) -> None:
    """What a plain loop over a data loader does."""
    with torch.inference_mode():
        for start in range(0, len(windows.lengths), _SENTENCES_A_BATCH):
            rows = np.arange(start, min(start + _SENTENCES_A_BATCH, len(windows.lengths)))
            LINEAR.outputs(model, collate_words(windows, {}, rows))


def _row(name: str, value: float, against: str, other: float) -> dict[str, Any]:
    return {"name": name, "value": value, "unit": "s", "against": f"{against}: {other:.2f} s",
            "ratio": round(value / other, 2), "limit": None}  # fmt: skip
