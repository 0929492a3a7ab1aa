"""The tagged sentences that have something to carry back: those with an entity (CROP, 3.4)."""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from artifacts.catalog import PREDICTIONS, Predictions
from artifacts.errors import InputError
from artifacts.step import Job, step
from tasks.words.columns import Column, flat_values, list_lengths


def have_entities(tags: Column) -> np.ndarray:
    """[M] bool: whether a word of the sentence has another tag than O."""
    lengths = list_lengths(tags)
    rows = np.repeat(np.arange(len(lengths)), lengths)
    tagged = pc.not_equal(flat_values(tags), "O").to_numpy(zero_copy_only=False)
    return np.bincount(rows[tagged], minlength=len(lengths)) > 0


@step(PREDICTIONS)
def keep_with_entities(job: Job, tagged: Predictions) -> None:
    """Leaves out sentences of O alone: there is nothing to translate back."""
    about = job.metadata(tagged)
    kept = 0

    def sentences() -> Iterator[pa.RecordBatch]:
        nonlocal kept
        for batch in job.batches(tagged):
            found = batch.filter(pa.array(have_entities(batch["tags"])))
            kept += found.num_rows
            yield found

    job.write(sentences(), metadata={"language": about["language"], "labels": about["labels"]})
    if not kept:
        raise InputError(
            f"projection: the source tagger found no entity in any of {job.rows(tagged):,} forward translations, "
            "expected some to carry back; look at the translations, and at the tagger's scores"
        )
