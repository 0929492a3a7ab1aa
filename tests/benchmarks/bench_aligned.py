"""Labels placed along 100,000 cached alignments on one core; and aligning by an encoder beside running it."""

import time
from typing import Any

import numpy as np
import pyarrow as pa
import torch

from tasks.aligned.encoder_alignment import align_by_states
from tasks.aligned.place_labels import LabelPlacing, place_labels_of
from tasks.corpus.paths import bundled_folder
from tasks.tagging.inference import FLOAT32
from tasks.tagging.subword_states import keep_first_layers
from tasks.tagging.tagger import load_encoder
from tasks.tagging.windows import Windows, make_windows
from tasks.training.batching import inference_batches
from tasks.words.labels import iob2_labels

LIMIT_SECONDS = 20.0
_BUDGET = 2048
_TEXT = "the house of a city was there and old new people come from Germany today"


def measure(pairs: int = 100_000, words_each: int = 25, aligned: int = 1000) -> list[dict[str, Any]]:
    """Two lines: seconds from Arrow tables to a table of labels; the encoder's own time by that of aligning."""
    torch.set_num_threads(1)
    return [_placing(pairs, words_each), _aligning(aligned, words_each)]


def _placing(pairs: int, words_each: int, at_a_time: int = 16_384) -> dict[str, Any]:
    """Three entities of 1 to 3 words a sentence; nine in ten words have a link, one in ten of these a wrong one."""
    random = np.random.default_rng(0)
    vocabulary = np.array([f"w{n}" for n in range(25_000)])
    words = random.choice(vocabulary, (pairs, words_each)).tolist()
    tags = ["O"] * words_each
    tags[0:2], tags[5], tags[9:12] = ["B-PER", "I-PER"], "B-LOC", ["B-ORG", "I-ORG", "I-ORG"]
    links = [np.flatnonzero(kept) for kept in random.random((pairs, words_each)) < 0.9]
    targets = [np.where(random.random(len(row)) < 0.1, random.integers(words_each), row) for row in links]
    rows = pa.table(
        {
            "sentence_id": np.arange(pairs),
            "source_words": words,
            "source_tags": [tags] * pairs,
            "target_words": words,
            "source_links": pa.array(links, pa.list_(pa.int32())),
            "target_links": pa.array(targets, pa.list_(pa.int32())),
            "similarities": pa.array([np.ones(len(row)) for row in links], pa.list_(pa.float32())),
        }
    )
    started = time.perf_counter()
    for first in range(0, pairs, at_a_time):
        place_labels_of(rows.slice(first, at_a_time), iob2_labels(["LOC", "ORG", "PER"]), LabelPlacing())
    return _line(f"labels placed, {pairs:,} pairs", time.perf_counter() - started, "s", "20 s", LIMIT_SECONDS, 1.0)


def _aligning(pairs: int, words_each: int) -> dict[str, Any]:
    """The same layers over the same batches, with and without the comparison; the limit is a least value."""
    encoder, tokenizer = load_encoder(bundled_folder("bundled:encoder"))
    keep_first_layers(encoder, 3)
    random = np.random.default_rng(0)
    vocabulary = np.array(_TEXT.split())
    sides = [
        make_windows(tokenizer, random.choice(vocabulary, (pairs, words_each)).tolist(), 128, 32) for _ in range(2)
    ]
    forward, whole = [], []
    for _ in range(3):
        started = time.perf_counter()
        for side in sides:
            _run(encoder, side)
        forward.append(time.perf_counter() - started)
        started = time.perf_counter()
        align_by_states(encoder, *sides, FLOAT32, "cpu", _BUDGET)
        whole.append(time.perf_counter() - started)
    against = f"of aligning's {min(whole):.1f} s (limit: at least)"
    return _line(f"encoder's own passes, {pairs:,} pairs", min(forward), "s", against, min(whole), 0.8)


def _run(encoder: Any, windows: Windows) -> None:
    with torch.inference_mode():
        for rows in inference_batches(windows.lengths, _BUDGET):
            ids, mask = (torch.from_numpy(array) for array in windows.inputs(rows))
            encoder(input_ids=ids, attention_mask=mask)


def _line(name: str, value: float, unit: str, against: str, other: float, limit: float) -> dict[str, Any]:
    return {"name": name, "value": value, "unit": unit, "against": against, "ratio": value / other, "limit": limit}
