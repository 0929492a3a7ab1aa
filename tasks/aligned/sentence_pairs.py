"""Sentences beside their translations, and the links between the words of both as a table."""

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from artifacts.catalog import WORD_ALIGNMENT
from artifacts.errors import InputError
from tasks.aligned.links import WordLinks
from tasks.words.columns import list_column, list_lengths, offsets_of


def sentence_pairs(source: pa.Table, target: pa.Table) -> pa.Table:
    """The sentences that have a translation, in their order.

    Args:
        source: sentence_id, words; of the sentences.
        target: the same of their translations, under the sentences' ids; in any order, some may be missing.

    Returns:
        A table of pair_id, source_words, target_words.

    Raises:
        InputError: if a translation has an id that no sentence has.
    """
    unknown = pc.is_null(pc.index_in(target["sentence_id"], value_set=source["sentence_id"].combine_chunks()))
    if pc.any(unknown).as_py():
        first = target["sentence_id"].filter(unknown)[0].as_py()
        raise InputError(
            f"word alignment: there is a translation of sentence {first}, which is not among the {source.num_rows:,} "
            "sentences; expected translations of these very sentences"
        )
    places = pc.index_in(source["sentence_id"], value_set=target["sentence_id"].combine_chunks())
    kept = source.filter(pc.is_valid(places))
    columns = [kept["sentence_id"], kept["words"], target["words"].take(places.drop_null())]
    return pa.table(columns, names=["pair_id", "source_words", "target_words"])


def alignment_table(pairs: pa.Table, links: WordLinks) -> pa.Table:
    """A table of `WORD_ALIGNMENT`.

    Args:
        pairs: of `sentence_pairs`.
        links: between their words.
    """
    lengths = [list_lengths(pairs[f"{side}_words"]) for side in ("source", "target")]
    row = np.repeat(np.arange(pairs.num_rows), lengths[0])[links.source]
    counts = np.bincount(row, minlength=pairs.num_rows)
    sides = [
        pa.array((words - offsets_of(of)[row]).astype(np.int32))
        for words, of in zip((links.source, links.target), lengths, strict=True)
    ]
    columns = [*sides, pa.array(links.similarities, pa.float32(), from_pandas=True)]
    return pa.Table.from_arrays(
        [*pairs.columns, *(list_column(counts, column) for column in columns)], schema=WORD_ALIGNMENT.schema
    )


def links_of(alignment: pa.Table) -> WordLinks:
    """The links of a `WORD_ALIGNMENT` table, words counted over all its pairs."""
    counts = list_lengths(alignment["source_links"])
    sides = []
    for side in ("source", "target"):
        firsts = offsets_of(list_lengths(alignment[f"{side}_words"]))[:-1]
        sides.append(_flat(alignment[f"{side}_links"]).astype(np.int64) + np.repeat(firsts, counts))
    source, target = sides
    return WordLinks(source, target, _flat(alignment["similarities"]).astype(np.float32))


def languages_of(source: dict[str, Any], target: dict[str, Any]) -> dict[str, str]:
    """What an alignment says of its sides, by the metadata of both."""
    return {"source_language": source["language"], "target_language": target["language"]}


def _flat(column: pa.ChunkedArray) -> np.ndarray:
    """[L] the values of a list column; NaN for null."""
    values = pc.list_flatten(column)
    return values.to_numpy() if isinstance(values, pa.ChunkedArray) else values.to_numpy(zero_copy_only=False)
