"""Entity matching over 100,000 raw sentences on one core, against a loop that compares word by word."""

import time
from typing import Any

import numpy as np
import pyarrow as pa

from tasks.translation.projection.project_entities import EntityProjection, project
from tasks.words.labels import iob2_labels

LIMIT_SECONDS = 20.0


def measure(sentences: int = 100_000, words_each: int = 25, rows_at_a_time: int = 8192) -> list[dict[str, Any]]:
    """Seconds from Arrow tables to a projected table, against the limit and against the loop."""
    data = _rows(sentences, words_each)
    started = time.perf_counter()
    for first in range(0, sentences, rows_at_a_time):
        project(data.slice(first, rows_at_a_time), iob2_labels(["LOC", "ORG", "PER"]), EntityProjection())
    ours = time.perf_counter() - started
    tenth = data.slice(0, sentences // 10)
    pairs = list(zip(tenth["words"].to_pylist(), tenth["marked_words"].to_pylist(), strict=True))
    started = time.perf_counter()
    for raw, back in pairs:
        for entity in (back[0:2], back[5:6], back[9:12]):
            [raw[i : i + len(entity)] == entity for i in range(len(raw) - len(entity) + 1)]
    plain = 10 * (time.perf_counter() - started)
    return [
        {
            "name": f"entity matching, {sentences:,} sentences",
            "value": ours,
            "unit": "s",
            "against": f"{LIMIT_SECONDS:.0f} s",
            "ratio": ours / LIMIT_SECONDS,
            "limit": 1.0,
        },
        {
            "name": f"entity matching, {sentences:,} sentences",
            "value": ours,
            "unit": "s",
            "against": "loop that only compares words (a tenth of the sentences, times ten)",
            "ratio": ours / plain,
            "limit": None,
        },
    ]


def _rows(sentences: int, words_each: int) -> pa.Table:
    """Sentences with three entities of 1 to 3 words; in every fourth, one word of the back-translation differs."""
    random = np.random.default_rng(0)
    vocabulary = np.array([f"w{n}" for n in range(25_000)])
    raw = random.choice(vocabulary, (sentences, words_each))
    back = raw.copy()
    back[::4, 5] = "other"
    tags = ["O"] * words_each
    tags[0:2], tags[5], tags[9:12] = ["B-PER", "I-PER"], "B-LOC", ["B-ORG", "I-ORG", "I-ORG"]
    columns = {
        "sentence_id": pa.array(np.arange(sentences)),
        "words": raw.tolist(),
        "forward": ["text"] * sentences,
        "source_words": [["text"]] * sentences,
        "source_tags": [["B-PER"]] * sentences,
        "output": ["text"] * sentences,
        "marked_words": back.tolist(),
        "marked_tags": [tags] * sentences,
        "marked_reason": [""] * sentences,
    }
    return pa.table(columns)
