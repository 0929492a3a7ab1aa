"""Draw some pairs of a parallel text that has more than are wanted."""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from artifacts.catalog import PARALLEL, Parallel
from artifacts.step import Job, step


def drawn(rows: int, most: int, seed: int) -> np.ndarray:
    """Which rows are drawn: at most so many, each as likely as any other; all if there are no more.

    Returns:
        [rows] bool.
    """
    chosen = np.zeros(rows, dtype=bool)
    chosen[np.random.default_rng(seed).permutation(rows)[:most]] = True
    return chosen


@step(PARALLEL)
def draw_pairs(job: Job, parallel: Parallel, most: int, seed: int) -> None:
    """Keep at most so many pairs, drawn at random, in their order and with their ids."""
    chosen = drawn(job.rows(parallel), most, seed)

    def kept() -> Iterator[pa.RecordBatch]:
        first = 0
        for batch in job.batches(parallel):
            yield batch.filter(pa.array(chosen[first : first + batch.num_rows]))
            first += batch.num_rows

    job.write(kept(), job.metadata(parallel))
