"""One training set out of several (CROP, Eq. 9: source and all targets; UniTrans' data combination)."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from artifacts.catalog import LABELLED, PROJECTION, TRAINING_SET, TRANSLATION, TrainingPart
from artifacts.errors import InputError
from artifacts.reference import Reference
from artifacts.step import Job, step
from tasks.denoising.settling import PROJECTED
from tasks.words.agreement import check_same_labels

# Where the labels of a part come from that has no column `origin` of its own that says it per sentence.
_ORIGINS = {LABELLED.name: "labelled", TRANSLATION.name: "translation", PROJECTION.name: PROJECTED}
_COLUMNS = ["words", "tags"]
_ABOUT = ["language", "origin", "corpus", "source_sentence_id"]
# What else is read of a part.
_MORE = {
    LABELLED.name: ["sentence_id"],
    TRANSLATION.name: ["corpus", "source_sentence_id"],
    PROJECTION.name: ["sentence_id", "reason"],
    TRAINING_SET.name: _ABOUT,
}


@step(TRAINING_SET)
def training_set(job: Job, parts: tuple[TrainingPart, ...]) -> None:
    """Puts labelled sentences one after another; of projections those that were kept."""
    if not parts:
        raise InputError("training set: no part is given; expected labelled sentences, translations or projections")
    about = [job.metadata(part) for part in parts]
    names = [
        f"part {n} ({part.kind}, {m['language']})" for n, (part, m) in enumerate(zip(parts, about, strict=True), 1)
    ]
    for name, metadata in zip(names[1:], about[1:], strict=True):
        check_same_labels(about[0]["labels"], metadata["labels"], names[0], name)
    counts: dict[str, dict[str, int]] = {}
    for part, metadata in zip(parts, about, strict=True):
        for language, origins in _sentences(part, metadata, job.rows(part)).items():
            mine = counts.setdefault(language, {})
            for origin, count in origins.items():
                mine[origin] = mine.get(origin, 0) + count

    def rows() -> Iterator[pa.RecordBatch]:
        number = 0
        for part, metadata in zip(parts, about, strict=True):
            for batch in _batches(job, part, metadata):
                ids = pa.array(np.arange(number, number + batch.num_rows))
                columns = [ids, *(batch[name] for name in TRAINING_SET.schema.names[1:])]
                yield pa.RecordBatch.from_arrays(columns, schema=TRAINING_SET.schema)
                number += batch.num_rows

    metadata = {"language": "+".join(counts), "labels": about[0]["labels"], "sentences": counts}
    job.write(rows(), metadata)


def _sentences(part: Reference, metadata: dict[str, Any], rows: int) -> dict[str, dict[str, int]]:
    """Number of sentences by language and origin that a part contributes."""
    if part.kind == TRAINING_SET.name:
        sentences: dict[str, dict[str, int]] = metadata["sentences"]
        return sentences
    count = metadata["kept"] if part.kind == PROJECTION.name else rows
    return {metadata["language"]: {_ORIGINS[part.kind]: count}}


def _batches(job: Job, part: Reference, metadata: dict[str, Any]) -> Iterator[pa.RecordBatch]:
    """A part's words, tags, and what is said about each sentence; batches may be empty."""
    for batch in job.batches(part, columns=[*_COLUMNS, *_MORE[part.kind]]):
        if part.kind == TRAINING_SET.name:
            yield batch
            continue
        if part.kind == PROJECTION.name:
            batch = batch.filter(pc.equal(batch["reason"], ""))
        about = [pa.repeat(pa.scalar(value), batch.num_rows) for value in (metadata["language"], _ORIGINS[part.kind])]
        columns = [*(batch[name] for name in _COLUMNS), *about, *_came_from(part, metadata, batch)]
        yield pa.RecordBatch.from_arrays(columns, names=[*_COLUMNS, *_ABOUT])


def _came_from(part: Reference, metadata: dict[str, Any], batch: pa.RecordBatch) -> list[pa.Array]:
    """Corpus and sentence id of each row. A corpus is its own; what was made of another says of which."""
    if part.kind == TRANSLATION.name:
        return [batch["corpus"], batch["source_sentence_id"]]
    corpus = metadata["corpus"] if part.kind == PROJECTION.name else part.content
    return [pa.repeat(pa.scalar(corpus), batch.num_rows), batch["sentence_id"]]
