"""`crosstag inspect` over a million words: how long a page or a correction takes, and the memory of the server."""

import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import psutil
import pyarrow as pa

from artifacts.catalog import RELIABILITY, SENTENCES, SOFT_LABELS, TAGGER, Dataset
from artifacts.manifest import Recipe
from artifacts.reference import Reference
from artifacts.store import STORE_FORMAT, Store
from tasks.denoising.neighbours.bank import write_bank
from tasks.denoising.reliability import Reliability
from tasks.words.columns import list_column, probability_column
from tests.benchmarks.bench_words import generated_parts

SENTENCE_COUNT, LENGTH = 50_000, 20
LABELS = ["O", *(f"{side}-{kind}" for kind in ("LOC", "MISC", "ORG", "PER") for side in "BI")]
LIMIT_SECONDS, LIMIT_MB = 1.0, 500.0
PAGES = {
    "first page": "",
    "filter by type and weight": "?type=PER&weight_to=0.2",
    "sort by weight": "?sort=weight",
    "text": "?text=word77",
    "where two taggers differ": "?other=soft_labels/cc&differs=type&sort=weight",
}

OF_ONE = {"one sentence": "/sentence/reliability/dd/777", "one word": "/word/reliability/dd/777/3"}
NEIGHBOURS = "/neighbours/dd/777/3"
CORRECTIONS = "/corrections/of/reliability/dd"
LIMIT_SECONDS_OF_NEIGHBOURS, WIDTH = 3.0, 384


def measure() -> list[dict[str, Any]]:
    """Seconds of each page, the first one with the reading of the table; then the peak memory of the server."""
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder) / "store")
        _fill(store)
        command = [sys.executable, "-m", "flows.commands.cli", "inspect", "--store", str(store), "--port", "0"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
            assert server.stdout is not None
            address = server.stdout.readline().split(": ", 1)[1].split()[0].removesuffix("/runs")
            try:
                httpx.get(f"{address}/runs")
                seconds = {
                    name: _seconds(f"{address}/sentences/reliability/dd{query}") for name, query in PAGES.items()
                }
                seconds |= {name: _seconds(f"{address}{page}") for name, page in OF_ONE.items()}
                seconds |= _corrections(f"{address}{CORRECTIONS}")
                neighbours = _seconds(f"{address}{NEIGHBOURS}")
                peak = psutil.Process(server.pid).memory_full_info().rss / 1e6
            finally:
                server.terminate()
    rows = [_row(f"inspect, 1,000,000 words: {name}", each, "s", LIMIT_SECONDS) for name, each in seconds.items()]
    rows.append(_row("inspect, 1,000,000 words: a word's neighbours", neighbours, "s", LIMIT_SECONDS_OF_NEIGHBOURS))
    return [*rows, _row("inspect, 1,000,000 words: memory of the server", peak, "MB", LIMIT_MB)]


def _corrections(queue: str) -> dict[str, float]:
    """Of the first page of the queue, which reads it, of the second, and of a correction kept, with what follows it."""
    seconds = {"corrections, the least trusted sentence": _seconds(queue), "the same again": _seconds(queue)}
    here = httpx.get(queue).headers["location"].partition("=")[2]
    form = {"author": "ada", "save": "", "tag": ["O"] * LENGTH}
    started = time.perf_counter()
    kept = httpx.post(
        f"{queue}/{here}", data=form, headers={"sec-fetch-site": "same-origin"}, timeout=60, follow_redirects=True
    )
    assert kept.raise_for_status().url.params["sentence"] != here
    return {**seconds, "a correction, and the next sentence": time.perf_counter() - started}


def _seconds(address: str) -> float:
    started = time.perf_counter()
    httpx.get(address, timeout=60, follow_redirects=True).raise_for_status()
    return time.perf_counter() - started


def _row(name: str, value: float, unit: str, limit: float) -> dict[str, Any]:
    ratio = round(value / limit, 3)
    return {"name": name, "value": round(value, 3), "unit": unit, "against": limit, "ratio": ratio, "limit": limit}


def _fill(store: Store) -> None:
    """Two taggers' labels of the same sentences, and how far to trust the first."""
    rng = np.random.default_rng(1)
    lengths, count = np.full(SENTENCE_COUNT, LENGTH), SENTENCE_COUNT * LENGTH
    vocabulary = pa.array([f"word{number}" for number in range(50_000)])
    words = list_column(lengths, vocabulary.take(pa.array(rng.zipf(1.3, count) % 50_000)))
    ids = pa.array(range(SENTENCE_COUNT))
    text = _put(store, SENTENCES, "aa", {"sentence_id": ids, "words": words}, {})
    soft = []
    for key in ("bb", "cc"):
        scores = rng.normal(size=(count, len(LABELS))).astype(np.float32) * 1.5
        scores[:, 0] += 4
        chances = np.exp(scores)
        column = probability_column(chances / chances.sum(axis=1, keepdims=True), lengths)
        soft.append(
            _put(
                store,
                SOFT_LABELS,
                key,
                {"sentence_id": ids, "words": words, "probabilities": column},
                {"sentences": text},
            )
        )
    trust = {
        name: list_column(lengths, pa.array(rng.random(count, dtype=np.float32))) for name in ("agreement", "weight")
    }
    inputs = {"soft_labels": soft[0], "tagger": _tagger(store)}
    parameters = {"config": Reliability().model_dump()}
    _put(store, RELIABILITY, "dd", {"sentence_id": ids, **trust}, inputs, "score_reliability", parameters)
    store.derive("neighbours", "dd", lambda folder: write_bank(folder, generated_parts(count, WIDTH)))


def _tagger(store: Store) -> Reference:
    """One that nobody loads: the bank of words is made."""
    recipe = Recipe(step="generate", parameters={}, inputs={}, code="", schemas={}, store_format=STORE_FORMAT)
    with store.writing(TAGGER, "ee", recipe) as writer:
        (writer.folder / "config.json").write_text("{}")
    assert writer.reference is not None
    return writer.reference


def _put(
    store: Store,
    kind: Dataset,
    key: str,
    columns: dict[str, Any],
    inputs: dict[str, Reference],
    step: str = "generate",
    parameters: dict[str, Any] | None = None,
) -> Reference:
    named = {name: f"{each.kind}:{each.digest}" for name, each in inputs.items()}
    recipe = Recipe(
        step=step, parameters=parameters or {}, inputs=named, code="", schemas={}, store_format=STORE_FORMAT
    )
    with store.writing(kind, key, recipe) as writer:
        writer.write(pa.table(columns, schema=kind.schema), {"labels": LABELS, "language": "de", "class_mean": {}})
    assert writer.reference is not None
    return writer.reference


if __name__ == "__main__":
    for row in measure():
        print(row)
