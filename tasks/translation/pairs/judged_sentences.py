"""The labelled sentences whose markers are judged after translation (CROP, Table 6: 250 of each language)."""

import numpy as np
import pyarrow as pa

from artifacts.catalog import LABELLED, Labelled
from artifacts.errors import InputError
from artifacts.step import Job, step
from tasks.translation.projection.with_entities import have_entities


@step(LABELLED)
def draw_with_entities(job: Job, data: Labelled, most: int, seed: int) -> None:
    """At most so many sentences that have an entity, each as likely as any other, in their order."""
    table = job.table(data)
    candidates = np.flatnonzero(have_entities(table["tags"]))
    if not len(candidates):
        raise InputError(
            f"marker quality: none of {table.num_rows:,} source development sentences has an entity, expected some to "
            "mark; give other sentences as source.dev, or set marker_quality: off"
        )
    drawn = np.sort(np.random.default_rng(seed).permutation(candidates)[:most])
    job.write(table.take(pa.array(drawn)), metadata=job.metadata(data))
