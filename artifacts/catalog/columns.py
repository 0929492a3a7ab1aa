"""Columns that several tables have."""

import pyarrow as pa

STRINGS = pa.list_(pa.string())
NUMBERS = pa.list_(pa.float32())
ID = pa.field("sentence_id", pa.int64(), nullable=False)
WORDS = pa.field("words", STRINGS, nullable=False)
TAGS = pa.field("tags", STRINGS, nullable=False)
# Where a row of a training set began: a corpus, by kind and content as `crosstag store show` takes it; its sentence.
CORPUS = pa.field("corpus", pa.string(), nullable=False)
SOURCE_ID = pa.field("source_sentence_id", pa.int64(), nullable=False)
