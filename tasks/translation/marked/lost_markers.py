"""The labelled sentences that came back without all their markers, to be labelled in another way."""

import pyarrow as pa
import pyarrow.compute as pc

from artifacts.catalog import LABELLED, Labelled, MarkedTranslation
from artifacts.step import Job, step

LOST = (
    "too_many_entities",
    "marker_broken",
    "marker_invented",
    "marker_doubled",
    "marker_lost",
    "markers_crossed",
    "markers_nested",
    "empty_entity",
    "entity_unmatched",
    "entity_ambiguous",
)
"""Of `markers.REASONS` those that say something of markers, and nothing of the translation."""


@step(LABELLED)
def keep_lost(job: Job, data: Labelled, marked: MarkedTranslation) -> None:
    """Those of `data` whose markers went wrong in their translation, under their ids."""
    rows = job.table(marked, columns=["sentence_id", "reason"])
    lost = rows["sentence_id"].filter(pc.is_in(rows["reason"], value_set=pa.array(LOST)))
    table = job.table(data)
    about = job.metadata(data)
    kept = table.filter(pc.is_in(table["sentence_id"], value_set=lost.combine_chunks()))
    job.write(kept, metadata={"language": about["language"], "labels": about["labels"]})
