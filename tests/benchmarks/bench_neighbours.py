"""Speed and memory of the neighbour counts, beside faiss's own exact search; `measure` returns the lines."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import numpy as np
import psutil
import torch

from tasks.denoising.neighbours.matching import matching_neighbours
from tasks.denoising.neighbours.product import Product
from tasks.denoising.neighbours.search import Search
from tasks.words.unit_rows import unit_rows

FLOAT32_LIMIT = 0.7
BF16_LIMIT = 0.7
MEMORY_LIMIT_MB = 600.0


def tagger_bank(words: int, width: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """A bank as a tagger makes it: word types, label regions, 85 % O; a linear head reads the labels off the rows."""
    rng = np.random.default_rng(seed)
    heads = rng.normal(size=(9, width)).astype(np.float32)
    types = rng.normal(size=(400, width)).astype(np.float32)
    kind = rng.choice(9, words, p=[0.85] + [0.15 / 8] * 8)
    bank = rng.standard_normal((words, width), dtype=np.float32) * 0.6
    bank += heads[kind] * rng.uniform(0.1, 1.2, (words, 1)).astype(np.float32)
    bank += types[rng.integers(0, 400, words)] * 0.8
    bank = unit_rows(bank)
    return bank, np.argmax(bank @ heads.T + np.eye(9, dtype=np.float32)[0], axis=1)


def random_bank(words: int, width: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Directions without structure: no word has a neighbourhood of one label."""
    rng = np.random.default_rng(seed)
    labels = np.where(rng.random(words) < 0.85, 0, rng.integers(1, 9, words))
    return unit_rows(rng.standard_normal((words, width), dtype=np.float32)), labels


def measure(
    words: int = 50_000, width: int = 768, neighbours: int = 500, threads: int = 2, rounds: int = 2
) -> list[dict[str, Any]]:
    """Measures on the CPU, and with a CUDA GPU at hand also at four times as many words.

    Engines take turns in each round, and the best round counts, so that other work on the machine weighs less.
    """
    torch.set_num_threads(threads)
    lines: list[dict[str, Any]] = []
    for name, make in (("tagger", tagger_bank), ("random", random_bank)):
        bank, labels = make(words, width)
        lines += _cpu_lines(f"neighbours, {name} bank {words} x {width}", bank, labels, neighbours, threads, rounds)
    if torch.cuda.is_available():
        bank, labels = tagger_bank(4 * words, width)
        lines += _cuda_lines(f"neighbours on CUDA, {4 * words} x {width}", bank, labels, neighbours, rounds)
    return lines


def _cpu_lines(
    name: str, bank: np.ndarray, labels: np.ndarray, neighbours: int, threads: int, rounds: int
) -> list[dict[str, Any]]:
    import faiss

    faiss.omp_set_num_threads(threads)
    index = faiss.IndexFlatIP(bank.shape[1])
    index.add(bank)
    count = partial(matching_neighbours, bank, labels, neighbours)
    searches = {
        "float32": Search(),
        "float32 without duplicates": Search(exclude_duplicates=True),
        "bf16": Search(product="bf16"),
    }
    seconds: dict[str, float] = {}
    peak = 0.0
    for _ in range(rounds):
        _keep_best(seconds, "faiss", partial(index.search, bank, neighbours + 1))
        _keep_best(seconds, "product", partial(_half_the_product, torch.from_numpy(bank)))
        for kind, search in searches.items():
            with _peak_mb() as seen:
                _keep_best(seconds, kind, partial(count, search))
            peak = max(peak, seen[0])
    against = f"faiss IndexFlatIP.search of {neighbours + 1} in {seconds['faiss']:.2f} s"
    limits = {
        "product": None,
        "float32": FLOAT32_LIMIT,
        "float32 without duplicates": FLOAT32_LIMIT,
        "bf16": BF16_LIMIT,
    }
    titles = {"product": "half the float32 product alone"}
    lines = [
        _line(f"{name}, {titles.get(kind, kind)}", seconds[kind], "s", against, seconds[kind] / seconds["faiss"], limit)
        for kind, limit in limits.items()
    ]
    share = peak / MEMORY_LIMIT_MB
    return [*lines, _line(f"{name}, memory above the bank", peak, "MB", f"{MEMORY_LIMIT_MB:.0f} MB", share, 1.0)]


def _half_the_product(bank: torch.Tensor) -> None:
    """The floor of a search in which cos(i, j) serves i and j."""
    for start in range(0, len(bank), 512):
        torch.mm(bank[start : start + 512], bank[: start + 512].T)


def _cuda_lines(name: str, bank: np.ndarray, labels: np.ndarray, neighbours: int, rounds: int) -> list[dict[str, Any]]:
    """The floor is the product alone, measured on this GPU: a block of rows against the bank, times the blocks."""
    count = partial(matching_neighbours, bank, labels, neighbours)
    lines = []
    types: dict[Product, torch.dtype] = {"float32": torch.float32, "bf16": torch.bfloat16}
    for product, dtype in types.items():
        rows = torch.from_numpy(bank).to("cuda", dtype)
        seconds: dict[str, float] = {}
        for _ in range(rounds + 1):
            _keep_best(seconds, "block", partial(_multiply, rows))
            _keep_best(seconds, "count", partial(count, Search(product=product, device="cuda")))
        floor = seconds["block"] * len(bank) / 2048
        against = f"the product alone in {floor:.2f} s"
        lines.append(_line(f"{name}, {product}", seconds["count"], "s", against, seconds["count"] / floor, None))
        del rows
    return lines


def _multiply(rows: torch.Tensor) -> None:
    torch.mm(rows[:2048], rows.T)
    torch.cuda.synchronize()


def _keep_best(seconds: dict[str, float], name: str, work: Callable[[], object]) -> None:
    started = time.perf_counter()
    work()
    seconds[name] = min(seconds.get(name, float("inf")), time.perf_counter() - started)


@contextmanager
def _peak_mb() -> Iterator[list[float]]:
    """Gives a list whose first value is, at the end, how far memory rose above the start."""
    process, stop = psutil.Process(), threading.Event()
    before = process.memory_info().rss
    seen = [0.0]

    def watch() -> None:
        while not stop.wait(0.02):
            seen[0] = max(seen[0], (process.memory_info().rss - before) / 1e6)

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield seen
    finally:
        stop.set()
        watcher.join()


def _line(name: str, value: float, unit: str, against: str, ratio: float, limit: float | None) -> dict[str, Any]:
    return {
        "name": name,
        "value": round(value, 3),
        "unit": unit,
        "against": against,
        "ratio": round(ratio, 3),
        "limit": limit,
    }
