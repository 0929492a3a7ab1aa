"""Label translations by their sources: each entity stands where its words have links to."""

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field

from artifacts.catalog import ALIGNED_TRANSLATION, AnySentences, Labelled, Predictions, WordAlignment
from artifacts.errors import InputError
from artifacts.step import Job, step
from tasks.aligned.sentence_pairs import links_of
from tasks.aligned.spans import CODES, Placed, SpanPlacing, place_spans
from tasks.translation.projection.joined import joined
from tasks.words.columns import Column, flat_label_ids, flat_values, list_column, list_lengths, offsets_of, ranges
from tasks.words.labels import entity_types
from tasks.words.spans import Spans, entity_spans

_SENTENCES_AT_A_TIME = 16_384
UNTRANSLATED = {"untranslated": "the sentence has no translation, or one that could not be read"}
"""Why a sentence is dropped beside `tasks.aligned.spans.REASONS`."""
Incomplete = Literal["drop", "keep"]
_LETTER_OR_DIGIT = r"[\p{L}\p{N}]"


class LabelPlacing(SpanPlacing):
    """Where entities stand in translations, and what becomes of sentences in which one has no place."""

    incomplete: Literal["drop", "keep"] = Field(
        "drop",
        title="Incomplete sentences",
        description="Sentences of which an entity has no place. drop: they are left out, since an unlabelled name "
        "teaches the tagger to miss it; keep: its words are O.",
    )


def place_labels_of(rows: pa.Table, labels: Sequence[str], config: LabelPlacing) -> pa.Table:
    """Labelled translations.

    Args:
        rows: sentence_id, source_words, source_tags, target_words (empty without a translation), and source_links,
            target_links and similarities of `WORD_ALIGNMENT`.
        labels: IOB2 labels of the tags.
        config: the rules.

    Returns:
        A table of `ALIGNED_TRANSLATION`.
    """
    source_lengths, lengths = (list_lengths(rows[f"{side}_words"]) for side in ("source", "target"))
    untranslated = lengths == 0
    spans = entity_spans(flat_label_ids(rows["source_tags"], labels, "labelled sentences"), source_lengths, labels)
    wordlike = _wordlike(rows["source_words"]), _wordlike(rows["target_words"])
    placed = place_spans(spans, links_of(rows), *wordlike, config)
    entities = np.bincount(spans.rows, minlength=rows.num_rows)
    without = np.flatnonzero(placed.reasons)
    reason = np.full(rows.num_rows, "", dtype=object)
    if config.incomplete == "drop":
        sentences, first = np.unique(spans.rows[without], return_index=True)
        reason[sentences] = np.array(CODES, dtype=object)[placed.reasons[without[first]]]
    reason[untranslated] = "untranslated"
    tags = _tags(placed, spans, lengths, labels)
    shown = np.where(reason == "", lengths, 0)
    firsts = offsets_of(lengths)[:-1]
    begins = np.where(placed.starts >= 0, firsts[spans.rows], 0)
    columns = [
        *(rows[name] for name in ("sentence_id", "source_words", "source_tags")),
        rows["target_words"],
        list_column(shown, tags.take(pa.array(ranges(firsts, shown)))),
        *(list_column(entities, pa.array((at - begins).astype(np.int32))) for at in (placed.starts, placed.ends)),
        list_column(entities, pa.array(placed.shares, pa.float32())),
        list_column(entities, pa.array(placed.similarities, pa.float32(), from_pandas=True)),
        list_column(entities, pa.array(CODES, pa.string()).take(pa.array(placed.reasons))),
        pa.array(reason, pa.string()),
    ]
    return pa.Table.from_arrays(columns, schema=ALIGNED_TRANSLATION.schema)


@step(ALIGNED_TRANSLATION)
def place_labels(
    job: Job, data: Labelled | Predictions, translated: AnySentences, alignment: WordAlignment, config: LabelPlacing
) -> None:
    """Labels translations of labelled sentences.

    `translated` has the translations under the sentences' ids, `alignment` links the words of both.
    """
    about, target = job.metadata(data), job.metadata(translated)
    rows = _beside(job.table(data), job.table(translated, columns=["sentence_id", "words"]), job.table(alignment))
    parts = []
    with job.progress("placing labels", rows.num_rows, "sentences") as advance:
        for start in range(0, rows.num_rows, _SENTENCES_AT_A_TIME):
            parts.append(place_labels_of(rows.slice(start, _SENTENCES_AT_A_TIME), about["labels"], config))
            advance(parts[-1].num_rows)
    done = pa.concat_tables(parts) if parts else ALIGNED_TRANSLATION.schema.empty_table()
    translations = done.filter(pc.not_equal(done["reason"], "untranslated"))
    lost = _counts(flat_values(translations["reasons"]))
    entities = int(list_lengths(translations["reasons"]).sum())
    dropped = _counts(done["reason"])
    told = {"language": target["language"], "labels": about["labels"], "corpus": data.content}
    told |= {"kept": done.num_rows - sum(dropped.values()), "dropped": dropped}
    told |= {"entities": entities, "placed": entities - sum(lost.values()), "lost": lost}
    job.write(done, {**told, "untranslated": target.get("dropped", {})})


