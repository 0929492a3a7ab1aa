"""Labels of sentences word by word, in one flat table: what questions about labels are asked of."""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from artifacts.catalog import GOLD, RELIABILITY, SOFT_LABELS, VOTES
from artifacts.errors import InputError
from artifacts.reference import Reference
from artifacts.show import rows_beside
from artifacts.store import Store
from tasks.words.columns import flat_numbers, flat_probabilities, flat_values, list_lengths

WITH_LABELS = (
    "soft_labels",
    "reliability",
    "votes",
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

    Of soft labels the most probable label counts; of a reliability table, the labels are those of its soft labels.
    Sentences without labels, such as those that a projection dropped, are left out.

    Returns:
        sentence_id; row (of the sentence in the table, from 0); place (of the word in its sentence, from 0); word (not
        of gold, which has none); label (`?` where votes differ); type (of the label; O for O); and what the table
        knows: probability (of the label), agreement, weight.

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
    names = store.metadata(reference).get("labels", [])
    first = 0
    for batch in store.batches(reference):
        yield _piece(batch, names, first, reference)
        first += len(batch)


def _piece(batch: pa.RecordBatch, names: list[str], first: int, reference: Reference) -> pa.Table:
    """The words of some rows of a table."""
    columns = set(batch.schema.names)
    words = batch["words"] if "words" in columns else None
    extra: dict[str, pa.Array] = {}
    if reference.kind == SOFT_LABELS.name:
        probabilities = flat_probabilities(batch["probabilities"], len(names))
        best = probabilities.argmax(axis=1)
        labels = pa.array(names, pa.string()).take(pa.array(best))
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


def _types(labels: pa.DictionaryArray) -> pa.DictionaryArray:
    """The type of each label; O for O."""
    of_label = pa.array(
        [label if len(label) < 3 else label[2:] for label in labels.dictionary.to_pylist()], pa.string()
    )
    types = of_label.dictionary_encode()
    return pa.DictionaryArray.from_arrays(types.indices.take(labels.indices), types.dictionary)
