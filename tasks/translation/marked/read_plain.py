"""Read plain translations as sentences; leave out what went wrong."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import pyarrow as pa

from artifacts.catalog import SENTENCES, MachineTranslation
from artifacts.step import Job, step
from tasks.corpus.tables import string_lists
from tasks.corpus.text import seen_words, translation_splitter
from tasks.translation.marked.language import language_filter
from tasks.translation.marked.read_markers import MarkerReading, repeats

_SENTENCES_AT_A_TIME = 4096


def read_plain_output(
    output: str, split: Callable[[str], list[str]], accepts: Callable[[str], bool], config: MarkerReading
) -> tuple[Sequence[str], str]:
    """Words of a translation and ""; or no words and the first of `markers.REASONS` that holds.

    Args:
        output: what the translator gave back.
        split: from `tasks.corpus.text.translation_splitter`.
        accepts: from `tasks.translation.marked.language.language_filter`.
        config: what is too long and what a repetition is.
    """
    words = split(output)
    if not words:
        return (), "no_output"
    if repeats(words, config):
        return (), "repetition"
    if len(words) > config.max_length_words:
        return (), "too_long"
    return (words, "") if accepts(output) else ((), "wrong_language")


@step(SENTENCES)
def read_plain(job: Job, translation: MachineTranslation, config: MarkerReading) -> None:
    """Splits translations into words, under the ids of the sentences they are of; bad ones have no row, and a count."""
    about = job.metadata(translation)
    language = about["target_language"]
    accepts = language_filter(about["source_language"], language, config.language_filter, config.min_language_letters)
    split = seen_words(translation_splitter(language))
    reasons: Counter[str] = Counter()

    def sentences() -> Iterator[pa.RecordBatch]:
        with job.progress("reading translations", job.rows(translation), "sentences") as advance:
            for batch in job.batches(translation, columns=["sentence_id", "output"], rows=_SENTENCES_AT_A_TIME):
                read = [read_plain_output(output, split, accepts, config) for output in batch["output"].to_pylist()]
                reasons.update(reason for _, reason in read)
                kept = np.array([not reason for _, reason in read], dtype=bool)
                ids = batch["sentence_id"].filter(pa.array(kept))
                words = string_lists([list(words) for words, reason in read if not reason])
                yield pa.record_batch([ids, words], schema=SENTENCES.schema)
                advance(batch.num_rows)

    rows = pa.Table.from_batches(sentences(), schema=SENTENCES.schema)
    dropped = {reason: count for reason, count in sorted(reasons.items()) if reason}
    job.write(rows, metadata={"language": language, "dropped": dropped})
    job.note(kept=rows.num_rows)
