"""Word-by-word translation of 250,000 words against looking up and casing them one by one in Python."""

import time
from typing import Any

import numpy as np
import pyarrow as pa

from artifacts.catalog import LABELLED
from tasks.translation.casing import case_counts
from tasks.translation.words import WordTranslation, translate_table


def measure(sentences: int = 10_000, words_each: int = 25) -> list[dict[str, Any]]:
    """One line: seconds for the whole table; ratio against a plain loop that only looks words up."""
    random = np.random.default_rng(0)
    vocabulary = np.array([f"w{n}" for n in range(25_000)])
    words = random.choice(vocabulary, (sentences, words_each)).tolist()
    columns = {"sentence_id": range(sentences), "words": words, "tags": [["O"] * words_each] * sentences}
    data = pa.table(columns, schema=LABELLED.schema)
    translations = {word: f"Z{word}" for word in vocabulary.tolist()}
    counts = case_counts([(f"z{word}", 2) for word in vocabulary.tolist()])
    started = time.perf_counter()
    translate_table(data, translations, WordTranslation(), casing="target", counts=counts)
    ours = time.perf_counter() - started
    started = time.perf_counter()
    draws = np.random.default_rng(1)
    for sentence in words:
        for word in sentence:
            found = translations.get(word, word)
            found.lower() if draws.random() < 0.5 else found.capitalize()
    plain = time.perf_counter() - started
    return [
        {
            "name": f"word translation, {sentences * words_each:,} words",
            "value": ours,
            "unit": "s",
            "against": "loop over words that looks up and draws a casing",
            "ratio": ours / plain,
            "limit": None,
        }
    ]
