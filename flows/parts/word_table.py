"""Labels of sentences word by word, in one flat table: what questions about labels are asked of."""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from artifacts.catalog import GOLD, OPINIONS, PARTIAL_SOFT_LABELS, RELIABILITY, SOFT_LABELS, SPAN_LABELS, VOTES
from artifacts.errors import InputError
from artifacts.reference import Reference
from artifacts.show import rows_beside
from artifacts.store import Store
from tasks.tagging.span_decoding import surest_spans
from tasks.words.columns import flat_numbers, flat_probabilities, flat_values, list_lengths, ranges

WITH_LABELS = (
    "soft_labels",
    "partial_soft_labels",
    "reliability",
    "span_labels",
    "votes",
    "opinions",
    "predictions",
    "labelled",
    "translation",
    "training_set",
    "projection",
    "gold",
)
"""The kinds of tables whose words have labels."""

NO_LABEL = "?"
MEASURES = ("probability", "agreement", "weight")
"""Numbers of words that a table may have; in all of them lower is less trusted."""


def word_table(store: Store, reference: Reference) -> pa.Table:
    """The labels of a table of sentences, one row per word, in the table's order; read in pieces.

    Of soft labels the most probable label counts; of a reliability table, the labels are those of its soft labels. Of
    labels of spans, the surest spans that are entities and do not overlap; a word has the probability of its span.
    Sentences without labels, such as those that a projection dropped, are left out.

    Returns:
        sentence_id; row (of the sentence in the table, from 0); place (of the word in its sentence, from 0); word (not
        of gold, which has none); label (`?` where votes differ, or a teacher left the word unlabelled); type (of the
        label; O for O); and what the table knows: probability (of the label), agreement, weight; origin (where a
        translated word, or the labels of its sentence, come from); said (by each teacher of a panel; null: nothing).

    Raises:
        InputError: if the table has no words with labels.
    """
    pieces = list(_pieces(store, reference))
    if not pieces:
        raise InputError(f"artifact {reference}: it has no rows, so no words with labels")
    return pa.concat_tables(pieces).unify_dictionaries()


def _pieces(store: Store, reference: Reference) -> Iterator[pa.Table]:
    if reference.kind == RELIABILITY.name:
        soft = rows_beside(store, reference, RELIABILITY)
        if soft is None:
            raise InputError(
                f"artifact {reference}: the soft labels that it weighs are not in this store; run the flow again"
            )
        scores = store.batches(reference, columns=["agreement", "weight"])
        for piece, batch in zip(_pieces(store, soft), scores, strict=True):
            for name in ("agreement", "weight"):
                piece = piece.append_column(name, pa.array(flat_numbers(batch[name]), pa.float32()))
            yield piece
        return
    if reference.kind == SPAN_LABELS.name:
        yield _of_spans(store, reference)
        return
    names = store.metadata(reference).get("labels", [])
    first = 0
    for batch in store.batches(reference):
        yield _piece(batch, names, first, reference)
        first += len(batch)


def _of_spans(store: Store, reference: Reference) -> pa.Table:
    """The words of a table of spans: those of one word stand for the word itself."""
    columns = ["sentence_id", "start", "end", "label", "probability"]
    spans = pa.Table.from_batches(
        [
            batch.set_column(3, "label", batch["label"].dictionary_encode())
            for batch in store.batches(reference, columns=columns, rows=65_536)
        ]
    ).unify_dictionaries()
    ids, starts, ends = (spans[name].to_numpy() for name in columns[:3])
    single = ends - starts == 1
    texts = pa.chunked_array(
        [
            batch["text"].filter(pc.equal(pc.subtract(batch["end"], batch["start"]), 1))
            for batch in store.batches(reference, columns=["start", "end", "text"], rows=65_536)
        ],
        pa.string(),
    )
    row_ids, row_of_word = np.unique(ids[single], return_inverse=True)
    order = np.lexsort((starts[single], row_of_word))
    places, rows = starts[single][order], row_of_word[order]
    first_word = np.searchsorted(rows, np.arange(len(row_ids)))
    at = first_word[np.searchsorted(row_ids, ids)] + starts
    names, label_ids = _dictionary(spans["label"])
    probability = spans["probability"].to_numpy()
    tags = np.array(["O", *(f"{side}-{name}" for name in names for side in "BI")])
    word_tags = np.zeros(len(rows), dtype=np.int64)
    word_probability = np.zeros(len(rows), dtype=np.float32)
    word_probability[at[single]] = probability[single]
    entities = np.flatnonzero(label_ids != (names.index("O") if "O" in names else -1))
    lengths = (ends - starts).astype(np.int64)
    kept = entities[surest_spans(at[entities], lengths[entities], probability[entities])]
    inside = ranges(at[kept], lengths[kept])
    word_tags[inside] = np.repeat(2 + 2 * label_ids[kept], lengths[kept])
    word_tags[at[kept]] -= 1
    word_probability[inside] = np.repeat(probability[kept], lengths[kept])
    labels = pa.array(tags).take(pa.array(word_tags)).dictionary_encode()
    return pa.table(
        {
            "sentence_id": row_ids[rows],
            "row": rows.astype(np.int32),
            "place": places.astype(np.int32),
            "word": texts.combine_chunks().take(pa.array(order)),
            "label": labels,
            "type": _types(labels),
            "probability": word_probability,
        }
    )


