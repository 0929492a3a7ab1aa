"""A random part of a training set: F1 by amount of projected data (CROP, Figure 5 and Table 7)."""

import numpy as np
import pyarrow as pa

from artifacts.catalog import TRAINING_SET, TrainingSet
from artifacts.step import Job, step
from tasks.denoising.settle_labels import origin_counts


def drawn_rows(rows: int, most: int, seed: int) -> np.ndarray:
    """Row numbers of a random part, ascending.

    A smaller part lies inside a larger one of the same seed, so that a curve over sizes shows what more data adds.

    Args:
        rows: how many there are.
        most: how many to draw; all if there are not more.
        seed: of the draw.
    """
    return np.sort(np.random.default_rng(seed).permutation(rows)[:most])


@step(TRAINING_SET)
def sample_sentences(job: Job, data: TrainingSet, most: int, seed: int) -> None:
    """Draws at most so many sentences of a training set, each as likely as any other."""
    about = job.metadata(data)
    table = job.table(data).take(pa.array(drawn_rows(job.rows(data), most, seed)))
    table = table.set_column(0, TRAINING_SET.schema.field(0), pa.array(np.arange(table.num_rows)))
    languages = np.array(table["language"].to_pylist(), dtype=object)
    origins = np.array(table["origin"].to_pylist(), dtype=object)
    counts = {name: origin_counts(origins[languages == name]) for name in about["sentences"]}
    job.write(table, {"language": about["language"], "labels": about["labels"], "sentences": counts})
