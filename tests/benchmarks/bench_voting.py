"""Speed of the vote of three taggers over a million words, from the store and back; `measure` returns the lines."""

import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from artifacts.catalog import SOFT_LABELS
from artifacts.manifest import Recipe
from artifacts.reference import Reference
from artifacts.step import run_alone
from artifacts.store import STORE_FORMAT, Store
from tasks.denoising.vote_labels import vote_labels
from tasks.denoising.voting import vote
from tasks.words.columns import probability_column, tag_column
from tasks.words.hard_labels import most_probable

WORDS = 1_000_000
WORDS_A_SENTENCE = 20
LIMIT_SECONDS = 2.0
LABELS = ["O", *(f"{prefix}-{name}" for name in ("LOC", "MISC", "ORG", "PER") for prefix in "BI")]


def opinions(words: int = WORDS, seed: int = 0) -> list[np.ndarray]:
    """Probabilities of three taggers that mostly agree: a common opinion, and noise of each."""
    rng = np.random.default_rng(seed)
    common = rng.standard_normal((words, len(LABELS)), dtype=np.float32)
    common[:, 0] += 3
    logits = [common + 0.3 * rng.standard_normal(common.shape, dtype=np.float32) for _ in range(3)]
    powers = [np.exp(each) for each in logits]
    return [each / each.sum(axis=1, keepdims=True) for each in powers]


def put_soft_labels(store: Store, key: str, probabilities: np.ndarray) -> Reference:
    """Soft labels in a store, as a step leaves them."""
    lengths = np.full(len(probabilities) // WORDS_A_SENTENCE, WORDS_A_SENTENCE)
    words = tag_column(np.arange(len(probabilities)) % 5, lengths, ["Anna", "wohnt", "in", "Bonn", "."])
    columns = [pa.array(range(len(lengths)), pa.int64()), words, probability_column(probabilities, lengths)]
    recipe = Recipe(step="bench", parameters={}, inputs={}, code="", schemas={}, store_format=STORE_FORMAT)
    with store.writing(SOFT_LABELS, key, recipe) as writer:
        writer.write(pa.Table.from_arrays(columns, schema=SOFT_LABELS.schema), {"language": "de", "labels": LABELS})
    assert writer.reference is not None
    return writer.reference


def measure(words: int = WORDS, rounds: int = 3) -> list[dict[str, Any]]:
    """The vote alone, and the whole step with reading, writing and the digest; the best round counts."""
    said = opinions(words)
    alone, whole = [], []
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder) / "store")
        references = [put_soft_labels(store, f"{i:020x}", each) for i, each in enumerate(said)]
        for _ in range(rounds):
            started = time.perf_counter()
            vote([most_probable(each) for each in said])
            alone.append(time.perf_counter() - started)
            started = time.perf_counter()
            votes = run_alone(store, vote_labels, *references)
            whole.append(time.perf_counter() - started)
            store.move_aside(votes.kind, votes.key)
    best = {"arrays": min(alone), "whole step": min(whole)}
    return [_line(f"voting, {words:,} words, {what}", seconds) for what, seconds in best.items()]


def _line(name: str, seconds: float) -> dict[str, Any]:
    return {
        "name": name,
        "value": round(seconds, 3),
        "unit": "s",
        "against": f"{LIMIT_SECONDS:.0f} s",
        "ratio": round(seconds / LIMIT_SECONDS, 3),
        "limit": 1.0,
    }
