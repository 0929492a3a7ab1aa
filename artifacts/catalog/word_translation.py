"""Word vectors, lexicons, and the corpus translated with them."""

from typing import Annotated

import pyarrow as pa

from artifacts.catalog.columns import CORPUS, ID, NUMBERS, SOURCE_ID, STRINGS, TAGS, WORDS
from artifacts.catalog.forms import column_file, dictionary_line
from artifacts.catalog.kinds import Dataset
from artifacts.reference import Reference

VECTORS = Dataset(
    "vectors",
    """Word vectors of one language.

    word      the word, in the case of the text
    vector    its vector; the same length in every row
    metadata  language; dimension
    """,
    pa.schema([pa.field("word", pa.string(), nullable=False), pa.field("vector", NUMBERS, nullable=False)]),
)
Vectors = Annotated[Reference, VECTORS]

ALIGNMENT = Dataset(
    "alignment",
    """The orthogonal map P from source vectors into the space of target vectors, x -> P x (UniTrans, Eq. 1-2).

    row       row of P, from 0
    weights   that row
    metadata  seed_pairs; maps: the seed's, then one for each refinement, with the pairs it was learnt from and the mean
              cosine of its translations of frequent words; kept: which of them this is, from 0; precision_at_1,
              precision_at_5 against the test dictionary (null without one); test_pairs
    """,
    pa.schema([pa.field("row", pa.int32(), nullable=False), pa.field("weights", NUMBERS, nullable=False)]),
)
Alignment = Annotated[Reference, ALIGNMENT]

LEXICON = Dataset(
    "lexicon",
    """Induced word translations; export it as text with `crosstag store export`.

    source    word of the source language
    target    a translation
    csls      cross-domain similarity (UniTrans, Eq. 3), higher is better; null for pairs the user supplied
    rank      0 for the best translation of this source word
    metadata  source_language; target_language
    """,
    pa.schema(
        [
            pa.field("source", pa.string(), nullable=False),
            pa.field("target", pa.string(), nullable=False),
            pa.field("csls", pa.float32()),
            pa.field("rank", pa.int32(), nullable=False),
        ]
    ),
    text=dictionary_line,
)
Lexicon = Annotated[Reference, LEXICON]

TRANSLATION = Dataset(
    "translation",
    """Source sentences turned into the target language, with their labels (D_trans).

    sentence_id         position in this table, from 0
    words               the translated words
    tags                one IOB2 tag per word, copied or projected
    source_words        the words it came from; empty for an imported translation
    origin              per word: lexicon, entity (copied, being part of a name), unknown (copied, having no
                        translation, or no letter if such words stay), import, marked or aligned (translated as a
                        sentence, labels by markers or by word alignment)
    corpus              the `labelled` table it was made from, such as labelled/3f2a...; import: the imported file
    source_sentence_id  the sentence's id there; comes twice if two ways of translating are combined
    metadata            language; labels
    """,
    pa.schema(
        [
            ID,
            WORDS,
            TAGS,
            pa.field("source_words", STRINGS, nullable=False),
            pa.field("origin", STRINGS, nullable=False),
            CORPUS,
            SOURCE_ID,
        ]
    ),
    text=column_file,
)
Translation = Annotated[Reference, TRANSLATION]
