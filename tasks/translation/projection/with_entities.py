"""The tagged sentences that have something to carry back: those with an entity (CROP, 3.4)."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from artifacts.catalog import PREDICTIONS, Predictions
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
    batches = job.batches(tagged)
    kept = (batch.filter(pa.array(have_entities(batch["tags"]))) for batch in batches)
    job.write(kept, metadata={"language": about["language"], "labels": about["labels"]})
