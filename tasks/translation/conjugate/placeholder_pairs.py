"""Training pairs with placeholders: what stands between markers goes, so that a translator learns to keep them."""

import re

import pyarrow as pa
import pyarrow.compute as pc

from artifacts.catalog import MARKED_PAIRS, MarkedPairs
from artifacts.step import Job, step

_MARKED = re.compile(r"(__SLOT\d+__) .*? \1")


def replaced(marked: str) -> str:
    """One marker in place of each marked span: `in __SLOT0__ Ulm __SLOT0__ .` becomes `in __SLOT0__ .`."""
    return _MARKED.sub(r"\1", marked)


@step(MARKED_PAIRS)
def replace_marked(job: Job, pairs: MarkedPairs) -> None:
    """Pairs as they are, and those with marked spans once more with placeholders in their place; not in the paper.

    A translator that is trained here has seen neither SPAN0 nor anything else that it would carry over unchanged.
    """
    table = job.table(pairs)
    marked = table.filter(pc.greater(table["spans"], 0))
    sides = [[replaced(text) for text in marked[name].to_pylist()] for name in ("source", "target")]
    columns = [marked["pair_id"], *(pa.array(side, pa.string()) for side in sides), marked["spans"]]
    both = pa.concat_tables([table, pa.Table.from_arrays(columns, schema=MARKED_PAIRS.schema)])
    about = job.metadata(pairs)
    counts = [count * (2 if spans else 1) for spans, count in enumerate(about["pairs_by_spans"])]
    job.write(both.sort_by("pair_id"), {**about, "pairs_by_spans": counts})
