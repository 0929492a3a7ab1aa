from collections.abc import Callable

import numpy as np
import pytest

from artifacts.errors import InputError
from artifacts.inputs import InputFile
from artifacts.reference import Reference
from artifacts.step import run_alone
from artifacts.store import Store
from tasks.translation.alignment import AlignmentConfig, align_vectors, seed_pairs
from tasks.translation.precision import precision

VectorsOf = Callable[..., Reference]
TextFile = Callable[[str, str], InputFile]
CONFIG = AlignmentConfig(refinements=1, neighbours=2)


def test_precision_counts_words_with_a_right_translation_among_the_first_one_and_five() -> None:
    # Three source words at 0, 40 and 90 degrees, three targets at the same places, so each chooses its own.
    #   a -> A is in the dictionary; b -> B is not, C is (among five: right); c -> D is unknown and left out.
    angles = np.radians([0, 40, 90])
    rows = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
    pairs = [("a", "A"), ("b", "C"), ("c", "D")]
    scores = precision(pairs, ["a", "b", "c"], ["A", "B", "C"], rows, rows, 2)
    assert (scores.at_1, scores.at_5) == (0.5, 1.0)
    assert (scores.words, scores.pairs, scores.unknown) == (2, 2, 1)


def test_any_of_several_translations_is_right() -> None:
    rows = np.eye(2, dtype=np.float32)
    scores = precision([("a", "Y"), ("a", "X")], ["a"], ["X", "Y"], rows[:1], rows, 1)
    assert scores.at_1 == 1.0 and scores.words == 1


def test_case_matters_only_if_asked() -> None:
    rows = np.eye(2, dtype=np.float32)
    assert precision([("HAUS", "house")], ["Haus"], ["House", "x"], rows[:1], rows, 1).at_1 == 1.0
    with pytest.raises(InputError, match="none of its 1 pairs has vectors"):
        precision([("HAUS", "house")], ["Haus"], ["House", "x"], rows[:1], rows, 1, ignore_case=False)


def test_identical_strings_seed_from_the_most_frequent_words() -> None:
    config = AlignmentConfig(seed_words=2)
    assert seed_pairs(None, ["Rom", "in", "km"], ["in", "Rom", "km"], config).tolist() == [[0, 1], [1, 0]]


def test_a_seed_without_a_known_word_is_refused() -> None:
    with pytest.raises(InputError, match="lexicon: none of its 1 pairs has vectors for both words"):
        seed_pairs([("x", "y")], ["a"], ["b"], CONFIG)
    with pytest.raises(InputError, match="the two languages share no word to start from; give a seed dictionary"):
        seed_pairs(None, ["a"], ["b"], CONFIG)


def test_the_defaults_are_muse_as_unitrans_script_runs_it() -> None:
    config = AlignmentConfig()
    assert (config.refinements, config.refine_words, config.keep, config.neighbours) == (3, 10_000, "best", 10)
    assert (config.normalisation, config.seed_words, config.seed_minimum_characters) == ("none", 100_000, 1)


def turned(vectors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    true, _ = np.linalg.qr(np.random.default_rng(9).normal(size=(4, 4)))
    return true, vectors @ true.T


def test_the_step_recovers_a_rotation_from_identical_strings(
    store: Store, vectors_of: VectorsOf, text_file: TextFile
) -> None:
    # Ten words have the same name in both languages, ten differ; the test dictionary asks for two of the latter.
    source_vectors = np.random.default_rng(1).normal(size=(20, 4))
    true, target_vectors = turned(source_vectors)
    source_words = [f"n{i}" if i < 10 else f"s{i}" for i in range(20)]
    target_words = [f"n{i}" if i < 10 else f"t{i}" for i in range(20)]
    source, target = vectors_of("en", source_words, source_vectors), vectors_of("de", target_words, target_vectors)
    test = text_file("test.txt", "s12 t12\ns15 t15\ns99 t99\n")
    alignment = run_alone(store, align_vectors, source, target, None, test, CONFIG)
    table, metadata = store.table(alignment), store.metadata(alignment)
    assert np.array(table["weights"].to_pylist()) == pytest.approx(true, abs=1e-5)
    assert table["row"].to_pylist() == [0, 1, 2, 3]
    assert metadata["seed_pairs"] == 10 and metadata["seed"] == "identical strings"
    assert [tried["pairs"] for tried in metadata["maps"]] == [10, 20] and metadata["kept"] in (0, 1)
    assert [tried["mean_cosine"] for tried in metadata["maps"]] == pytest.approx([1.0, 1.0], abs=1e-5)
    assert (metadata["precision_at_1"], metadata["precision_at_5"]) == (1.0, 1.0)
    assert (metadata["test_words"], metadata["test_pairs"], metadata["test_pairs_without_vectors"]) == (2, 2, 1)


def test_the_step_takes_a_dictionary_as_the_seed(store: Store, vectors_of: VectorsOf, text_file: TextFile) -> None:
    source_vectors = np.random.default_rng(1).normal(size=(9, 4))
    true, target_vectors = turned(source_vectors)
    source = vectors_of("en", [f"s{i}" for i in range(9)], source_vectors)
    target = vectors_of("de", [f"t{i}" for i in range(9)], target_vectors)
    seed = text_file("seed.txt", "".join(f"s{i}\tt{i}\n" for i in range(6)) + "s0\tunknown\n")
    alignment = run_alone(store, align_vectors, source, target, seed, None, CONFIG)
    assert np.array(store.table(alignment)["weights"].to_pylist()) == pytest.approx(true, abs=1e-5)
    metadata = store.metadata(alignment)
    assert metadata["seed_pairs"] == 6 and metadata["precision_at_1"] is None and metadata["test_pairs"] is None


def test_vectors_of_different_dimension_are_refused(store: Store, vectors_of: VectorsOf) -> None:
    source, target = vectors_of("en", ["a", "b"], np.ones((2, 3))), vectors_of("de", ["a", "b"], np.ones((2, 4)))
    with pytest.raises(InputError, match="source language's have 3 dimensions, the target language's 4"):
        run_alone(store, align_vectors, source, target, None, None, CONFIG)
