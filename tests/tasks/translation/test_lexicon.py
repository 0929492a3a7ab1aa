from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pytest

from artifacts.errors import InputError
from artifacts.inputs import InputFile
from artifacts.reference import Reference
from artifacts.step import run_alone
from artifacts.store import Store
from tasks.translation.alignment import AlignmentConfig, align_vectors
from tasks.translation.lexicon import LexiconConfig, induce_lexicon, lexicon_table

ROWS = np.array([[0, 1], [1, 0]])
SCORES = np.array([[0.9, 0.2], [0.5, 0.1]], dtype=np.float32)


def pairs_of(table: pa.Table) -> list[tuple[str, str, int]]:
    return [(row["source"], row["target"], row["rank"]) for row in table.to_pylist()]


def test_ranks_count_from_the_best() -> None:
    table = lexicon_table(["the", "tree"], ["die", "Baum"], ROWS, SCORES)
    assert pairs_of(table) == [("the", "die", 0), ("the", "Baum", 1), ("tree", "Baum", 0), ("tree", "die", 1)]
    assert table["csls"].to_pylist() == pytest.approx([0.9, 0.2, 0.5, 0.1])


def test_pairs_below_the_bound_are_left_out() -> None:
    table = lexicon_table(["the", "tree"], ["die", "Baum"], ROWS, SCORES, minimum_csls=0.4)
    assert pairs_of(table) == [("the", "die", 0), ("tree", "Baum", 0)]


def test_supplied_pairs_come_first_and_are_not_repeated() -> None:
    supplied = [("tree", "die"), ("tree", "Bäume"), ("sea", "Meer"), ("sea", "Meer")]
    table = lexicon_table(["the", "tree"], ["die", "Baum"], ROWS, SCORES, supplied=supplied)
    assert pairs_of(table) == [
        ("tree", "die", 0),
        ("tree", "Bäume", 1),
        ("sea", "Meer", 0),
        ("the", "die", 0),
        ("the", "Baum", 1),
        ("tree", "Baum", 2),
    ]
    assert table["csls"].to_pylist()[:3] == [None] * 3


def test_supplied_pairs_come_first_for_words_with_a_capital_too() -> None:
    words = ["the", "The", "US", "A", "Ada"]
    supplied = [("the", "die"), ("the", "das"), ("us", "uns"), ("a", "ein"), ("Ada", "ADA"), ("ada", "ada")]
    rows = np.array([[0], [0], [0], [0], [0]])
    table = lexicon_table(words, ["induced"], rows, np.ones((5, 1)), supplied=supplied)
    ranked: dict[str, list[str]] = {word: [] for word in words}
    for source, target, rank in sorted(pairs_of(table), key=lambda pair: pair[2]):
        if source in ranked:
            assert rank == len(ranked[source])
            ranked[source].append(target)
    assert ranked == {
        "the": ["die", "das", "induced"],
        "The": ["die", "das", "induced"],
        "US": ["induced"],  # Not the translation of `us`.
        "A": ["ein", "induced"],
        "Ada": ["ADA", "induced"],  # Supplied as it is written.
    }


def test_the_step_translates_by_the_alignment_with_its_normalisation(
    store: Store, vectors_of: Callable[..., Reference], text_file: Callable[[str, str], InputFile]
) -> None:
    # The target space is the source space turned, so that each word's translation is its name in capitals.
    source_vectors = np.random.default_rng(1).normal(size=(12, 4))
    source_vectors /= np.linalg.norm(source_vectors, axis=1, keepdims=True)
    turn, _ = np.linalg.qr(np.random.default_rng(2).normal(size=(4, 4)))
    words = [f"w{i}" for i in range(12)]
    source = vectors_of("en", words, source_vectors)
    target = vectors_of("de", [word.upper() for word in words], source_vectors @ turn.T)
    seed = text_file("seed.txt", "".join(f"{word} {word.upper()}\n" for word in words[:8]))
    aligning = AlignmentConfig(refinements=0, normalisation="centred")
    alignment = run_alone(store, align_vectors, source, target, seed, None, aligning)
    config = LexiconConfig(candidates=1, max_source_words=10, neighbours=3)
    supplied = text_file("mine.txt", "w3 drei\n")
    lexicon = run_alone(store, induce_lexicon, source, target, alignment, config, supplied)
    best = {source: target for source, target, rank in pairs_of(store.table(lexicon)) if rank == 0}
    assert best == {word: word.upper() for word in words[:10]} | {"w3": "drei"}
    assert store.metadata(lexicon) == {"source_language": "en", "target_language": "de", "supplied_pairs": 1}
    other = vectors_of("en", words, np.ones((12, 3)))
    with pytest.raises(InputError, match="source language's have 3 dimensions, the target language's 4"):
        run_alone(store, induce_lexicon, other, target, alignment, config)
    with pytest.raises(InputError, match="it maps 4 dimensions, the word vectors have 3"):
        run_alone(store, induce_lexicon, other, other, alignment, config)
