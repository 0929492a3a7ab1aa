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
                columns = [ids, *(batch.column(name) for name in TRAINING_SET.schema.names[1:])]
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
    """A part's words, tags, language and origin; batches may be empty."""
    if part.kind == TRAINING_SET.name:
        yield from job.batches(part, columns=[*_COLUMNS, "language", "origin"])
        return
    extra = ["reason"] if part.kind == PROJECTION.name else []
    for batch in job.batches(part, columns=[*_COLUMNS, *extra]):
        if extra:
            batch = batch.filter(pc.equal(batch.column("reason"), ""))
        about = [pa.repeat(pa.scalar(value), batch.num_rows) for value in (metadata["language"], _ORIGINS[part.kind])]
        columns = [*(batch.column(name) for name in _COLUMNS), *about]
        yield pa.RecordBatch.from_arrays(columns, names=[*_COLUMNS, "language", "origin"])
