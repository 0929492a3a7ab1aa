import gzip
from pathlib import Path

import numpy as np
import pytest

from artifacts.errors import InputError
from artifacts.inputs import InputFile
from artifacts.step import run_alone
from artifacts.store import Store
from tasks.translation.vector_files import VectorFile, load_vectors, read_vector_file
from tasks.translation.vectors import read_vectors

GOOD = "3 2\nthe 1 0.5\nu\u0308ber -1 2e-3 \n10\u00a0km 0 1\n".encode()


def written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("name", ["v.vec", "v.vec.gz"])
def test_text_is_read_plain_and_gzipped(tmp_path: Path, name: str) -> None:
    content = gzip.compress(GOOD) if name.endswith(".gz") else GOOD
    words, vectors, skipped = read_vector_file(written(tmp_path / name, content), 100)
    assert words == ["the", "über", "10\u00a0km"] and skipped == 0
    assert vectors == pytest.approx(np.array([[1, 0.5], [-1, 0.002], [0, 1]], dtype=np.float32))


def test_only_the_first_words_are_read_and_what_follows_is_not_looked_at(tmp_path: Path) -> None:
    words, _, _ = read_vector_file(written(tmp_path / "v.vec", b"9 2\na 1 0\nb 0 1\ngarbage\n"), 2)
    assert words == ["a", "b"]


def test_repeated_and_undecodable_words_are_left_out_and_counted(tmp_path: Path) -> None:
    content = b"4 1\na 1\na 2\n\xff 3\nb 4\n"
    words, vectors, skipped = read_vector_file(written(tmp_path / "v.vec", content), 100)
    assert words == ["a", "b"] and vectors.tolist() == [[1.0], [4.0]] and skipped == 2


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"the 1 2 3\n", "v.vec, line 1: found 'the 1 2 3', expected the number of words and the dimension"),
        (b"", "v.vec, line 1: found ''"),
        (b"2 2\nthe 1 2\na 1\n", "v.vec, line 3: found 1 numbers, expected 2 as line 1 says"),
        (b"1 2\nthe 1 2 3\n", "v.vec, line 2: found 3 numbers, expected 2"),
        (b"1 2\nthe 1 x\n", "v.vec, line 2: .*'x', expected a number"),
        (b"1 2\nthe 1 nan\n", "v.vec, line 2: a number is not finite"),
        (b"3 1\nthe 1\n", "v.vec: it ends after line 2, its first line promises 3 words"),
        (b"1 1\n\xff 1\n", "v.vec: no word could be read, 1 were not UTF-8"),
        (gzip.compress(GOOD, mtime=0)[:-12], "v.vec: the compressed file breaks off"),
        ((793712314).to_bytes(4, "little") + b"\x63\0\0\0", "v.vec: fasttext cannot load it"),
    ],
)
def test_a_bad_file_is_refused_with_its_line(tmp_path: Path, content: bytes, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_vector_file(written(tmp_path / "v.vec", content), 100)


def test_a_fasttext_model_is_read_whatever_its_name(tmp_path: Path) -> None:
    import fasttext

    text = written(tmp_path / "text.txt", b"b a c c c a b c\n" * 5)
    model = fasttext.train_unsupervised(str(text), dim=4, minCount=1, epoch=1, bucket=100, thread=1, verbose=0)
    model.save_model(str(tmp_path / "model.bin"))
    words, vectors, _ = read_vector_file(tmp_path / "model.bin", 100)
    assert words[0] == "c" and set(words) == {"a", "b", "c"}
    # fasttext leaves most of so small a table as the memory was, which may be no number.
    np.testing.assert_array_equal(vectors[0], model.get_word_vector("c"))


def test_the_step_keeps_the_file_order_and_says_what_it_left_out(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    file = InputFile(path=str(written(tmp_path / "v.vec", GOOD)))
    vectors = run_alone(store, load_vectors, file, "de", VectorFile(max_words=2))
    assert read_vectors(store.table(vectors))[0] == ["the", "über"]
    assert store.metadata(vectors) == {"language": "de", "dimension": 2, "skipped_words": 0}
