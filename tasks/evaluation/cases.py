"""Sentences of a translation whose labels the taggers do not share (CoLaDa, Figure 8)."""

from typing import Any

import numpy as np
import pyarrow as pa

from artifacts.catalog import CASES, Predictions, Translation
from artifacts.step import Job, step
from tasks.words.agreement import check_same_sentences, which_sentences


def differing(translation: pa.Table, translate_train: pa.Table, method: pa.Table) -> tuple[pa.Table, dict[str, int]]:
    """The sentences whose three labellings are not all the same, and how much of the translation's labels each kept.

    Args:
        translation: a `TRANSLATION` table, with the labels as they were projected or copied.
        translate_train: a `PREDICTIONS` table of the same sentences, of the tagger trained on those labels (M_trans^0).
        method: the same of the method's last tagger of the translation (M_trans^T).

    Returns:
        A `CASES` table, and counts: sentences; cases; words; words that each tagger labels otherwise.

    Raises:
        InputError: if the tables are not about the same sentences.
    """
    sentences = which_sentences(translation, "words")
    for table, name in ((translate_train, "translate-train's labels"), (method, "the method's labels")):
        check_same_sentences(sentences, which_sentences(table, "words"), f"translation and {name}")
    given, first, last = (_flat(table["tags"]) for table in (translation, translate_train, method))
    other_first, other_last = given != first, given != last
    ids, lengths = sentences
    sentence_of_word = np.repeat(np.arange(len(ids)), lengths)
    rows = np.unique(sentence_of_word[other_first | other_last])
    changed = {"by_translate_train": int(other_first.sum()), "by_method": int(other_last.sum())}
    columns = [translation[name] for name in ("sentence_id", "source_words", "words", "tags")]
    columns += [translate_train["tags"], method["tags"]]
    cases = pa.Table.from_arrays([column.take(pa.array(rows)) for column in columns], schema=CASES.schema)
    return cases, {"sentences": len(ids), "cases": len(rows), "words": int(lengths.sum()), **changed}


def _flat(tags: pa.ChunkedArray) -> np.ndarray:
    return tags.combine_chunks().flatten().to_numpy(zero_copy_only=False)


@step(CASES)
def compare_cases(job: Job, translation: Translation, translate_train: Predictions, method: Predictions) -> None:
    """Puts the labels of a translation beside what two taggers say of it, where the three are not the same."""
    cases, counts = differing(job.table(translation), job.table(translate_train), job.table(method))
    metadata: dict[str, Any] = {"language": job.metadata(translation)["language"], **counts}
    job.write(cases, metadata=metadata)
