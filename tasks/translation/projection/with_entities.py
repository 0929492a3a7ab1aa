"""The tagged sentences that have something to carry back: those with an entity (CROP, 3.4)."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from artifacts.catalog import PREDICTIONS, Predictions
from artifacts.step import Job, step
from tasks.words.columns import Column, flat_values, list_lengths


def have_entities(tags: Column) -> np.ndarray:
    """[M] bool: whether the sentence has an entity: one that begins, as in strict IOB2."""
    lengths = list_lengths(tags)
    rows = np.repeat(np.arange(len(lengths)), lengths)
    begins = pc.starts_with(flat_values(tags), "B-").to_numpy(zero_copy_only=False)
    return np.bincount(rows[begins], minlength=len(lengths)) > 0


@step(PREDICTIONS)
def keep_with_entities(job: Job, tagged: Predictions) -> None:
    """Leaves out sentences of O alone: there is nothing to translate back."""
    about = job.metadata(tagged)
    batches = job.batches(tagged)
    kept = (batch.filter(pa.array(have_entities(batch["tags"]))) for batch in batches)
    job.write(kept, metadata={"language": about["language"], "labels": about["labels"]})
