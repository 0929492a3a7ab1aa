"""Sentences whose words tell their labels, and a training that is long enough for a tiny encoder to learn them."""

from tasks.tagging.windows import WindowConfig

WORDS = [["Anna", "lives", "in", "Paris"], ["Berlin", "."], ["in", "Berlin"], ["Anna", "."]] * 6
TAG_OF = {"Anna": "B-PER", "Paris": "B-LOC", "Berlin": "B-LOC"}
TAGS = [[TAG_OF.get(word, "O") for word in words] for words in WORDS]
WINDOWS = WindowConfig(max_length_subwords=32, overlap_subwords=8)
FAST = {
    "epochs": 12,
    "learning_rate": 0.02,
    "frozen_layers": 0,
    "dropout": 0.0,
    "subwords_per_batch": 64,
    "sentences_per_batch": None,
}
