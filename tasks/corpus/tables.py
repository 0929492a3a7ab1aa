"""Corpora as Arrow tables."""

from collections.abc import Sequence
from itertools import chain

import numpy as np
import pyarrow as pa

from tasks.corpus.corpus import Corpus
from tasks.corpus.corrections import Line, made_text


def string_lists(sentences: Sequence[Sequence[str]]) -> pa.ListArray:
    """A list<string> column, one row per sentence, built from all strings at once and their offsets."""
    offsets = np.zeros(len(sentences) + 1, dtype=np.int32)
    np.cumsum([len(sentence) for sentence in sentences], out=offsets[1:])
    strings = pa.array(chain.from_iterable(sentences), type=pa.string(), size=int(offsets[-1]))
    return pa.ListArray.from_arrays(pa.array(offsets), strings, type=pa.list_(pa.string()))


def sentences_table(corpus: Corpus) -> pa.Table:
    """sentence_id and words."""
    return pa.table({"sentence_id": _ids(corpus), "words": string_lists(corpus.words)})


def labelled_table(corpus: Corpus) -> pa.Table:
    """sentence_id, words and tags."""
    return sentences_table(corpus).append_column("tags", string_lists(_tags(corpus)))


def gold_table(corpus: Corpus) -> pa.Table:
    """sentence_id and tags."""
    return pa.table({"sentence_id": _ids(corpus), "tags": string_lists(_tags(corpus))})


def corrections_table(lines: Sequence[Line]) -> pa.Table:
    """sentence_id, words, tags, before, author and made, of lines none of which withdraws."""
    said = [line.correction for line in lines]
    return pa.table(
        {
            "sentence_id": pa.array([each.sentence_id for each in said], pa.int64()),
            "words": string_lists([each.words for each in said]),
            "tags": string_lists([each.tags or () for each in said]),
            "before": string_lists([each.before for each in said]),
            "author": pa.array([each.author for each in said], pa.string()),
            "made": pa.array([made_text(each) for each in said], pa.string()),
        }
    )


def _ids(corpus: Corpus) -> pa.Array:
    return pa.array(np.arange(len(corpus.words), dtype=np.int64))


def _tags(corpus: Corpus) -> list[list[str]]:
    if corpus.tags is None:
        raise ValueError("the corpus was read without its tags")
    return corpus.tags
