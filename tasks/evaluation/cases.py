"""Sentences of a translation whose labels the taggers do not share (CoLaDa, Figure 8)."""

from typing import Any

import pyarrow as pa

from artifacts.catalog import CASES, Predictions, Translation
from artifacts.step import Job, step
from tasks.words.agreement import check_same_sentences
from tasks.words.columns import list_lengths


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
    ids, lengths = translation["sentence_id"].to_numpy(), list_lengths(translation["words"])
    for table, name in ((translate_train, "translate-train's labels"), (method, "the method's labels")):
        others = table["sentence_id"].to_numpy(), list_lengths(table["words"])
        check_same_sentences(ids, lengths, *others, f"translation and {name}")
    given, first, last = (table["tags"].to_pylist() for table in (translation, translate_train, method))
    rows: list[int] = []
    changed = {"by_translate_train": 0, "by_method": 0}
    for row, (tags, baseline, ours) in enumerate(zip(given, first, last, strict=True)):
        changed["by_translate_train"] += sum(a != b for a, b in zip(tags, baseline, strict=True))
        changed["by_method"] += sum(a != b for a, b in zip(tags, ours, strict=True))
        if not tags == baseline == ours:
            rows.append(row)
    columns = [translation[name] for name in ("sentence_id", "source_words", "words", "tags")]
    columns += [translate_train["tags"], method["tags"]]
    cases = pa.Table.from_arrays([column.take(pa.array(rows, pa.int64())) for column in columns], schema=CASES.schema)
    return cases, {"sentences": len(ids), "cases": len(rows), "words": int(lengths.sum()), **changed}


@step(CASES)
def compare_cases(job: Job, translation: Translation, translate_train: Predictions, method: Predictions) -> None:
    """Puts the labels of a translation beside what two taggers say of it, where the three are not the same."""
    cases, counts = differing(job.table(translation), job.table(translate_train), job.table(method))
    metadata: dict[str, Any] = {"language": job.metadata(translation)["language"], **counts}
    job.write(cases, metadata=metadata)
