"""Labels word by word, of each kind of table, as they follow from tables made by hand."""

import pyarrow as pa
import pytest

from artifacts.catalog import (
    OPINIONS,
    PARTIAL_SOFT_LABELS,
    PROJECTION,
    SPAN_LABELS,
    TRAINING_SET,
    TRANSLATION,
    VOTES,
    Dataset,
)
from artifacts.errors import InputError
from artifacts.manifest import Recipe
from artifacts.reference import Reference
from artifacts.store import STORE_FORMAT, Store
from flows.parts.word_table import word_table


def put(store: Store, kind: Dataset, rows: list[dict[str, object]]) -> Reference:
    recipe = Recipe(step="a_step", parameters={}, inputs={}, code="", schemas={}, store_format=STORE_FORMAT)
    empty = {field.name: [] if pa.types.is_list(field.type) else None for field in kind.schema}
    filled = [{**{name: _blank(kind, name, value) for name, value in empty.items()}, **row} for row in rows]
    with store.writing(kind, "ab", recipe) as writer:
        writer.write(pa.Table.from_pylist(filled, schema=kind.schema), {"labels": ["O", "B-LOC"], "language": "de"})
    assert writer.reference is not None
    return writer.reference


def _blank(kind: Dataset, name: str, value: object) -> object:
    type_ = kind.schema.field(name).type
    return "" if pa.types.is_string(type_) else 0 if pa.types.is_integer(type_) else value


def test_the_surest_spans_that_do_not_overlap_label_their_words(store: Store) -> None:
    """New York is surer than York; Ada's span is O; sentence 7 comes after sentence 9 in the table."""
    spans = [
        (9, 0, 1, "Ada", "O", 0.7), (9, 0, 2, "Ada in", "O", 0.99), (9, 1, 2, "in", "O", 0.95),
        (9, 1, 3, "in New", "LOC", 0.4), (9, 2, 3, "New", "O", 0.5), (9, 2, 4, "New York", "LOC", 0.8),
        (9, 3, 4, "York", "PER", 0.6), (7, 0, 1, "Ulm", "LOC", 0.9),
    ]  # fmt: skip
    names = ("sentence_id", "start", "end", "text", "label", "probability")
    table = word_table(store, put(store, SPAN_LABELS, [dict(zip(names, span, strict=True)) for span in spans]))
    assert table["sentence_id"].to_pylist() == [7, 9, 9, 9, 9] and table["row"].to_pylist() == [0, 1, 1, 1, 1]
    assert table["word"].to_pylist() == ["Ulm", "Ada", "in", "New", "York"]
    assert table["label"].to_pylist() == ["B-LOC", "O", "O", "B-LOC", "I-LOC"]
    assert table["type"].to_pylist() == ["LOC", "O", "O", "LOC", "LOC"]
    assert table["probability"].to_pylist() == pytest.approx([0.9, 0.7, 0.95, 0.8, 0.8])


def test_votes_that_differ_stand_as_a_question(store: Store) -> None:
    reference = put(store, VOTES, [{"sentence_id": 3, "words": ["in", "Ulm"], "votes": ["O", None]}])
    assert word_table(store, reference)["label"].to_pylist() == ["O", "?"]


def test_words_that_a_teacher_left_unlabelled_stand_as_a_question(store: Store) -> None:
    said = {"probabilities": [[0.25, 0.75], [0.0, 0.0], [1.0, 0.0]], "labelled": [True, False, True]}
    reference = put(store, PARTIAL_SOFT_LABELS, [{"sentence_id": 3, "words": ["Ulm", "und", "um"], **said}])
    table = word_table(store, reference)
    assert table["label"].to_pylist() == ["B-LOC", "?", "O"] and table["type"].to_pylist() == ["LOC", "?", "O"]
    assert table["probability"].to_pylist() == [0.75, 0.0, 1.0]


def test_words_of_a_panel_say_what_each_teacher_says(store: Store) -> None:
    rows = [
        {
            "words": ["in", "Ulm"],
            "said": [["O", None], ["O", "B-LOC"]],
            "read": [[1, None], [0.5, 0.5]],
            "tags": ["O", "B-LOC"],
            "probability": [1, 0.5],
        },
        {"words": ["um"], "said": [["O", "O"]], "read": [[0.5, 1]], "tags": ["O"], "probability": [0.75]},
    ]
    table = word_table(store, put(store, OPINIONS, rows))
    assert table["label"].to_pylist() == ["O", "B-LOC", "O"] and table["probability"].to_pylist() == [1.0, 0.5, 0.75]
    assert table["said"].to_pylist() == [["O", None], ["O", "B-LOC"], ["O", "O"]]


def test_sentences_that_a_projection_dropped_have_no_labels(store: Store) -> None:
    kept = {"sentence_id": 1, "words": ["Ulm"], "tags": ["B-LOC"]}
    dropped = {"sentence_id": 0, "words": ["gar", "nicht"], "tags": [], "reason": "agreement"}
    table = word_table(store, put(store, PROJECTION, [dropped, kept]))
    assert (table["sentence_id"].to_pylist(), table["word"].to_pylist()) == ([1], ["Ulm"])


def test_words_say_where_they_or_the_labels_of_their_sentence_come_from(store: Store) -> None:
    words = {"words": ["in", "Ulm"], "tags": ["O", "B-LOC"]}
    translation = put(store, TRANSLATION, [{"sentence_id": 0, **words, "origin": ["lexicon", "entity"]}])
    assert word_table(store, translation)["origin"].to_pylist() == ["lexicon", "entity"]
    rows = [{"sentence_id": 0, **words, "origin": "agreed"}, {"sentence_id": 1, **words, "origin": "projected"}]
    training = put(store, TRAINING_SET, rows)
    assert word_table(store, training)["origin"].to_pylist() == ["agreed"] * 2 + ["projected"] * 2


def test_a_table_without_rows_is_told(store: Store) -> None:
    with pytest.raises(InputError, match="no rows"):
        word_table(store, put(store, VOTES, []))
