"""The forward translation of raw sentences, as sentences for the source tagger (CROP, 3.4)."""

from collections.abc import Callable, Iterator

import numpy as np
import pyarrow as pa
from pydantic import Field

from artifacts.catalog import SENTENCES, MachineTranslation
from artifacts.errors import InputError
from artifacts.settings import Settings
from artifacts.step import Job, step
from tasks.corpus.tables import string_lists
from tasks.corpus.text import seen_words, translation_splitter
from tasks.translation.marked.language import LanguageMode, language_filter

_SENTENCES_AT_A_TIME = 4096


class ForwardReading(Settings):
    """Which forward translations the source tagger sees."""

    language_filter: LanguageMode = Field(
        "all",
        title="Language filter",
        description="langid (4.1, i). all: the source language must be the most probable of all languages; pair: more "
        "probable than the target language; off: no filter.",
    )
    min_language_letters: int = Field(
        20, ge=0, title="Shortest judged text", description="Letters; translations with fewer pass the language filter."
    )


def split_outputs(
    ids: np.ndarray, outputs: list[str], accepts: Callable[[str], bool], split: Callable[[str], list[str]]
) -> pa.Table:
    """Splits translations into words, under their ids; those without any and those in a wrong language have no row.

    Args:
        ids: [M] sentence ids.
        outputs: [M] translations as they came.
        accepts: whether a text is in the language it should be in.
        split: a text into words.

    Returns:
        A table of `SENTENCES`.
    """
    words = [split(output) if accepts(output) else [] for output in outputs]
    kept = [place for place, found in enumerate(words) if found]
    columns = {"sentence_id": pa.array(ids[kept]), "words": string_lists([words[place] for place in kept])}
    return pa.table(columns, schema=SENTENCES.schema)


@step(SENTENCES)
def split_translation(job: Job, translation: MachineTranslation, config: ForwardReading) -> None:
    """Splits a translation into words, as a tagger reads them, and leaves out what is empty or in a wrong language."""
    about = job.metadata(translation)
    language = about["target_language"]
    accepts = language_filter(about["source_language"], language, config.language_filter, config.min_language_letters)
    split = seen_words(translation_splitter(language))
    left = 0

    def sentences() -> Iterator[pa.RecordBatch]:
        nonlocal left
        with job.progress("splitting", job.rows(translation), "sentences") as advance:
            for batch in job.batches(translation, columns=["sentence_id", "output"], rows=_SENTENCES_AT_A_TIME):
                ids, outputs = batch.column("sentence_id").to_numpy(), batch.column("output").to_pylist()
                table = split_outputs(ids, outputs, accepts, split)
                left += table.num_rows
                yield from table.to_batches()
                advance(batch.num_rows)

    job.write(sentences(), metadata={"language": language})
    if not left:
        raise InputError(
            f"forward translation: none of {job.rows(translation):,} outputs is a sentence in {language}; look at the "
            "translator's output, or set language_filter to off"
        )
