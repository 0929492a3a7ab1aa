"""Soft labels of spans as a table, and back: rows in the order of words, at each word the shorter span first."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from artifacts.catalog import SPAN_LABELS, SpanLabels
from artifacts.errors import InputError
from artifacts.step import Job
from tasks.tagging.span_grid import window_cells
from tasks.tagging.windows import Windows
from tasks.words.columns import flat_numbers, flat_values, list_column, list_lengths, offsets_of

_ROWS_AT_A_TIME = 65_536


def span_rows(
    ids: np.ndarray,
    words: pa.Array,
    cells: np.ndarray,
    probabilities: np.ndarray,
    classes: Sequence[str],
    decisions: np.ndarray | None = None,
) -> pa.RecordBatch:
    """The rows of some sentences' spans.

    Args:
        ids: [M] of the sentences.
        words: [M] their words.
        cells: [N, L] bool, which spans there are; words of all sentences one after another.
        probabilities: [S, K] of these spans.
        classes: K names.
        decisions: [S, K] u; None: none were made.
    """
    counts = list_lengths(words)
    sentence = np.repeat(np.arange(len(counts)), counts)
    firsts, places = np.nonzero(cells)
    starts = firsts - offsets_of(counts)[sentence[firsts]]
    best = probabilities.argmax(axis=1)
    width = np.full(len(firsts), len(classes))
    moved = pa.nulls(len(firsts), SPAN_LABELS.schema.field("decision").type)
    columns = [
        pa.array(ids[sentence[firsts]]),
        pa.array(starts.astype(np.int32)),
        pa.array((starts + places + 1).astype(np.int32)),
        _texts(flat_values(words), firsts, places, cells.shape[1]),
        pa.array(classes, pa.string()).take(pa.array(best)),
        pa.array(probabilities[np.arange(len(best)), best].astype(np.float32)),
        list_column(width, pa.array(probabilities.astype(np.float32).reshape(-1))),
        moved if decisions is None else list_column(width, pa.array(decisions.astype(np.float32).reshape(-1))),
    ]
    return pa.RecordBatch.from_arrays(columns, schema=SPAN_LABELS.schema)


def _texts(words: pa.Array, firsts: np.ndarray, places: np.ndarray, most_words: int) -> pa.Array:
    """[S] the words of each span with spaces between them."""
    parts, order = [], []
    for place in range(most_words):
        rows = np.flatnonzero(places == place)
        joined = [words.take(pa.array(firsts[rows] + step)) for step in range(place + 1)]
        parts.append(joined[0] if place == 0 else pc.binary_join_element_wise(*joined, " "))
        order.append(rows)
    where = np.argsort(np.concatenate(order), kind="stable")
    return pa.concat_arrays([part.cast(pa.string()) for part in parts]).take(pa.array(where))


@dataclass(frozen=True)
class SpanTable:
    """Soft labels of the spans of a text.

    classes        K names, O first
    sentence_ids   [S] of each span
    starts         [S] first word in its sentence
    lengths        [S] words
    probabilities  [S, K] float32
    """

    classes: list[str]
    sentence_ids: np.ndarray
    starts: np.ndarray
    lengths: np.ndarray
    probabilities: np.ndarray


def read_span_labels(job: Job, labels: SpanLabels) -> SpanTable:
    """All soft labels of a text, read in pieces.

    Raises:
        InputError: if a span has another number of probabilities than there are classes.
    """
    classes: list[str] = job.metadata(labels)["classes"]
    total = job.rows(labels)
    ids, starts, lengths = (np.empty(total, dtype=np.int64) for _ in range(3))
    probabilities = np.empty((total, len(classes)), dtype=np.float32)
    done = 0
    for batch in job.batches(labels, ["sentence_id", "start", "end", "probabilities"], rows=_ROWS_AT_A_TIME):
        part = slice(done, done + batch.num_rows)
        ids[part], starts[part] = batch["sentence_id"].to_numpy(), batch["start"].to_numpy()
        lengths[part] = batch["end"].to_numpy() - starts[part]
        if (list_lengths(batch["probabilities"]) != len(classes)).any():
            raise InputError(f"span labels: a span has not one probability for each of {', '.join(classes)}")
        probabilities[part] = flat_numbers(batch["probabilities"]).reshape(-1, len(classes))
        done += batch.num_rows
    return SpanTable(classes, ids, starts, lengths, probabilities)


def check_same_spans(table: SpanTable, sentence_ids: np.ndarray, windows: Windows, most_words: int) -> np.ndarray:
    """Checks that soft labels are of the very spans that a tagger sees in a text, in their order.

    Args:
        table: the soft labels.
        sentence_ids: [M] of the text.
        windows: in which the tagger sees it.
        most_words: of a span.

    Returns:
        [N, L] bool: the spans.

    Raises:
        InputError: if they are of others.
    """
    cells = window_cells(windows, most_words)
    firsts, places = np.nonzero(cells)
    starts = firsts - offsets_of(windows.word_counts)[windows.word_sentences[firsts]]
    seen = (sentence_ids[windows.word_sentences[firsts]], starts, places + 1)
    found = (table.sentence_ids, table.starts, table.lengths)
    if not all(np.array_equal(one, other) for one, other in zip(seen, found, strict=True)):
        raise InputError(
            f"span labels: they are of {len(table.starts)} spans, the tagger sees {len(starts)} of up to {most_words} "
            "words, or others; expected the same spans: label the same sentences with a tagger of the same encoder, "
            "most_words and windows"
        )
    return cells
