"""Training pairs for alignment-free translation: sentences with placeholders, and spans by themselves."""

import re

import pyarrow as pa
import pyarrow.compute as pc

from artifacts.catalog import MARKED_PAIRS, MarkedPairs
from artifacts.step import Job, step

_MARKED = re.compile(r"(__SLOT\d+__) (.*?) \1")


def replaced(marked: str) -> str:
    """One marker in place of each marked span: `in __SLOT0__ Ulm __SLOT0__ .` becomes `in __SLOT0__ .`."""
    return _MARKED.sub(r"\1", marked)


def marked_spans(source: str, target: str) -> list[tuple[str, str]]:
    """What stands between the markers of each number on both sides of a pair."""
    sides = ({found[1]: found[2] for found in _MARKED.finditer(side)} for side in (source, target))
    one, other = sides
    return [(text, other[marker]) for marker, text in one.items() if marker in other]


def placeholder_rows(pairs: pa.Table, keep_marked: bool) -> pa.Table:
    """The rows of `replace_marked`: of each pair those without placeholders first, spans by themselves last.

    Args:
        pairs: a table of `MARKED_PAIRS`.
        keep_marked: whether marked ones stay as they are, too.
    """
    is_marked = pc.greater(pairs["spans"], 0)
    marked = pairs.filter(is_marked)
    ids, spans, *sides = (marked[name].to_pylist() for name in ("pair_id", "spans", "source", "target"))
    sentences = zip(ids, *([replaced(text) for text in side] for side in sides), spans, strict=True)
    alone = {
        pair: pair_id
        for pair_id, source, target in reversed(list(zip(ids, *sides, strict=True)))
        for pair in marked_spans(source, target)
    }
    rows = [*sentences, *sorted((pair_id, *pair, 0) for pair, pair_id in alone.items())]
    schema = MARKED_PAIRS.schema
    columns = [list(column) for column in zip(*rows, strict=True)] or [[]] * len(schema)
    made = pa.table(dict(zip(schema.names, columns, strict=True)), schema=schema)
    return pa.concat_tables([pairs if keep_marked else pairs.filter(pc.invert(is_marked)), made]).sort_by("pair_id")


@step(MARKED_PAIRS)
def replace_marked(job: Job, pairs: MarkedPairs, keep_marked: bool) -> None:
    """Plain pairs, pairs with placeholders in place of marked spans, and each such span by itself; not in the paper.

    A translator that is trained here would have seen neither a placeholder nor a span that is no sentence: it makes
    whole sentences of names.

    Args:
        job: of the step.
        pairs: plain and marked ones.
        keep_marked: also keep the marked ones as they are, for spans that are translated inside their sentence.
    """
    about = job.metadata(pairs)
    rows = placeholder_rows(job.table(pairs), keep_marked)
    counts = {row["values"]: row["counts"] for row in pc.value_counts(rows["spans"]).to_pylist()}
    job.write(rows, {**about, "pairs_by_spans": [counts.get(spans, 0) for spans in range(max(counts, default=-1) + 1)]})
