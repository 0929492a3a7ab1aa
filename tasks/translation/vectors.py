"""Train word vectors on the text of one language with fasttext."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Annotated

import numpy as np
import pyarrow as pa
from pydantic import Field

from artifacts.catalog import LABELLED, PARALLEL, SENTENCES, VECTORS
from artifacts.child import in_new_process
from artifacts.errors import InputError
from artifacts.reference import Reference
from artifacts.settings import Settings
from artifacts.step import Job, step
from tasks.corpus.text import translation_splitter

Text = Annotated[Reference, SENTENCES, LABELLED, PARALLEL]

_LINE_END = "</s>"
# What fasttext ends a word at, beside the space. A no-break space stays in its word.
_SEPARATORS = frozenset(" \n\r\t\v\f\0")
# Above 32 MB, the C library asks the kernel for every block that none of the freed ones can hold.
_FRESH_MEMORY_BYTES = 40_000_000
_START = ".start.vec"


class VectorTraining(Settings):
    """How to train word vectors (skip-gram with negative sampling, with or without sub-words)."""

    dimension: int = Field(100, ge=2, le=1000, title="Dimension", description="Length of a vector.")
    epochs: int = Field(10, ge=1, title="Epochs", description="Passes over the text; a small text needs more.")
    learning_rate: float = Field(0.05, gt=0, le=1, title="Learning rate", description="At the start; it falls to 0.")
    minimum_count: int = Field(3, ge=1, title="Minimum count", description="Words that occur less often get no vector.")
    minimum_ngram: int = Field(
        3, ge=0, title="Shortest sub-word", description="In characters, word boundaries counted; see longest."
    )
    maximum_ngram: int = Field(
        0, ge=0, title="Longest sub-word", description="In characters; 0: whole words only; large texts: 6."
    )
    buckets: int = Field(
        200_000,
        ge=1,
        title="Sub-word buckets",
        description="Rows of the sub-word table (4 bytes x dimension each); fasttext's own default is 2,000,000.",
    )
    window_words: int = Field(5, ge=1, title="Window", description="Farthest context word, in words.")
    negatives: int = Field(5, ge=1, title="Negatives", description="Random words set against each context word.")
    subsampling: float = Field(
        1e-3,
        gt=0,
        le=1,
        title="Subsampling",
        description="Words more frequent than about this share of the text are partly left out; 1: none is.",
    )
    lowercase: bool = Field(False, title="Lower-case", description="Lower-case the text first.")
    seed: int = Field(0, ge=0, title="Seed", description="Of the start vectors.")
    threads: int = Field(
        1,
        ge=1,
        title="Threads",
        description="With more than 1 training is faster, but every run gives other vectors.",
    )


def frequent_words(text: Path, minimum_count: int) -> tuple[list[str], int]:
    """Words of a file that occur often enough, most frequent first, ties by code point; and how many it has in all."""
    counts: Counter[str] = Counter()
    with open(text, encoding="utf-8", newline="\n") as file:
        for line in file:
            counts.update(line.rstrip("\n").split(" "))
    counts.pop("", None)
    ranked = sorted((-count, word) for word, count in counts.items() if count >= minimum_count)
    return [word for _, word in ranked], len(counts)


def train_skipgram(text: Path, words: Sequence[str], config: VectorTraining) -> np.ndarray:
    """Train vectors on a file: one sentence a line, words separated by spaces.

    Args:
        text: UTF-8 file; start vectors, and with sub-words the result, are written beside it.
        words: `frequent_words` of the file, at least two (with one, fasttext would look forever for another one to
            set against it).
        config: see `VectorTraining`. With one thread, the same file gives the same vectors, bit for bit.

    Returns:
        [N, d] float32, one row per word.
    """
    _write_start_vectors(text.with_suffix(_START), [*words, _LINE_END], config.dimension, config.seed)
    if not config.maximum_ngram:
        return fit_skipgram(text, words, config)
    # fasttext 0.9.3 sets only a tenth of its input table per thread to random numbers and leaves the rest as the memory
    # was (DenseMatrix::uniform). Words get start vectors from us; sub-words start at zero, which is what the kernel
    # gives a new process for blocks as large as this. An old process may hand out again what it has freed.
    trained = text.with_suffix(".trained.npy")
    in_new_process(fit_into, trained, text, words, config)
    return np.asarray(np.load(trained))


def fit_into(trained: Path, text: Path, words: Sequence[str], config: VectorTraining) -> None:
    """Write the result of `fit_skipgram` into a file."""
    np.save(trained, fit_skipgram(text, words, config))


def fit_skipgram(text: Path, words: Sequence[str], config: VectorTraining) -> np.ndarray:
    """Train vectors on a file beside which the start vectors lie; see `train_skipgram`."""
    import fasttext

    buckets = max(config.buckets, _FRESH_MEMORY_BYTES // (4 * config.dimension)) if config.maximum_ngram else 1
    model = fasttext.train_unsupervised(
        str(text),
        model="skipgram",
        dim=config.dimension,
        epoch=config.epochs,
        lr=config.learning_rate,
        minCount=config.minimum_count,
        minn=config.minimum_ngram if config.maximum_ngram else 0,
        maxn=config.maximum_ngram,
        bucket=buckets,
        ws=config.window_words,
        neg=config.negatives,
        t=config.subsampling,
        thread=config.threads,
        pretrainedVectors=str(text.with_suffix(_START)),
        # Words that start like a label would be left out; nothing starts like this.
        label="\x01label\x01",
        verbose=0,
    )
    return np.stack([model.get_word_vector(word) for word in words]).astype(np.float32)


def _write_start_vectors(path: Path, words: Sequence[str], dimension: int, seed: int) -> None:
    """Random vectors as fasttext's own, uniform in [-1/d, 1/d)."""
    random = np.random.default_rng(seed)
    with open(path, "w", encoding="utf-8", newline="\n") as file:
        file.write(f"{len(words)} {dimension}\n")
        for word in words:
            numbers = random.uniform(-1 / dimension, 1 / dimension, dimension)
            file.write(f"{word} {' '.join(f'{number:.6f}' for number in numbers)}\n")


