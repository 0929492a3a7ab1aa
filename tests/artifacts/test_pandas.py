"""Every dataset of the catalogue as a data frame."""

from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from artifacts.catalog import LABELLED, SENTENCES, SOFT_LABELS, Dataset, catalogue
from artifacts.digest import text_digest
from artifacts.errors import InputError
from artifacts.manifest import Recipe
from artifacts.reference import Reference
from artifacts.store import STORE_FORMAT, Store

DATASETS = [kind for kind in catalogue().values() if isinstance(kind, Dataset)]
LABELS = ["O", "B-PER", "I-PER"]


def value(type_: pa.DataType) -> Any:
    """A value of a column's type; lists have two elements."""
    if pa.types.is_list(type_):
        return [value(type_.value_type)] * 2
    if pa.types.is_string(type_):
        return "Ana"
    return type_.to_pandas_dtype()(1)


def put(store: Store, kind: Dataset, table: pa.Table) -> Reference:
    recipe = Recipe(step="test", parameters={}, inputs={}, code="", schemas={}, store_format=STORE_FORMAT)
    with store.writing(kind, text_digest(kind.name)[:16], recipe) as writer:
        writer.write(table, {"labels": LABELS, "neighbours": 5})
    assert writer.reference is not None
    return writer.reference


@pytest.mark.parametrize("kind", DATASETS, ids=lambda kind: kind.name)
def test_every_dataset_is_a_data_frame(store: Store, kind: Dataset) -> None:
    row = {field.name: value(field.type) for field in kind.schema}
    reference = put(store, kind, pa.Table.from_pylist([row, row], schema=kind.schema))
    frame = kind.to_pandas(store, reference)
    assert list(frame.columns) == kind.schema.names
    assert len(frame) == 2
    assert frame.attrs == {"labels": LABELS, "neighbours": 5}
    for field in kind.schema:
        cell = frame[field.name][1]
        assert (np.asarray(cell).tolist() if not pa.types.is_list(field.type) else nested(cell)) == row[field.name]


def nested(cell: Any) -> Any:
    return [nested(each) for each in cell] if isinstance(cell, np.ndarray) else cell


def test_probabilities_of_a_sentence_stack_to_words_by_labels(store: Store) -> None:
    row = {"sentence_id": 0, "words": ["Ana", "singt"], "probabilities": [[0.25, 0.5, 0.25], [1.0, 0.0, 0.0]]}
    reference = put(store, SOFT_LABELS, pa.Table.from_pylist([row], schema=SOFT_LABELS.schema))
    frame = SOFT_LABELS.to_pandas(store, reference)
    # The most probable label of each word, by the names that come along.
    best = np.stack(frame["probabilities"][0]).argmax(axis=1)
    assert [frame.attrs["labels"][label] for label in best] == ["B-PER", "O"]


def test_an_artifact_is_found_by_the_beginning_of_its_key(store: Store) -> None:
    row = {"sentence_id": 0, "words": ["Ana"]}
    reference = put(store, SENTENCES, pa.Table.from_pylist([row], schema=SENTENCES.schema))
    frame = SENTENCES.to_pandas(store, f"sentences/{reference.key[:6]}")
    assert frame["words"][0].tolist() == ["Ana"]


def test_another_kind_is_an_error(store: Store) -> None:
    reference = put(store, SENTENCES, pa.Table.from_pylist([], schema=SENTENCES.schema))
    with pytest.raises(InputError, match="it is of kind sentences, expected labelled"):
        LABELLED.to_pandas(store, reference)
    with pytest.raises(InputError, match="nothing fits"):
        LABELLED.to_pandas(store, "labelled/zz")
