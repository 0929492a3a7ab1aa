"""Translation by ctranslate2 against transformers' generate: the same batches, threads, beams and output length."""

import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import M2M100Config, M2M100ForConditionalGeneration

from tasks.translation.machine.coding import Coding
from tasks.translation.machine.converting import convert
from tasks.translation.machine.engines import (
    Generation,
    Search,
    ctranslate2_search,
    equal_length_batches,
    transformers_search,
)

LIMIT = 0.5  # ctranslate2 takes at most half of the time
LANGUAGE = 5


def _coding(rows: int) -> Coding:
    """Special ids and a name for each row are all that the searches need."""
    names = ["<s>", "<pad>", "</s>", "<unk>", *(f"piece{row}" for row in range(4, rows))]
    return Coding((), LANGUAGE, 2, 2, 1, names, pieces=lambda text: [], text=lambda ids: "")


def measure(
    sentences: int = 96, output_subwords: int = 24, layers: int = 6, width: int = 512, vocabulary: int = 8000
) -> list[dict[str, Any]]:
    """One line: seconds of ctranslate2; ratio against transformers' generate, both in float32 with beam 5."""
    config = M2M100Config(
        vocab_size=vocabulary,
        d_model=width,
        encoder_layers=layers,
        decoder_layers=layers,
        encoder_attention_heads=8,
        decoder_attention_heads=8,
        encoder_ffn_dim=4 * width,
        decoder_ffn_dim=4 * width,
    )
    torch.manual_seed(0)
    model, coding = M2M100ForConditionalGeneration(config).eval(), _coding(vocabulary)
    settings = Generation(beam_size=5)
    with tempfile.TemporaryDirectory() as folder:
        model.config.save_pretrained(folder)
        copy = Path(folder) / "ctranslate2"
        convert(Path(folder), model, coding, copy)
        ours = ctranslate2_search(copy, coding, settings, "cpu", "float32", shortest=output_subwords)
        theirs = transformers_search(model, coding, settings, shortest=output_subwords)
        batches = _batches(sentences, vocabulary)
        seconds = {name: _seconds(search, batches, output_subwords) for name, search in (("c", ours), ("t", theirs))}
    return [
        {
            "name": f"translation by ctranslate2, {sentences} sentences of {output_subwords} sub-words",
            "value": seconds["c"],
            "unit": "s",
            "against": "transformers' generate",
            "ratio": seconds["c"] / seconds["t"],
            "limit": LIMIT,
        }
    ]


def _batches(sentences: int, vocabulary: int) -> list[np.ndarray]:
    """Batches of random sources of 10, 20 and 30 sub-words."""
    random = np.random.default_rng(0)
    lengths = np.sort(random.choice([10, 20, 30], sentences))[::-1]
    batches = equal_length_batches(lengths, 16_384 // 5, 3, 1000)
    return [random.integers(4, vocabulary, (len(rows), lengths[rows[0]])) for rows in batches]


def _seconds(search: Search, batches: list[np.ndarray], length: int) -> float:
    search(batches[-1][:1], length)()  # the first call prepares memory
    started = time.perf_counter()
    under_way = [search(batch, length) for batch in batches]
    outputs = [output for finished in under_way for output in finished()]
    seconds = time.perf_counter() - started
    lengths = {sum(i not in (1, 2) for i in output) for output in outputs}
    if max(lengths) - min(lengths) > 1 or abs(max(lengths) - length) > 1:
        raise RuntimeError(f"the outputs have {sorted(lengths)} sub-words, expected {length}: the times do not compare")
    return seconds
