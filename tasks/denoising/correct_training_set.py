"""Put what people say of raw sentences in the place of what was projected into them, or of nothing."""

from collections import Counter
from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from artifacts.catalog import TRAINING_SET, Corrections, TrainingSet
from artifacts.step import Job, step
from tasks.words.agreement import check_same_labels

CORRECTED = "corrected"
"""The origin of a sentence that people labelled."""


@step(TRAINING_SET)
def correct_training_set(job: Job, data: TrainingSet, corrections: tuple[Corrections, ...]) -> None:
    """Adds the corrected sentences, those that were dropped too, and leaves out what others said of them."""
    about = job.metadata(data)
    origins = job.table(data, columns=["language", "origin", "corpus", "source_sentence_id"])
    kept = np.ones(len(origins), dtype=bool)
    added: list[pa.RecordBatch] = []
    for given in corrections:
        of = job.metadata(given)
        check_same_labels(about["labels"], of["labels"], "labelled sentences", "corrections")
        said = job.table(given, columns=["sentence_id", "words", "tags"])
        here = pc.and_(
            pc.equal(origins["corpus"], of["corpus"]), pc.is_in(origins["source_sentence_id"], said["sentence_id"])
        )
        kept &= ~here.to_numpy()
        names = [pa.repeat(pa.scalar(value), len(said)) for value in (of["language"], CORRECTED, of["corpus"])]
        columns = [said["sentence_id"], said["words"], said["tags"], *names, said["sentence_id"]]
        added += pa.table(columns, schema=TRAINING_SET.schema).to_batches()
    counts: dict[str, Counter[str]] = {}
    rest = origins.filter(pa.array(kept)).select(["language", "origin"])
    for part in (rest, *(pa.table(batch).select(["language", "origin"]) for batch in added)):
        for row in part.group_by(["language", "origin"]).aggregate([([], "count_all")]).to_pylist():
            counts.setdefault(row["language"], Counter())[row["origin"]] += row["count_all"]

    def rows() -> Iterator[pa.RecordBatch]:
        seen = number = 0
        for batch in job.batches(data):
            part = batch.filter(pa.array(kept[seen : seen + batch.num_rows]))
            seen += batch.num_rows
            yield _numbered(part, number)
            number += part.num_rows
        for batch in added:
            yield _numbered(batch, number)
            number += batch.num_rows

    sentences = {language: dict(sorted(origin.items())) for language, origin in counts.items()}
    job.write(rows(), {"language": "+".join(counts), "labels": about["labels"], "sentences": sentences})


def _numbered(batch: pa.RecordBatch, first: int) -> pa.RecordBatch:
    """The rows with ids from `first` on."""
    ids = pa.array(np.arange(first, first + batch.num_rows))
    return pa.RecordBatch.from_arrays([ids, *batch.columns[1:]], schema=TRAINING_SET.schema)
