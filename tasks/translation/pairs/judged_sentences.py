"""The labelled sentences whose markers are judged after translation (CROP, Table 6: 250 of each language)."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from artifacts.catalog import LABELLED, Labelled
from artifacts.errors import InputError
from artifacts.step import Job, step
from tasks.words.columns import flat_values, list_lengths


@step(LABELLED)
def draw_with_entities(job: Job, data: Labelled, most: int, seed: int) -> None:
    """At most so many sentences that have an entity, each as likely as any other, in their order."""
    table = job.table(data)
    lengths = list_lengths(table["tags"])
    rows = np.repeat(np.arange(len(lengths)), lengths)
    tagged = pc.not_equal(flat_values(table["tags"]), "O").to_numpy(zero_copy_only=False)
    candidates = np.unique(rows[tagged])
    if not len(candidates):
        raise InputError(
            f"marker quality: none of {table.num_rows:,} source development sentences has an entity, expected some to "
            "mark; give other sentences as source.dev, or set marker_quality: off"
        )
    drawn = np.sort(np.random.default_rng(seed).permutation(candidates)[:most])
    job.write(table.take(pa.array(drawn)), metadata=job.metadata(data))
