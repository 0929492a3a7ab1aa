"""A configuration of CoLaDa that takes seconds: a few bundled sentences, an encoder of one layer."""

from pathlib import Path
from typing import Any

from tasks.corpus.paths import resolve

SENTENCES = 60


def tiny_settings(folder: Path) -> dict[str, Any]:
    """A configuration whose files lie in `folder`; every stage is there, as small as it can be."""
    training = {
        "epochs": 1,
        "learning_rate": 1e-3,
        "subwords_per_batch": 256,
        "frozen_layers": 0,
        "sentences_per_batch": None,
    }
    return {
        "method": "colada",
        "source": {"language": "en", "train": {"path": "en.conll"}, "dev": {"path": "en.dev.conll"}},
        "target": {
            "language": "de",
            "text": {"path": "de.txt", "format": "text"},
            "text_gold": {"path": "de.gold.conll"},
            "tests": [{"name": "test", "path": "de.test.conll"}],
        },
        "parallel": [{"source": "parallel.en", "target": "parallel.de"}],
        "labels": {"types": ["LOC", "MISC", "ORG", "PER"]},
        "encoder": {
            "checkpoint": "pretrain",
            "pretraining": {
                "epochs": 1,
                "vocabulary_size": 600,
                "layers": 1,
                "hidden_size": 16,
                "heads": 2,
                "intermediate_size": 32,
                "max_length_subwords": 96,
            },
        },
        "translation": {"vectors": {"training": {"dimension": 8, "epochs": 1, "minimum_count": 1}}},
        "windows": {"max_length_subwords": 64, "overlap_subwords": 8},
        "source_training": training,
        "collaborator": training,
        "student": training,
        "reliability": {"neighbours": 10},
        "iterations": 2,
    }


def write_tiny_corpora(folder: Path) -> None:
    """The first sentences of the bundled corpora."""
    blocks = {"en.conll": "en.train.conll", "en.dev.conll": "en.dev.conll", "de.gold.conll": "de.raw.gold.conll",
              "de.test.conll": "de.test.conll"}  # fmt: skip
    for name, bundled in blocks.items():
        sentences = resolve(f"bundled:{bundled}").read_text(encoding="utf-8").split("\n\n")[:SENTENCES]
        (folder / name).write_text("\n\n".join(sentences) + "\n", encoding="utf-8")
    texts = {"de.txt": "de.raw.txt", "parallel.en": "parallel.en.txt", "parallel.de": "parallel.de.txt"}
    for name, bundled in texts.items():
        lines = resolve(f"bundled:{bundled}").read_text(encoding="utf-8").split("\n")[:SENTENCES]
        (folder / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
