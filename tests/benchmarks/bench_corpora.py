"""Speed of reading a million labelled words in each format; `measure` returns the lines."""

import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from artifacts.inputs import InputFile
from tasks.corpus.corpus import Corpus, load_corpus, make_corpus
from tasks.corpus.formats import CorpusFormat
from tasks.corpus.write import WRITERS, written
from tasks.words.labels import LabelConfig

WORDS = 1_000_000
WORDS_A_SENTENCE = 20
COLUMN_SECONDS, OTHER_SECONDS = 5.0, 15.0
_COLUMNS = ("columns", "few-nerd", "csv", "conllu", "words")
_SPACY = "spacy"  # an extra, and spaCy's speed


def corpus(words: int, seed: int = 0) -> Corpus:
    """Sentences of twenty words, drawn from 30,000, one entity of two words in each."""
    drawn = np.random.default_rng(seed).integers(0, 30_000, (words // WORDS_A_SENTENCE, WORDS_A_SENTENCE))
    letters = [f"wort{chr(97 + i // 2000)}{chr(97 + i // 100 % 20)}{i % 100}" for i in range(30_000)]
    sentences = [[letters[i] for i in row] for row in drawn.tolist()]
    tags = ["O", "B-PER", "I-PER"] + ["O"] * (WORDS_A_SENTENCE - 3)
    return make_corpus(sentences, [tags] * len(sentences), "de")


def measure(words: int = WORDS) -> list[dict[str, Any]]:
    """CPU seconds to read each format, as a run reads it."""
    whole, rows = corpus(words), []
    cases = [(name, name, writer.read) for name, writer in WRITERS.items() if name != _SPACY]
    # The same files, as if nobody had split them into words.
    cases += [(f"{name} split into words", name, {"format": name}) for name in ("text", "brat")]
    for case, name, settings in cases:
        with tempfile.TemporaryDirectory() as folder:
            sources = []
            for ending, content in written(whole, name).items():
                path = Path(folder) / f"corpus{ending}"
                path.write_bytes(content)
                sources.append(InputFile(path=str(path)))
            labels = None if name in ("text", "words") else LabelConfig()
            started = time.process_time()
            read = load_corpus(tuple(sources), CorpusFormat.model_validate(settings), labels, "de")
            seconds = time.process_time() - started
        assert read.word_count == whole.word_count
        limit = COLUMN_SECONDS if name in _COLUMNS else OTHER_SECONDS
        rows.append(
            {
                "name": f"reading {words:,} words, {case}",
                "value": round(seconds, 2),
                "unit": "s",
                "against": f"{limit:.0f} s",
                "ratio": round(seconds / limit, 3),
                "limit": 1.0,
            }
        )
    return rows
