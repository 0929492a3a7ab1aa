"""The neighbours of one word, found again: those that its agreement was counted from."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from artifacts.catalog import SENTENCES, TAGGER
from artifacts.reference import Reference
from artifacts.step import run_alone
from artifacts.store import Store
from tasks.denoising import score_reliability as scoring
from tasks.denoising.neighbourhood import Neighbourhood, neighbourhood
from tasks.denoising.reliability import Reliability
from tasks.denoising.score_reliability import score_reliability
from tasks.tagging.inference import FLOAT32
from tasks.tagging.labelling import label_words
from tasks.tagging.tagger import new_tagger, save_tagger
from tasks.tagging.windows import WindowConfig
from tasks.words.columns import flat_probabilities

LABELS = ["O", "B-LOC", "I-LOC"]
WINDOWS = WindowConfig(max_length_subwords=32, overlap_subwords=8)
TEXT = [["Anna", "lives", "in"], ["Berlin"]]


@pytest.fixture
def folder(tiny_encoder: Path, tmp_path: Path) -> Path:
    save_tagger(*new_tagger(tiny_encoder, LABELS, dropout=0.0, seed=0), tmp_path / "tagger")
    return tmp_path / "tagger"


def found(word: int, folder: Path, words: list[list[str]], probabilities: Any, config: Reliability) -> Neighbourhood:
    some = np.array(probabilities)
    return neighbourhood(word, folder, words, some, LABELS, config, WINDOWS, FLOAT32, "cpu", 256, lambda done: None)


def test_neighbours_come_nearest_first_with_cosine_label_and_whether_they_match(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Angles 0, 10, 30 | 90 with labels O, O, B-LOC, I-LOC. Of the word at 30: 20 to the second, 30 to the first, 60 to
    # the last. None has its label; by type, I-LOC speaks for B-LOC.
    radians = np.radians([0.0, 10, 30, 90])
    vectors = 5 * np.stack([np.cos(radians), np.sin(radians)], axis=1).astype(np.float32)
    monkeypatch.setattr(scoring, "word_representations", lambda *args, **options: vectors.copy())
    probabilities = [[0.8, 0.1, 0.1], [0.8, 0.1, 0.1], [0.1, 0.8, 0.1], [0.1, 0.1, 0.8]]
    two = found(2, folder, TEXT, probabilities, Reliability(neighbours=2))
    assert two.label_ids.tolist() == [0, 0, 1, 2]
    assert (two.words.tolist(), two.matches.tolist()) == ([1, 0], [False, False])
    assert two.cosines == pytest.approx(np.cos(np.radians([20, 30])), abs=1e-6)
    all_others = found(2, folder, TEXT, probabilities, Reliability(neighbours=9, match="type"))
    assert (all_others.words.tolist(), all_others.matches.tolist()) == ([1, 0, 3], [False, False, True])


@pytest.mark.parametrize("layers", ["last", 0])
@pytest.mark.parametrize("pooling", ["first", "mean"])
def test_as_many_match_as_the_step_counted(
    store: Store, folder: Path, put_model: Callable[..., Reference], put_table: Callable[..., Reference],
    layers: Any, pooling: Any,
) -> None:  # fmt: skip
    words = [["Anna", "lives", "in", "Berlin", "."], ["Paris", "is", "in", "France"], ["Bob", "saw", "Köln", "."]]
    tagger = put_model(TAGGER, folder, {"labels": LABELS})
    text = put_table(SENTENCES, {"sentence_id": [0, 1, 2], "words": words}, {"language": "en"})
    soft_labels = run_alone(store, label_words, tagger, text, WINDOWS)
    config = Reliability(neighbours=4, layers=layers, pooling=pooling)
    scores = run_alone(store, score_reliability, tagger, soft_labels, config, WINDOWS)
    agreement = np.concatenate(store.table(scores)["agreement"].to_pylist())
    probabilities = flat_probabilities(store.table(soft_labels)["probabilities"], len(LABELS))
    again = [found(word, folder, words, probabilities, config).matches.mean() for word in range(13)]
    assert again == pytest.approx(agreement, abs=1e-6)
    assert len(set(again)) > 1
