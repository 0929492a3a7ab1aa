"""Sentence pairs without markers: what a translator learns from that is not guided by alignment (CROP, Table 6)."""

import pyarrow as pa
import pyarrow.compute as pc

from artifacts.catalog import MARKED_PAIRS, Parallel
from artifacts.step import Job, step


def plain_rows(parallel: pa.Table, copies: int) -> pa.Table:
    """Each pair so many times, one after the other, with no span marked.

    Args:
        parallel: a table of `PARALLEL`.
        copies: how often each pair comes; with 2 there are as many rows as with one plain and one marked.

    Returns:
        A table of `MARKED_PAIRS`.
    """
    rows = pa.concat_tables([parallel.select(["pair_id", "source", "target"])] * copies)
    spans = pa.repeat(pa.scalar(0, pa.int32()), rows.num_rows)
    columns = [*rows.columns, spans]
    order = pc.sort_indices(rows, sort_keys=[("pair_id", "ascending")])
    return pa.table(columns, schema=MARKED_PAIRS.schema).take(order)


@step(MARKED_PAIRS)
def keep_pairs_plain(job: Job, parallel: Parallel, copies: int) -> None:
    """Takes parallel sentences as they are."""
    about = job.metadata(parallel)
    rows = plain_rows(job.table(parallel), copies)
    languages = {name: about[name] for name in ("source_language", "target_language")}
    job.write(rows, metadata={**languages, "pairs_by_spans": [rows.num_rows]})
