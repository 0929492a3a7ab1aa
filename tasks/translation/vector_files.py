"""Load word vectors that somebody trained: .bin (fasttext), .vec and .vec.gz (text)."""

import gzip
import unicodedata
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from pydantic import Field

from artifacts.catalog import VECTORS
from artifacts.errors import InputError
from artifacts.inputs import InputFile
from artifacts.settings import Settings
from artifacts.step import Job, step
from tasks.translation.vectors import vectors_table

_GZIP_MAGIC = b"\x1f\x8b"
_FASTTEXT_MAGIC = (793712314).to_bytes(4, "little")


class VectorFile(Settings):
    """How much of a file of word vectors to read."""

    max_words: int = Field(
        100_000, ge=1, title="Most words", description="Read this many words; files list the most frequent first."
    )


def read_vector_file(path: Path, max_words: int) -> tuple[list[str], np.ndarray, int]:
    """Read the first words of a file of vectors; the format is found from the content.

    Args:
        path: a fasttext model, or text ("words dimension", then one "word number number ..." a line), also gzipped.
        max_words: how many words to read.

    Returns:
        The words in Unicode NFC, in the file's order; [N, d] float32 their vectors; how many words were left out
        because they are not UTF-8 or were there before.

    Raises:
        InputError: if the file is none of these, is damaged, or holds no word.
    """
    with open(path, "rb") as file:
        start = file.read(4)
    if start == _FASTTEXT_MAGIC:
        entries = _model_entries(path, max_words)
    elif start.startswith(_GZIP_MAGIC):
        entries = _text_entries(path, max_words, compressed=True)
    else:
        entries = _text_entries(path, max_words, compressed=False)
    vectors: dict[str, np.ndarray] = {}
    skipped = 0
    for raw, vector in entries:
        try:
            word = unicodedata.normalize("NFC", raw.decode("utf-8"))
        except UnicodeDecodeError:
            skipped += 1
            continue
        if word in vectors or not word:
            skipped += 1
        else:
            vectors[word] = vector
    if not vectors:
        raise InputError(f"vectors {path.name}: no word could be read, {skipped} were not UTF-8; give another file")
    return list(vectors), np.stack(list(vectors.values())), skipped


def _text_entries(path: Path, max_words: int, compressed: bool) -> Iterator[tuple[bytes, np.ndarray]]:
    where = f"vectors {path.name}"
    number = 0
    try:
        with gzip.open(path, "rb") if compressed else open(path, "rb") as file:
            count, dimension = _header(file.readline(), where)
            for number in range(2, min(count, max_words) + 2):
                line = file.readline()
                if not line:
                    raise InputError(
                        f"{where}: it ends after line {number - 1}, its first line promises {count} words; "
                        "fetch the file again"
                    )
                yield _entry(line, dimension, f"{where}, line {number}")
    except (EOFError, zlib.error, gzip.BadGzipFile):
        raise InputError(f"{where}: the compressed file breaks off after line {number}; fetch it again") from None


def _header(line: bytes, where: str) -> tuple[int, int]:
    fields = line.split()
    if len(fields) != 2 or not all(field.isdigit() and int(field) > 0 for field in fields):
        found = line[:60].decode("utf-8", errors="replace").strip()
        raise InputError(
            f"{where}, line 1: found '{found}', expected the number of words and the dimension, such as '100000 300'; "
            "add this line (GloVe files lack it) or give a .vec, .vec.gz or .bin file"
        )
    return int(fields[0]), int(fields[1])


def _entry(line: bytes, dimension: int, where: str) -> tuple[bytes, np.ndarray]:
    word, *fields = line.rstrip(b" \r\n").split(b" ")
    if len(fields) != dimension:
        raise InputError(
            f"{where}: found {len(fields)} numbers, expected {dimension} as line 1 says; correct or delete the line"
        )
    try:
        vector = np.array([float(field) for field in fields], dtype=np.float32)
    except ValueError as error:
        raise InputError(f"{where}: {error}, expected a number; correct or delete the line") from None
    if not np.isfinite(vector).all():
        raise InputError(f"{where}: a number is not finite; correct or delete the line")
    return word, vector


def _model_entries(path: Path, max_words: int) -> Iterator[tuple[bytes, np.ndarray]]:
    import fasttext

    try:
        model = fasttext.load_model(str(path))
    except ValueError as error:
        raise InputError(f"vectors {path.name}: fasttext cannot load it ({error}); fetch the file again") from None
    for word in model.get_words(on_unicode_error="replace")[:max_words]:
        if word != "</s>":
            yield word.encode("utf-8"), model.get_word_vector(word)


@step(VECTORS)
def load_vectors(job: Job, file: InputFile, language: str, config: VectorFile) -> None:
    """Load the most frequent words of a file of word vectors."""
    words, vectors, skipped = read_vector_file(file.local(), config.max_words)
    job.write(
        vectors_table(words, vectors),
        metadata={"language": language, "dimension": vectors.shape[1], "skipped_words": skipped},
    )
