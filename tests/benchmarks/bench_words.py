"""One word's neighbours among a million, as a page asks for them: time and memory of a process that does only that."""

import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from tasks.denoising.neighbourhood import neighbourhood
from tasks.denoising.neighbours.bank import Bank, BankPart, write_bank
from tasks.denoising.reliability import Reliability

SECONDS_LIMIT = 3.0
MEMORY_LIMIT_MB = 500.0
_LABELS = ["O", "B-PER", "I-PER", "B-LOC", "I-LOC"]
_WORDS_OF_A_SENTENCE = 20


def measure(words: int = 1_000_000, width: int = 384) -> list[dict[str, Any]]:
    """Asks for 500 neighbours of five words of a generated bank; the slowest answer counts."""
    with tempfile.TemporaryDirectory(prefix="crosstag-bench-") as folder:
        write_bank(Path(folder), generated_parts(words, width))
        asked = [sys.executable, "-m", "tests.benchmarks.bench_words", folder]
        told = subprocess.run(asked, check=True, capture_output=True, text=True)
    found = json.loads(told.stdout)
    name = f"neighbours of one word among {words:,} x {width}"
    return [
        _line(name, found["seconds"], "s", f"limit {SECONDS_LIMIT:.0f} s", found["seconds"] / SECONDS_LIMIT),
        _line(f"{name}, memory", found["mb"], "MB", f"limit {MEMORY_LIMIT_MB:.0f} MB", found["mb"] / MEMORY_LIMIT_MB),
    ]


def generated_parts(words: int, width: int) -> Iterator[BankPart]:
    """Words in random directions, in sentences of 20."""
    rng, sentences = np.random.default_rng(0), 1000
    for _ in range(words // (sentences * _WORDS_OF_A_SENTENCE)):
        count = sentences * _WORDS_OF_A_SENTENCE
        vectors = rng.standard_normal((count, width), dtype=np.float32)
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        labels = rng.integers(0, len(_LABELS), count)
        yield BankPart(vectors, labels, np.full(sentences, _WORDS_OF_A_SENTENCE))


def _ask(folder: Path) -> None:
    """What the measured process does."""
    seconds = []
    for word in (0, 123_456, 500_000, 765_432, 999_999):
        started = time.perf_counter()
        bank = Bank.open(folder)
        found = neighbourhood(bank, word % bank.words, _LABELS, Reliability())
        bank.places(found.words)
        seconds.append(time.perf_counter() - started)
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6
    print(json.dumps({"seconds": max(seconds), "mb": peak_mb}))


def _line(name: str, value: float, unit: str, against: str, ratio: float) -> dict[str, Any]:
    return {
        "name": name,
        "value": round(value, 3),
        "unit": unit,
        "against": against,
        "ratio": round(ratio, 3),
        "limit": 1.0,
    }


if __name__ == "__main__":
    _ask(Path(sys.argv[1]))
