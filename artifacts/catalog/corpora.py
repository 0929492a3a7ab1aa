"""Sentences and labels that a run is given, and the sets that it trains on."""

from typing import Annotated

import pyarrow as pa

from artifacts.catalog.columns import CORPUS, ID, SOURCE_ID, STRINGS, TAGS, WORDS
from artifacts.catalog.forms import column_file
from artifacts.catalog.kinds import Dataset
from artifacts.reference import Reference

SENTENCES = Dataset(
    "sentences",
    """Sentences without labels; all that training may see of the target language.

    sentence_id  position in the file, from 0 (after duplicates are removed, if they are)
    words        the sentence's words
    metadata     language
    """,
    pa.schema([ID, WORDS]),
)
Sentences = Annotated[Reference, SENTENCES]

LABELLED = Dataset(
    "labelled",
    """Labelled sentences of the source language.

    sentence_id  position in the file, from 0
    words        the sentence's words
    tags         one IOB2 tag per word
    metadata     language; labels: all IOB2 labels, O first, types sorted
    """,
    pa.schema([ID, WORDS, TAGS]),
    text=column_file,
)
Labelled = Annotated[Reference, LABELLED]

GOLD = Dataset(
    "gold",
    """Gold tags of the target language, without the words. Only steps of tasks/evaluation accept it.

    sentence_id  joins `sentences` read from the same file
    tags         one IOB2 tag per word
    metadata     language; labels
    """,
    pa.schema([ID, TAGS]),
)
Gold = Annotated[Reference, GOLD]
GoldOrLabelled = Annotated[Reference, GOLD, LABELLED]

PARALLEL = Dataset(
    "parallel",
    """Sentence pairs, untokenised, no labels.

    pair_id   line number in the two files, from 0
    source    the sentence in the source language
    target    its translation
    metadata  source_language; target_language; skipped_pairs: pairs left out because a side was empty
    """,
    pa.schema(
        [
            pa.field("pair_id", pa.int64(), nullable=False),
            pa.field("source", pa.string(), nullable=False),
            pa.field("target", pa.string(), nullable=False),
        ]
    ),
)
Parallel = Annotated[Reference, PARALLEL]

TRAINING_SET = Dataset(
    "training_set",
    """Labelled sentences from several places, in one table to train on.

    sentence_id         position in this table, from 0
    words               the sentence's words
    tags                one IOB2 tag per word
    language            of the sentence
    origin              where its labels come from: labelled, translation, or how a projection was settled
    corpus              where the sentence comes from, such as sentences/3f2a...: raw text, or a labelled corpus
    source_sentence_id  the sentence's id there
    metadata            language (of all, joined by +); labels; sentences: number by language and origin
    """,
    pa.schema(
        [
            ID,
            WORDS,
            TAGS,
            pa.field("language", pa.string(), nullable=False),
            pa.field("origin", pa.string(), nullable=False),
            CORPUS,
            SOURCE_ID,
        ]
    ),
    text=column_file,
)
TrainingSet = Annotated[Reference, TRAINING_SET]

CORRECTIONS = Dataset(
    "corrections",
    """Labels that people gave sentences of the target text, one row for each; hard labels of a run that names them.

    sentence_id  joins the `sentences` that were corrected
    words        the sentence's words
    tags         one IOB2 tag per word
    before       the labels that the author saw
    author       who says so
    made         when, ISO 8601 in UTC
    metadata     language; labels; corpus: the text, such as sentences/3f2a...; authors: number of sentences by author
    """,
    pa.schema(
        [
            ID,
            WORDS,
            TAGS,
            pa.field("before", STRINGS, nullable=False),
            pa.field("author", pa.string(), nullable=False),
            pa.field("made", pa.string(), nullable=False),
        ]
    ),
    text=column_file,
)
Corrections = Annotated[Reference, CORRECTIONS]
