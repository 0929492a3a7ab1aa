from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from artifacts.catalog import LABELLED, PARALLEL, SENTENCES
from artifacts.errors import InputError
from artifacts.reference import Reference
from artifacts.step import Job, run_alone, step
from artifacts.store import Store
from tasks.translation.vectors import (
    VectorTraining,
    frequent_words,
    read_vectors,
    train_skipgram,
    train_vectors,
    training_lines,
    vectors_table,
)

TINY = VectorTraining(dimension=8, epochs=2, minimum_count=1, buckets=500)
SENTENCE = ["the", "River", "runs", "through", "the", "town", "."]


@step(SENTENCES)
def some_sentences(job: Job, sentences: list[list[str]]) -> None:
    table = pa.table({"sentence_id": range(len(sentences)), "words": sentences}, schema=SENTENCES.schema)
    job.write(table, metadata={"language": "en"})


@step(LABELLED)
def some_labelled(job: Job, sentences: list[list[str]]) -> None:
    tags = [["O"] * len(sentence) for sentence in sentences]
    columns = {"sentence_id": range(len(sentences)), "words": sentences, "tags": tags}
    job.write(pa.table(columns, schema=LABELLED.schema), metadata={"language": "en", "labels": ["O"]})


@step(PARALLEL)
def some_parallel(job: Job, source: list[str], target: list[str]) -> None:
    columns = {"pair_id": range(len(source)), "source": source, "target": target}
    job.write(pa.table(columns, schema=PARALLEL.schema), metadata={"source_language": "en", "target_language": "de"})


def trained(text: Path, config: VectorTraining) -> tuple[list[str], np.ndarray]:
    words, _ = frequent_words(text, config.minimum_count)
    return words, train_skipgram(text, words, config)


def words_of(store: Store, vectors: Reference) -> list[str]:
    return read_vectors(store.table(vectors))[0]


@pytest.mark.parametrize("longest", [0, 6])
def test_the_same_text_gives_the_same_vectors_bit_for_bit(tmp_path: Path, longest: int) -> None:
    # fasttext 0.9.3 leaves most of its input table as the memory was: between the two trainings we dirty the heap.
    config = TINY.model_copy(update={"maximum_ngram": longest})
    text = tmp_path / "text.txt"
    random = np.random.default_rng(0)
    words = [f"word{n}" for n in range(60)]
    text.write_text("".join(" ".join(random.choice(words, 12)) + "\n" for _ in range(300)))
    first_words, first = trained(text, config)
    dirt = [np.full(size, np.nan, dtype=np.float32) for size in (500, 5_000, 50_000, 500_000) for _ in range(9)]
    del dirt
    again_words, again = trained(text, config)
    assert first_words == again_words
    assert first.tobytes() == again.tobytes()
    assert np.isfinite(first).all() and first.shape == (60, 8)


def test_words_come_most_frequent_first_and_ties_in_order(tmp_path: Path) -> None:
    text = tmp_path / "text.txt"
    text.write_text("b a c c c a b\n" * 3)
    assert trained(text, TINY)[0] == ["c", "a", "b"]


def test_words_that_share_company_are_nearer_than_words_that_do_not(tmp_path: Path) -> None:
    # cat and dog occur in the same frames, ship in others.
    text = tmp_path / "text.txt"
    animal = "the {} eats meat and sleeps at home\n"
    text.write_text((animal.format("cat") + animal.format("dog") + "my ship sails over wide blue seas\n") * 200)
    config = VectorTraining(dimension=16, epochs=20, minimum_count=1, maximum_ngram=0, minimum_ngram=0, subsampling=1)
    words, vectors = trained(text, config)
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    cosine = {word: float(unit[words.index("cat")] @ unit[words.index(word)]) for word in ("dog", "ship")}
    assert cosine["dog"] > cosine["ship"] + 0.3


def test_words_that_fasttext_would_break_are_left_out() -> None:
    sentences = [["a\x0bb", "10\u00a0km", "</s>", "Haus"], []]
    assert list(training_lines(sentences, lowercase=False)) == ["10\u00a0km Haus", ""]
    assert list(training_lines(sentences, lowercase=True)) == ["10\u00a0km haus", ""]


def test_a_word_that_looks_like_a_label_gets_a_vector(tmp_path: Path) -> None:
    text = tmp_path / "text.txt"
    text.write_text("__label__x y z\n" * 3)
    assert trained(text, TINY)[0] == ["__label__x", "y", "z"]


def test_a_table_of_vectors_reads_back() -> None:
    vectors = np.arange(6, dtype=np.float32).reshape(2, 3)
    words, back = read_vectors(vectors_table(["a", "b"], vectors))
    assert words == ["a", "b"] and back.tolist() == vectors.tolist()


def test_the_step_reads_every_kind_of_text_and_only_its_side_of_pairs(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    texts = (
        run_alone(store, some_sentences, [SENTENCE]),
        run_alone(store, some_labelled, [["Ada", "knows", "Hamburg"]]),
        run_alone(store, some_parallel, ["A dog, barking."], ["Ein Hund bellt."]),
    )
    english = run_alone(store, train_vectors, texts, TINY, "en")
    assert set(words_of(store, english)) == {*SENTENCE, "Ada", "knows", "Hamburg", "A", "dog", ",", "barking"}
    assert store.metadata(english) == {"language": "en", "dimension": 8}
    german = run_alone(store, train_vectors, texts[2:], TINY, "de")
    assert set(words_of(store, german)) == {"Ein", "Hund", "bellt", "."}


def test_pairs_of_other_languages_are_refused(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    pairs = run_alone(store, some_parallel, ["A dog."], ["Ein Hund."])
    with pytest.raises(InputError, match="word vectors for es: parallel text en-de has no such side"):
        run_alone(store, train_vectors, (pairs,), TINY, "es")


def test_a_text_with_too_few_frequent_words_is_refused(tmp_path: Path) -> None:
    # With one word left, fasttext would never find a second one to set against it.
    store = Store(tmp_path / "store")
    text = run_alone(store, some_sentences, [["Haus", "Haus", "Baum"]])
    config = TINY.model_copy(update={"minimum_count": 2})
    with pytest.raises(InputError, match="1 of 2 words occur 2 times or more, 2 are needed"):
        run_alone(store, train_vectors, (text,), config, "de")