def training_lines(sentences: Iterable[Sequence[str]], lowercase: bool) -> Iterator[str]:
    """One line per sentence for fasttext; words that its reader would break in two are left out."""
    for sentence in sentences:
        words = (word for word in sentence if word != _LINE_END and _SEPARATORS.isdisjoint(word))
        line = " ".join(words)
        yield line.lower() if lowercase else line


def vectors_table(words: Sequence[str], vectors: np.ndarray) -> pa.Table:
    """The table of `VECTORS`.

    Args:
        words: N words, most frequent first.
        vectors: [N, d] float.
    """
    count, dimension = vectors.shape
    offsets = pa.array(np.arange(count + 1, dtype=np.int32) * dimension)
    values = pa.array(np.ascontiguousarray(vectors, dtype=np.float32).ravel())
    lists = pa.ListArray.from_arrays(offsets, values)
    return pa.Table.from_arrays([pa.array(words, pa.string()), lists], schema=VECTORS.schema)


def read_vectors(table: pa.Table) -> tuple[list[str], np.ndarray]:
    """The words and the [N, d] float32 vectors of a `VECTORS` table."""
    vectors = table["vector"].combine_chunks().flatten().to_numpy()
    return table["word"].to_pylist(), vectors.reshape(table.num_rows, -1)


@step(VECTORS)
def train_vectors(job: Job, texts: tuple[Text, ...], config: VectorTraining, language: str) -> None:
    """Train word vectors of one language on sentences, labelled sentences and its side of parallel text."""
    split = translation_splitter(language)
    path = job.work_folder / "text.txt"
    with (
        job.progress("text for word vectors", sum(job.rows(text) for text in texts), "sentences") as advance,
        open(path, "w", encoding="utf-8", newline="\n") as file,
    ):
        for text in texts:
            column = _column(job, text, language)
            for batch in job.batches(text, columns=[column]):
                rows = batch.column(0).to_pylist()
                sentences = rows if column == "words" else map(split, rows)
                file.writelines(line + "\n" for line in training_lines(sentences, config.lowercase))
                advance(batch.num_rows)
    words, distinct = frequent_words(path, config.minimum_count)
    if len(words) < 2:
        raise InputError(
            f"vectors for {language}: {len(words)} of {distinct} words occur {config.minimum_count} times or more, "
            "2 are needed; give more text or lower minimum_count"
        )
    vectors = train_skipgram(path, words, config)
    job.write(vectors_table(words, vectors), metadata={"language": language, "dimension": config.dimension})


def _column(job: Job, text: Reference, language: str) -> str:
    """The column that holds the language's text."""
    metadata = job.metadata(text)
    if text.kind != PARALLEL.name:
        return "words"
    for side in ("source", "target"):
        if metadata[f"{side}_language"] == language:
            return side
    raise InputError(
        f"word vectors for {language}: parallel text {metadata['source_language']}-{metadata['target_language']} has "
        "no such side; leave it out or correct its languages"
    )
