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
def replace_marked(job: Job, pairs: MarkedPairs, keep_marked: bool) -> None:
    """Pairs with placeholders in place of marked spans, beside the plain ones; not in the paper.

    A translator that is trained here has seen neither SPAN0 nor anything else that it would carry over unchanged.

    Args:
        job: of the step.
        pairs: plain and marked ones.
        keep_marked: also keep the marked ones as they are, for spans that are translated inside their sentence.
    """
    table = job.table(pairs)
    is_marked = pc.greater(table["spans"], 0)
    marked = table.filter(is_marked)
    sides = [[replaced(text) for text in marked[name].to_pylist()] for name in ("source", "target")]
    columns = [marked["pair_id"], *(pa.array(side, pa.string()) for side in sides), marked["spans"]]
    made = pa.Table.from_arrays(columns, schema=MARKED_PAIRS.schema)
    both = pa.concat_tables([table if keep_marked else table.filter(pc.invert(is_marked)), made])
    about = job.metadata(pairs)
    counts = [count * (2 if spans and keep_marked else 1) for spans, count in enumerate(about["pairs_by_spans"])]
    job.write(both.sort_by("pair_id"), {**about, "pairs_by_spans": counts})
