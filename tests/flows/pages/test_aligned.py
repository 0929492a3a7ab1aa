"""Pieces of texts that belong together, by hand."""

from typing import Any

import pytest

from flows.pages.aligned import (
    Piece,
    bracketed,
    entity_numbers,
    in_spans,
    marked,
    pair_places,
    projected_places,
    tagged,
)


def numbered(pieces: tuple[Piece, ...]) -> list[tuple[str, int | None]]:
    return [(piece.text, piece.number) for piece in pieces]


def test_words_of_a_span_are_one_piece_and_of_overlapping_spans_the_first_counts() -> None:
    words = ["a", "b", "c", "d"]
    pieces = in_spans(words, [(3, 4, 7, "LOC"), (0, 2, 1, ""), (1, 3, 2, "")])
    assert numbered(pieces) == [("a b", 1), ("c", None), ("d", 7)] and pieces[-1].note == "LOC"
    assert numbered(in_spans(["a"], [(0, 2, 0, ""), (-1, 1, 1, "")])) == [("a", None)], "what lies outside is no span"


def test_entities_are_numbered_in_their_order_or_as_told() -> None:
    words, tags = ["Ada", "in", "New", "York"], ["B-PER", "O", "B-LOC", "I-LOC"]
    assert numbered(tagged(words, tags)) == [("Ada", 0), ("in", None), ("New York", 1)]
    assert numbered(tagged(words, tags, [1, 0])) == [("Ada", 1), ("in", None), ("New York", 0)]


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("__SLOT1__ Ulm __SLOT1__ kennt __SLOT0__ Ada B. __SLOT0__ .",
         [("Ulm", 1), ("kennt", None), ("Ada B.", 0), (".", None)]),
        ("plain text", [("plain text", None)]),
        ("__SLOT0__ open to the end", [("open to the end", 0)]),
        ("__SLOT0__ a __SLOT1__ b __SLOT1__ c __SLOT0__ d", [("a", 0), ("b", 1), ("c", 0), ("d", None)]),
        ("", []),
    ],
)  # fmt: skip
def test_what_stands_between_markers_has_their_number(text: str, pieces: list[Any]) -> None:
    assert numbered(marked(text)) == pieces


def test_what_stands_between_brackets_has_the_number_that_was_told_or_none() -> None:
    text = "[Ulm] kennt [Ada B.] ."
    assert numbered(bracketed(text, [1, 0])) == [("Ulm", 1), ("kennt", None), ("Ada B.", 0), (".", None)]
    for told in ([], [0], [0, 1, 2]):
        assert numbered(bracketed(text, told)) == [(text, None)]


def test_entities_of_a_translation_are_known_by_their_markers() -> None:
    output = "__SLOT1__ Ulm __SLOT1__ kennt __SLOT0__ Ada __SLOT0__"
    assert entity_numbers(output, 2) == [1, 0]
    assert entity_numbers(output, 1) == [0], "markers that tell nothing are counted through"


def test_a_projection_shows_where_each_entity_was_found_again() -> None:
    row = {
        "words": ["In", "New", "York", "war", "Ada"], "output": "__SLOT1__ Ada __SLOT1__ __SLOT0__ New York __SLOT0__",
        "entities": ["Ada", "New York"], "entity_types": ["PER", "LOC"], "matches": [4, 1],
        "tags": ["O", "B-LOC", "I-LOC", "O", "B-PER"],
    }  # fmt: skip
    assert sorted(projected_places(row)) == [(1, 3, 0, "LOC"), (4, 5, 1, "PER")]
    dropped = {**row, "tags": [], "matches": [-1, 1]}
    assert projected_places(dropped) == [(1, 2, 0, "LOC")], "a sentence without tags tells the first word alone"


def test_pairs_that_were_dropped_have_no_colour() -> None:
    row = {"starts": [0, 2], "ends": [1, 3], "translated_starts": [1, -1], "translated_ends": [2, -1],
           "reasons": ["", "placeholder_lost"]}  # fmt: skip
    assert pair_places(row, "starts", "ends") == [(0, 1, 0, "")]
    assert pair_places(row, "translated_starts", "translated_ends") == [(1, 2, 0, "")]
