"""Tagging with students of fewer layers, beside one with all: random weights of the shape of multilingual-e5-small."""

import tempfile
import time
from pathlib import Path
from typing import Any

import torch
from transformers import AutoTokenizer, BertConfig, BertForMaskedLM

import tasks.corpus.sample
from tasks.encoding.keep_layers import copy_bottom
from tasks.tagging.heads import LINEAR
from tasks.tagging.inference import FLOAT32, word_outputs
from tasks.tagging.tagger import new_tagger
from tasks.tagging.windows import make_windows

_SAMPLE = Path(tasks.corpus.sample.__file__).parent
_LABELS = ["O", *(f"{prefix}-{name}" for name in ("LOC", "MISC", "ORG", "PER") for prefix in "BI")]
_SENTENCES = 512
_LAYERS = (12, 6, 4)


def measure(rounds: int = 3) -> list[dict[str, Any]]:
    """A line for each number of layers, on one thread; the best of some rounds, taken in turns."""
    tokenizer = AutoTokenizer.from_pretrained(_SAMPLE / "encoder")
    shape = {"hidden_size": 384, "num_attention_heads": 12, "intermediate_size": 1536, "num_hidden_layers": _LAYERS[0]}
    lines = (_SAMPLE / "de.raw.txt").read_text(encoding="utf-8").splitlines()[:_SENTENCES]
    sentences = [line.split() for line in lines]
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with tempfile.TemporaryDirectory() as folder:
            whole = Path(folder) / "whole"
            BertForMaskedLM(BertConfig(vocab_size=len(tokenizer), **shape)).save_pretrained(whole)
            tokenizer.save_pretrained(whole)
            taggers = {}
            for layers in _LAYERS:
                copy_bottom(whole, Path(folder) / str(layers), layers)
                taggers[layers] = new_tagger(Path(folder) / str(layers), _LABELS, dropout=0.1, seed=0)[0]
        windows = make_windows(tokenizer, sentences, 128, 32)
        seconds: dict[int, float] = {}
        for _ in range(rounds):
            for layers, model in taggers.items():
                started = time.perf_counter()
                word_outputs(LINEAR, model, windows, FLOAT32, device="cpu", budget=2048)
                seconds[layers] = min(seconds.get(layers, float("inf")), time.perf_counter() - started)
    finally:
        torch.set_num_threads(threads)
    return [
        _row(layers, len(sentences) / each, len(sentences) / seconds[_LAYERS[0]]) for layers, each in seconds.items()
    ]


def _row(layers: int, speed: float, whole: float) -> dict[str, Any]:
    name = f"tagging with {layers} layers of 384, one thread, float32"
    return {"name": name, "value": speed, "unit": "sentences/s", "against": f"{_LAYERS[0]} layers: {whole:.0f}",
            "ratio": round(speed / whole, 2), "limit": None}  # fmt: skip