def _dictionary(column: pa.ChunkedArray) -> tuple[list[str], np.ndarray]:
    """The names of a dictionary column, and the place of each value among them."""
    whole = column.combine_chunks()
    return whole.dictionary.to_pylist(), whole.indices.to_numpy(zero_copy_only=False).astype(np.int64)


def _piece(batch: pa.RecordBatch, names: list[str], first: int, reference: Reference) -> pa.Table:
    """The words of some rows of a table."""
    columns = set(batch.schema.names)
    words = batch["words"] if "words" in columns else None
    extra: dict[str, pa.Array] = {}
    if reference.kind in (SOFT_LABELS.name, PARTIAL_SOFT_LABELS.name):
        probabilities = flat_probabilities(batch["probabilities"], len(names))
        best = probabilities.argmax(axis=1)
        labels = pa.array(names, pa.string()).take(pa.array(best))
        if "labelled" in columns:
            labels = pc.if_else(flat_values(batch["labelled"]), labels, NO_LABEL)
        extra = {"probability": pa.array(probabilities[np.arange(len(best)), best])}
        lengths = list_lengths(batch["probabilities"])
    elif reference.kind == VOTES.name:
        labels, lengths = flat_values(batch["votes"]).fill_null(NO_LABEL), list_lengths(batch["votes"])
    elif "tags" in columns and (words is not None or reference.kind == GOLD.name):
        labels, lengths = flat_values(batch["tags"]), list_lengths(batch["tags"])
    else:
        raise InputError(
            f"artifact {reference}: a table of {reference.kind} has no labels of words; give one of "
            f"{', '.join(WITH_LABELS)}"
        )
    if words is not None:
        # Dropped sentences of a projection have words and no tags.
        words = words.filter(pa.array(list_lengths(words) == lengths))
    if "origin" in columns:
        origin = batch["origin"]
        per_word = flat_values(origin) if pa.types.is_list(origin.type) else origin.take(_repeated(lengths))
        extra["origin"] = per_word.dictionary_encode()
    if reference.kind == OPINIONS.name:
        extra = {"probability": flat_values(batch["probability"]), "said": flat_values(batch["said"])}
    table = {
        "sentence_id": pa.array(np.repeat(batch["sentence_id"].to_numpy(), lengths)),
        "row": pa.array(np.repeat(np.arange(first, first + len(lengths), dtype=np.int32), lengths)),
        "place": pa.array(
            (np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths)).astype(np.int32)
        ),
        **({"word": flat_values(words)} if words is not None else {}),
        "label": labels.dictionary_encode(),
        "type": _types(labels.dictionary_encode()),
        **extra,
    }
    return pa.table(table)


def _repeated(lengths: np.ndarray) -> pa.Array:
    """The number of each sentence, once for each of its words."""
    return pa.array(np.repeat(np.arange(len(lengths)), lengths))


def _types(labels: pa.DictionaryArray) -> pa.DictionaryArray:
    """The type of each label; O for O."""
    of_label = pa.array(
        [label if len(label) < 3 else label[2:] for label in labels.dictionary.to_pylist()], pa.string()
    )
    types = of_label.dictionary_encode()
    return pa.DictionaryArray.from_arrays(types.indices.take(labels.indices), types.dictionary)
