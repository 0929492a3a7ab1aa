"""The neighbours of one word, found again: those that its agreement was counted from."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from artifacts.catalog import SENTENCES, TAGGER
from artifacts.reference import Reference
from artifacts.step import run_alone
from artifacts.store import Store
from flows.parts.nearest_words import made_bank, make_bank_of, weighed_by
from tasks.denoising import score_reliability as scoring
from tasks.denoising.make_bank import make_bank
from tasks.denoising.neighbourhood import neighbourhood
from tasks.denoising.neighbours.bank import Bank
from tasks.denoising.reliability import Reliability
from tasks.denoising.score_reliability import score_reliability
from tasks.tagging.inference import FLOAT32
from tasks.tagging.labelling import label_words
from tasks.tagging.tagger import new_tagger, save_tagger
from tasks.tagging.windows import WindowConfig
from tasks.words.columns import probability_column

LABELS = ["O", "B-LOC", "I-LOC"]
WINDOWS = WindowConfig(max_length_subwords=32, overlap_subwords=8)
TEXT = [["Anna", "lives", "in"], ["Berlin"]]


@pytest.fixture
def folder(tiny_encoder: Path, tmp_path: Path) -> Path:
    save_tagger(*new_tagger(tiny_encoder, LABELS, dropout=0.0, seed=0), tmp_path / "tagger")
    return tmp_path / "tagger"


def bank_of(folder: Path, words: list[list[str]], probabilities: Any, config: Reliability) -> Bank:
    lengths = np.array([len(sentence) for sentence in words])
    made = pa.RecordBatch.from_pydict(
        {"words": pa.array(words), "probabilities": probability_column(np.array(probabilities), lengths)}
    )
    parts = [made.slice(0, 1), made.slice(1)]
    target = folder.parent / f"bank-{len(list(folder.parent.iterdir()))}"
    target.mkdir()
    make_bank(target, parts, LABELS, folder, config, WINDOWS, FLOAT32, "cpu", 256, lambda done: None)
    return Bank.open(target)


def test_neighbours_come_nearest_first_with_cosine_label_and_whether_they_match(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Angles 0, 10, 30 | 90 with labels O, O, B-LOC, I-LOC. Of the word at 30: 20 to the second, 30 to the first, 60 to
    # the last. None has its label; by type, I-LOC speaks for B-LOC.
    radians = np.radians([0.0, 10, 30, 90])
    vectors = 5 * np.stack([np.cos(radians), np.sin(radians)], axis=1).astype(np.float32)
    parts = iter([vectors[:3].copy(), vectors[3:].copy()])
    monkeypatch.setattr(scoring, "word_representations", lambda *args, **options: next(parts))
    probabilities = [[0.8, 0.1, 0.1], [0.8, 0.1, 0.1], [0.1, 0.8, 0.1], [0.1, 0.1, 0.8]]
    bank = bank_of(folder, TEXT, probabilities, Reliability())
    two = neighbourhood(bank, 2, LABELS, Reliability(neighbours=2))
    assert (two.label_id, two.label_ids.tolist()) == (1, [0, 0])
    assert (two.words.tolist(), two.matches.tolist()) == ([1, 0], [False, False])
    assert two.cosines == pytest.approx(np.cos(np.radians([20, 30])), abs=1e-6)
    all_others = neighbourhood(bank, 2, LABELS, Reliability(neighbours=9, match="type"))
    assert (all_others.words.tolist(), all_others.matches.tolist()) == ([1, 0, 3], [False, False, True])


def test_labels_are_decoded_as_the_step_decodes_them(folder: Path) -> None:
    # Most probable labels O, I-LOC: no valid sequence. The best valid ones: O O with 0.5 * 0.2, B-LOC I-LOC with
    # 0.4 * 0.7, the larger.
    probabilities = [[0.5, 0.4, 0.1], [0.2, 0.1, 0.7], [0.8, 0.1, 0.1]]
    text = [["Anna", "lives"], ["in"]]
    labels = {way: bank_of(folder, text, probabilities, Reliability(labels_from=way)).label_ids.tolist()
              for way in ("argmax", "viterbi")}  # fmt: skip
    assert labels == {"argmax": [0, 2, 0], "viterbi": [1, 2, 0]}


def test_vectors_have_length_one_and_as_many_bits_as_the_product(folder: Path) -> None:
    probabilities = np.full((4, 3), 1 / 3)
    exact = bank_of(folder, TEXT, probabilities, Reliability())
    rounded = bank_of(folder, TEXT, probabilities, Reliability(product="bf16"))
    vectors, few_bits = (np.fromfile(bank.folder / "vectors.f32", np.float32) for bank in (exact, rounded))
    assert np.square(vectors.reshape(4, -1)).sum(axis=1) == pytest.approx(1, abs=1e-5)
    # bf16 is the upper half of a float32, rounded.
    assert (few_bits.view(np.uint32) & 0xFFFF == 0).all() and (vectors.view(np.uint32) & 0xFFFF != 0).any()
    assert few_bits == pytest.approx(vectors, rel=2**-8)


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
    weighed = weighed_by(store, scores)
    assert made_bank(store, weighed) is None
    told: list[int] = []
    bank = make_bank_of(store, weighed, "cpu", told.append)
    assert sum(told) == bank.words == 13
    again = [neighbourhood(bank, word, LABELS, config).matches.mean() for word in range(13)]
    assert again == pytest.approx(agreement, abs=1e-6)
    assert len(set(again)) > 1
    found = made_bank(store, weighed)
    assert found is not None and found.folder == store.root / ".inspect" / f"neighbours-{scores.key}"


def test_asking_for_neighbours_never_loads_torch() -> None:
    asks = "import sys, flows.parts.nearest_words, tasks.denoising.neighbourhood; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", asks], check=False).returncode == 0