def placed_anew(
    before: pa.Table, spans: Spans, placed: Placed, reasons: np.ndarray, labels: Sequence[str], incomplete: Incomplete
) -> pa.Table:
    """Labelled translations whose entities have other places.

    Args:
        before: of `ALIGNED_TRANSLATION`.
        spans: E entities of the source sentences.
        placed: where they stand now; its numbers of reasons are not looked at.
        reasons: [E] str, why an entity has no place; "" if it has one.
        labels: IOB2 labels of the tags.
        incomplete: see `LabelPlacing`.

    Returns:
        A table of `ALIGNED_TRANSLATION`.
    """
    lengths = list_lengths(before["words"])
    entities = np.bincount(spans.rows, minlength=before.num_rows)
    reason = np.full(before.num_rows, "", dtype=object)
    if incomplete == "drop":
        without = np.flatnonzero(reasons)
        sentences, first = np.unique(spans.rows[without], return_index=True)
        reason[sentences] = reasons[without[first]]
    reason[lengths == 0] = "untranslated"
    shown = np.where(reason == "", lengths, 0)
    firsts = offsets_of(lengths)[:-1]
    begins = np.where(placed.starts >= 0, firsts[spans.rows], 0)
    columns = {
        **{name: before[name] for name in before.column_names},
        "tags": list_column(shown, _tags(placed, spans, lengths, labels).take(pa.array(ranges(firsts, shown)))),
        "starts": list_column(entities, pa.array((placed.starts - begins).astype(np.int32))),
        "ends": list_column(entities, pa.array((placed.ends - begins).astype(np.int32))),
        "shares": list_column(entities, pa.array(placed.shares, pa.float32(), from_pandas=True)),
        "similarities": list_column(entities, pa.array(placed.similarities, pa.float32(), from_pandas=True)),
        "reasons": list_column(entities, pa.array(reasons, pa.string())),
        "reason": pa.array(reason, pa.string()),
    }
    return pa.table(columns, schema=ALIGNED_TRANSLATION.schema)


def counted(done: pa.Table) -> dict[str, Any]:
    """What became of sentences and entities of an `ALIGNED_TRANSLATION`, as its metadata tell."""
    translations = done.filter(pc.not_equal(done["reason"], "untranslated"))
    lost, dropped = _counts(flat_values(translations["reasons"])), _counts(done["reason"])
    entities = int(list_lengths(translations["reasons"]).sum())
    return {
        "kept": done.num_rows - sum(dropped.values()),
        "dropped": dropped,
        "entities": entities,
        "placed": entities - sum(lost.values()),
        "lost": lost,
    }


def _beside(data: pa.Table, translated: pa.Table, alignment: pa.Table) -> pa.Table:
    """The rows of `place_labels_of`; the alignment must be of these very words.

    Raises:
        InputError: if it is not.
    """
    names = {"words": "source_words", "tags": "source_tags"}
    data = data.rename_columns([names.get(name, name) for name in data.column_names])
    names = {"pair_id": "sentence_id", "source_words": "aligned_words"}
    links = alignment.rename_columns([names.get(name, name) for name in alignment.column_names])
    rows = joined(joined(data, translated), links)
    there = pa.array(list_lengths(rows["target_words"]) > 0)
    if (
        pc.any(pc.invert(pc.is_in(links["sentence_id"], value_set=data["sentence_id"].combine_chunks()))).as_py()
        or rows["target_words"] != rows["words"]
        or rows["aligned_words"].filter(there) != rows["source_words"].filter(there)
    ):
        raise InputError(
            f"placing labels: the alignment has {alignment.num_rows:,} sentence pairs, and not the words of the "
            f"{data.num_rows:,} labelled sentences and their {translated.num_rows:,} translations; expected an "
            "alignment of both; align them again"
        )
    return rows


def _tags(placed: Placed, spans: Spans, lengths: np.ndarray, labels: Sequence[str]) -> pa.Array:
    """[T] a tag for each word of the translations."""
    ids = np.zeros(int(lengths.sum()), dtype=np.int64)
    which = placed.starts >= 0
    counts = placed.ends[which] - placed.starts[which]
    ids[ranges(placed.starts[which], counts)] = np.repeat(2 * spans.types[which] + 2, counts)
    ids[placed.starts[which]] -= 1
    names = ["O", *(f"{prefix}-{name}" for name in entity_types(labels) for prefix in "BI")]
    return pa.array(names, pa.string()).take(pa.array(ids))


def _wordlike(column: Column) -> np.ndarray:
    """[N] bool: whether a word has a letter or a digit; each distinct one is looked at once."""
    words = flat_values(column).dictionary_encode()
    found = pc.match_substring_regex(words.dictionary, _LETTER_OR_DIGIT).to_numpy(zero_copy_only=False).astype(bool)
    wordlike: np.ndarray = found[words.indices.to_numpy(zero_copy_only=False)]
    return wordlike


def _counts(reasons: Column) -> dict[str, int]:
    """How often each reason stands there, most frequent first; "" left out."""
    counted = [(row["values"], row["counts"]) for row in pc.value_counts(reasons).to_pylist() if row["values"]]
    return dict(sorted(counted, key=lambda pair: (-pair[1], pair[0])))
