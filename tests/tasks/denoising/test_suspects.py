"""Which given labels are doubted: by a tagger's probability, by neighbours, and how sentences are put in order."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.denoising import suspects
from tasks.denoising.reliability import Reliability
from tasks.denoising.score_reliability import represent
from tasks.denoising.suspects import agreement_with_neighbours, doubts, least_trusted
from tasks.tagging.crf_head import CRF
from tasks.tagging.inference import FLOAT32
from tasks.tagging.student import Student, load_student
from tasks.tagging.tagger import new_tagger, save_tagger
from tasks.tagging.windows import WindowConfig

LABELS = ["O", "B-LOC", "I-LOC", "B-PER", "I-PER"]
WORDS = [["Anna", "lives", "in", "Paris"], [], ["abc", "Berlin"], ["Anna", "Anna", "xyz"]]
GIVEN = np.array([3, 0, 0, 1, 0, 3, 1, 4, 0])


def order(trust: list[float], lengths: list[int]) -> tuple[list[int], list[int]]:
    rows, places = least_trusted(np.array(trust), np.array(lengths, dtype=np.int64))
    return rows.tolist(), places.tolist()


def test_sentences_come_by_their_worst_word() -> None:
    # Worst: .4 (word 1), none, .1 (word 3), .2 (word 4).
    assert order([0.9, 0.4, 0.8, 0.1, 0.2], [2, 0, 2, 1]) == ([2, 3, 0], [3, 4, 1])


def test_of_equals_the_first_comes_first() -> None:
    assert order([0.5, 0.3, 0.3, 0.3, 0.3], [3, 2]) == ([0, 1], [1, 3])
    assert order([], [0, 0]) == ([], []) and order([], []) == ([], [])


@settings(max_examples=50)
@given(st.lists(st.lists(st.integers(0, 5), max_size=4), max_size=6))
def test_they_are_the_sorted_minima(sentences: list[list[int]]) -> None:
    flat = [value for each in sentences for value in each]
    rows, places = order([float(value) for value in flat], [len(each) for each in sentences])
    assert rows == sorted((i for i, each in enumerate(sentences) if each), key=lambda i: min(sentences[i]))
    assert [flat[place] for place in places] == [min(sentences[row]) for row in rows]


@pytest.fixture
def folder(sharp_encoder: Path, tmp_path: Path) -> Path:
    save_tagger(*new_tagger(sharp_encoder, LABELS, 0.0, 0, CRF), tmp_path / "tagger")
    return tmp_path / "tagger"


@pytest.fixture
def tagger(folder: Path) -> Student:
    """Whose windows are shorter than a sentence."""
    return load_student(folder, tokenized=True, windows=WindowConfig(max_length_subwords=8, overlap_subwords=2))


@pytest.mark.parametrize("at_a_time", [1, 2, 100])
def test_a_label_is_doubted_as_little_as_the_tagger_gives_it(
    tagger: Student, monkeypatch: pytest.MonkeyPatch, at_a_time: int
) -> None:
    monkeypatch.setattr(suspects, "SENTENCES_AT_A_TIME", at_a_time)
    found = doubts(tagger, WORDS, GIVEN)
    tagged = list(tagger.tag_words(WORDS))
    said = [LABELS.index(tag) for each in tagged for tag in each.tags]
    assert found.said.tolist() == said and found.said.dtype == np.int64
    # What the tagger gives its own labels is known from elsewhere; and over all labels it gives 1.
    own = doubts(tagger, WORDS, np.array(said)).probability
    assert own.tolist() == pytest.approx([p for each in tagged for p in each.probabilities], rel=1e-4)
    total = sum(doubts(tagger, WORDS, np.full(9, label)).probability for label in range(5))
    assert total == pytest.approx(np.ones(9), rel=1e-5)
    assert [found.probability[i] == own[i] for i in range(9)] == [GIVEN[i] == said[i] for i in range(9)]


def test_agreement_is_the_share_of_the_nearest_words_with_the_given_label(folder: Path, tagger: Student) -> None:
    told: list[int] = []
    found = agreement_with_neighbours(folder, tagger, WORDS, GIVEN, 2, told.append)
    hidden = represent(folder, WORDS, Reliability(), tagger.windows, FLOAT32, "cpu", 2048, lambda count: None)
    unit: Any = hidden / np.linalg.norm(hidden, axis=1, keepdims=True)
    cosines = unit @ unit.T
    np.fill_diagonal(cosines, -2)
    nearest = np.argsort(-cosines, axis=1)[:, :2]
    assert found.tolist() == [np.mean(GIVEN[nearest[i]] == GIVEN[i]) for i in range(9)]
    assert 0 < found.mean() < 1 and sum(told) == 18
