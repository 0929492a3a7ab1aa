"""The step: a tagger and soft labels in, one agreement and one weight per word out."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from artifacts.catalog import SOFT_LABELS
from artifacts.errors import InputError
from artifacts.reference import Reference
from artifacts.step import Job, run_alone
from artifacts.store import Store
from tasks.denoising import score_reliability as module
from tasks.denoising.neighbours.matching import NeighbourCounts
from tasks.denoising.neighbours.search import Search
from tasks.denoising.reliability import Reliability
from tasks.denoising.score_reliability import represent, score_reliability
from tasks.tagging.inference import FLOAT32, Inference
from tasks.tagging.representations import word_representations
from tasks.tagging.tagger import load_encoder
from tasks.tagging.windows import WindowConfig, make_windows

LABELS = ["O", "B-LOC", "I-LOC"]
WINDOWS = WindowConfig(max_length_subwords=32, overlap_subwords=8)
Put = Callable[..., Reference]


def soft_labels(put_table: Put, words: list[list[str]], ids: list[list[int]], labels: list[str] = LABELS) -> Reference:
    certain = [[[0.9 if i == j else 0.05 for j in range(len(labels))] for i in row] for row in ids]
    columns = {"sentence_id": list(range(len(words))), "words": words, "probabilities": certain}
    return put_table(SOFT_LABELS, columns, {"language": "de", "labels": labels})


@pytest.fixture
def angles(monkeypatch: pytest.MonkeyPatch) -> Callable[[list[float]], None]:
    """Replaces what the tagger says about words by directions in the plane."""

    def fix(degrees: list[float]) -> None:
        radians = np.radians(np.array(degrees))
        vectors = 5 * np.stack([np.cos(radians), np.sin(radians)], axis=1).astype(np.float32)

        def representations(*args: Any, **options: Any) -> np.ndarray:
            return vectors.copy()

        monkeypatch.setattr(module, "word_representations", representations)

    return fix


def test_agreement_weight_and_means_follow_the_paper(
    store: Store, tagger: Reference, put_table: Put, angles: Callable[[list[float]], None]
) -> None:
    # Angles 0, 10, 30 | 90 with labels O, O, B-LOC, B-LOC and K = 2 give 1, 1, 0, 1 matches:
    # lambda = 1/2, 1/2, 0, 1/2; mu(O) = 1/2, mu(B-LOC) = 1/4; w = 1/2, 1/2, sigmoid(-2), sigmoid(2) for alpha = 8.
    angles([0, 10, 30, 90])
    soft = soft_labels(put_table, [["Anna", "lives", "in"], ["Berlin"]], [[0, 0, 1], [1]])
    scores = run_alone(store, score_reliability, tagger, soft, Reliability(neighbours=2, sharpness=8), WINDOWS)
    table = store.table(scores)
    assert table["sentence_id"].to_pylist() == [0, 1]
    assert table["agreement"].to_pylist() == [[0.5, 0.5, 0.0], [0.5]]
    sigmoid = 1 / (1 + np.exp(-2))
    assert table["weight"].to_pylist()[0] == pytest.approx([0.5, 0.5, 1 - sigmoid])
    assert table["weight"].to_pylist()[1] == pytest.approx([sigmoid])
    assert store.metadata(scores) == {
        "labels": LABELS,
        "class_mean": {"O": 0.5, "B-LOC": 0.25, "I-LOC": None},
        "neighbours": 2,
    }


def test_viterbi_labels_and_types_can_decide(
    store: Store, tagger: Reference, put_table: Put, angles: Callable[[list[float]], None]
) -> None:
    # I-LOC cannot follow O: Viterbi pays the same for each change, B-LOC at the first word or O instead of I-LOC
    # at the second, but by type B-LOC and I-LOC match, so all words agree when the labels are B-LOC I-LOC.
    angles([0, 10])
    soft = soft_labels(put_table, [["Paris", "Berlin"]], [[1, 2]])
    by_label = Reliability(labels_from="viterbi")
    by_type = Reliability(labels_from="viterbi", match="type")
    assert store.table(run_alone(store, score_reliability, tagger, soft, by_label, WINDOWS))[
        "agreement"
    ].to_pylist() == [[0.0, 0.0]]
    assert store.table(run_alone(store, score_reliability, tagger, soft, by_type, WINDOWS))[
        "agreement"
    ].to_pylist() == [[1.0, 1.0]]


def test_agreement_can_be_measured_against_the_best_word_of_the_label(
    store: Store, tagger: Reference, put_table: Put, angles: Callable[[list[float]], None]
) -> None:
    # Angles 0, 10, 30 | 90 with labels O, O, B-LOC, B-LOC and K = 2 give 1, 1, 0, 1 matches; the most that a word of
    # either label has is 1, so that agreements are 1, 1, 0, 1.
    angles([0, 10, 30, 90])
    soft = soft_labels(put_table, [["Anna", "lives", "in"], ["Berlin"]], [[0, 0, 1], [1]])
    config = Reliability(neighbours=2, normaliser="class_maximum")
    table = store.table(run_alone(store, score_reliability, tagger, soft, config, WINDOWS))
    assert table["agreement"].to_pylist() == [[1.0, 1.0, 0.0], [1.0]]


def test_the_settings_and_the_device_reach_the_encoder_and_the_search(
    monkeypatch: pytest.MonkeyPatch, store: Store, tagger: Reference, put_table: Put
) -> None:
    config = Reliability(neighbours=7, product="bf16", layers=1, pooling="mean")
    alone = Reliability(neighbours=7, exclude_duplicates=True)
    inference = Inference(precision="bf16")
    asked: list[Any] = []

    def spy_on_encoder(*arguments: Any) -> np.ndarray:
        asked.append(arguments[:-1])
        arguments[-1](2)  # progress
        return np.eye(2, dtype=np.float32)

    def spy_on_search(bank: Any, groups: Any, neighbours: int, search: Search, progress: Any) -> NeighbourCounts:
        asked.append((neighbours, search))
        progress(2)
        return NeighbourCounts(np.array([0, 1]), np.array([1, 1]), 1)

    monkeypatch.setattr(module, "represent", spy_on_encoder)
    monkeypatch.setattr(module, "matching_neighbours", spy_on_search)
    monkeypatch.setattr(Job, "device", "cuda")
    words = [["Anna", "lives"]]
    soft = soft_labels(put_table, words, [[1, 0]])
    for settings in (config, alone):
        run_alone(store, score_reliability, tagger, soft, settings, WINDOWS, inference)
    folder = store.folder(tagger)
    assert asked == [
        (folder, words, config, WINDOWS, inference, "cuda", 16_384),
        (7, Search(product="bf16", device="cuda", exclude_duplicates=False)),
        (folder, words, alone, WINDOWS, inference, "cuda", 16_384),
        (7, Search(product="float32", device="cuda", exclude_duplicates=True)),
    ]


def test_sentences_are_represented_some_at_a_time(
    monkeypatch: pytest.MonkeyPatch, store: Store, tagger: Reference
) -> None:
    words = [["Anna", "lives"], ["Paris"], [], ["in", "abc", "."], ["Berlin", "."], ["Anna"], ["in"]]
    encoder, tokenizer = load_encoder(store.folder(tagger))
    whole = word_representations(
        encoder, make_windows(tokenizer, words, 32, 8), FLOAT32, layers="last", pooling="mean", device="cpu", budget=99
    )
    monkeypatch.setattr(module, "SENTENCES_AT_A_TIME", 2)
    advanced: list[int] = []
    config = Reliability(pooling="mean")
    found = represent(store.folder(tagger), words, config, WINDOWS, FLOAT32, "cpu", 99, advanced.append)
    np.testing.assert_allclose(found, whole, atol=1e-6)
    assert found.dtype == np.float32
    assert advanced == [3, 3, 3, 1]


@pytest.mark.parametrize("layers", ["last", "last3", 1, -1])
@pytest.mark.parametrize("pooling", ["first", "mean"])
def test_a_real_tagger_scores_every_word(
    store: Store, tagger: Reference, put_table: Put, layers: Any, pooling: Any
) -> None:
    torch.manual_seed(0)
    words = [["Anna", "lives", "in", "Paris", "."], [], ["abc"] * 30, ["Berlin"]]
    soft = soft_labels(put_table, words, [[1, 0, 0, 1, 0], [], [0] * 30, [1]])
    config = Reliability(layers=layers, pooling=pooling, neighbours=10)
    table = store.table(run_alone(store, score_reliability, tagger, soft, config, WINDOWS))
    for column in ("agreement", "weight"):
        rows = table[column].to_pylist()
        assert [len(row) for row in rows] == [5, 0, 30, 1]
        assert all(0 <= value <= 1 for row in rows for value in row)


def test_switched_off_every_word_weighs_one(store: Store, tagger: Reference, put_table: Put) -> None:
    soft = soft_labels(put_table, [["Anna", "lives"]], [[1, 0]])
    scores = run_alone(store, score_reliability, tagger, soft, Reliability(enabled=False), WINDOWS)
    assert store.table(scores)["weight"].to_pylist() == [[1.0, 1.0]]
    assert store.metadata(scores) == {"labels": LABELS, "class_mean": dict.fromkeys(LABELS), "neighbours": 0}


def test_other_labels_than_the_taggers_are_an_error(store: Store, tagger: Reference, put_table: Put) -> None:
    soft = soft_labels(put_table, [["Anna", "lives"]], [[1, 0]], labels=["O", "B-PER", "I-PER"])
    told = "the tagger has O, B-LOC, I-LOC; the soft labels has O, B-PER, I-PER;"
    with pytest.raises(InputError, match=told):
        run_alone(store, score_reliability, tagger, soft, Reliability(), WINDOWS)


def test_a_single_word_has_no_neighbours(store: Store, tagger: Reference, put_table: Put) -> None:
    soft = soft_labels(put_table, [["Anna"]], [[1]])
    with pytest.raises(InputError, match="at least 2"):
        run_alone(store, score_reliability, tagger, soft, Reliability(), WINDOWS)


def test_a_layer_that_is_not_there_is_an_error(store: Store, tagger: Reference, put_table: Put) -> None:
    soft = soft_labels(put_table, [["Anna", "lives"]], [[1, 0]])
    with pytest.raises(InputError, match="has 2 layers"):
        run_alone(store, score_reliability, tagger, soft, Reliability(layers=3), WINDOWS)
