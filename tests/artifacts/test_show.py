from typing import Any

import pyarrow as pa
import pytest

from artifacts.catalog import MARKED_TRANSLATION, PROJECTION
from artifacts.catalog.forms import plain
from artifacts.manifest import Recipe
from artifacts.reference import Reference
from artifacts.show import preview
from artifacts.store import STORE_FORMAT, Store


@pytest.fixture
def marked(store: Store) -> Reference:
    common: dict[str, Any] = {"source_words": ["In", "Ulm"], "source_tags": ["O", "B-LOC"]}
    common["marked_source"] = "In __SLOT0__ Ulm __SLOT0__"
    nothing: dict[str, Any] = {"words": [], "tags": [], "entities": []}
    rows = [
        {"sentence_id": 3, **common, "output": "A __SLOT0__ Ulm __SLOT0__", "words": ["A", "Ulm"]}
        | {"tags": ["O", "B-LOC"], "entities": [0], "reason": ""},
        {"sentence_id": 4, **common, "output": "A\nUlm", **nothing, "reason": "marker_lost"},
        {"sentence_id": 5, **common, "output": "", **nothing, "reason": "no_output"},
    ]
    recipe = Recipe(step="test", parameters={}, inputs={}, code="", schemas={}, store_format=STORE_FORMAT)
    with store.writing(MARKED_TRANSLATION, "aa", recipe) as writer:
        writer.write(pa.Table.from_pylist(rows, schema=MARKED_TRANSLATION.schema), {})
    assert writer.reference is not None
    return writer.reference


def test_a_marked_translation_shows_its_way_on_indented_lines(store: Store, marked: Reference) -> None:
    kept, lost, empty = preview(store, marked, 10)
    assert kept.splitlines() == [
        "[3] In Ulm/B-LOC",
        "    marked   In __SLOT0__ Ulm __SLOT0__",
        "    output   A __SLOT0__ Ulm __SLOT0__",
        "    result   A Ulm/B-LOC",
    ]
    assert lost.splitlines()[2:] == ["    output   A Ulm", "    dropped  marker_lost"]
    assert empty.splitlines()[2:] == ["    output", "    dropped  no_output"]


def test_rows_are_counted_in_sentences_not_in_lines(store: Store, marked: Reference) -> None:
    assert len(preview(store, marked, 2)) == 2


def test_tagged_words_carry_their_tags() -> None:
    assert plain({"sentence_id": 1, "words": ["In", "Ulm"], "tags": ["O", "B-LOC"]}, []) == "[1] In Ulm/B-LOC"


def test_numbers_of_which_some_are_unknown_are_shown() -> None:
    assert plain({"similarities": [None, 0.5], "nothing": [None]}, []) == "similarities=[None 0.50] nothing=[None]"


def test_votes_show_the_agreed_label_or_a_question_mark() -> None:
    row = {"sentence_id": 2, "words": ["In", "Ulm", "gestern"], "votes": ["O", "B-LOC", None]}
    assert plain(row, []) == "[2] In Ulm/B-LOC gestern/?"


def test_a_projection_shows_every_station_of_a_sentence(store: Store) -> None:
    row: dict[str, Any] = {"sentence_id": 7, "words": ["Ada", "in", "Ulm"], "forward": "Ada in Ulm", "reason": ""}
    row |= {
        "source_words": ["Ada", "in", "Ulm"],
        "source_tags": ["B-PER", "O", "B-LOC"],
        "tags": ["B-PER", "O", "B-LOC"],
    }
    row |= {"output": "__SLOT0__ Ada __SLOT0__ in __SLOT1__ Ulm __SLOT1__", "entities": ["Ada", "Bonn"]}
    row |= {"entity_types": ["PER", "LOC"], "matches": [0, -1]}
    recipe = Recipe(step="test", parameters={}, inputs={}, code="", schemas={}, store_format=STORE_FORMAT)
    with store.writing(PROJECTION, "bb", recipe) as writer:
        writer.write(pa.Table.from_pylist([row], schema=PROJECTION.schema), {})
    assert writer.reference is not None
    assert preview(store, writer.reference, 1)[0].splitlines() == [
        "[7] Ada/B-PER in Ulm/B-LOC",
        "    forward  Ada in Ulm",
        "    tagged   Ada/B-PER in Ulm/B-LOC",
        "    back     __SLOT0__ Ada __SLOT0__ in __SLOT1__ Ulm __SLOT1__",
        "    entities Ada/PER -> word 0, Bonn/LOC -> not found",
        "    kept",
    ]
