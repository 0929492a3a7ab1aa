"""What is read from a labeller's answer, and what is refused."""

from typing import Any

import numpy as np
import pytest

from tasks.labelling.answer import read_answer
from tasks.labelling.reading import REASONS, probabilities_of, word_labels
from tasks.words.hard_labels import NO_LABEL
from tasks.words.labels import iob2_labels

LABELS = {label: place for place, label in enumerate(iob2_labels(["LOC", "PER"]))}  # O B-LOC I-LOC B-PER I-PER
NAMES = list(LABELS)
#        0   4    9   13  17
TEXT = "Ida traf Uwe Graf, in Ulm"
WORDS = ["Ida", "traf", "Uwe", "Graf", ",", "in", "Ulm"]
PLACES = [(0, 3), (4, 8), (9, 12), (13, 17), (17, 18), (19, 21), (22, 25)]
NAN = float("nan")


def read(**answer: Any) -> tuple[list[str], list[tuple[str, str]]]:
    """Labels (`?` without one), and what was refused."""
    found = word_labels(read_answer(answer), WORDS, TEXT, PLACES, LABELS)
    assert {reason for reason, _ in found.refused} <= set(REASONS)
    return ["?" if each == NO_LABEL else NAMES[each] for each in found.ids], found.refused


def entity(start: int, end: int, type_: str | None = "PER", **more: Any) -> dict[str, Any]:
    return {"start": start, "end": end, "type": type_, **more}


def test_entities_label_their_words_and_all_others_are_outside() -> None:
    labels, refused = read(entities=[entity(22, 25, "LOC"), entity(9, 17, text="Uwe Graf")])
    assert labels == ["O", "O", "B-PER", "I-PER", "O", "O", "B-LOC"]
    assert refused == []
    assert read(entities=[]) == (["O"] * 7, [])


def test_an_entity_without_a_type_leaves_its_words_without_a_label() -> None:
    assert read(entities=[entity(9, 17, None), entity(22, 25, "LOC")]) == (["O", "O", "?", "?", "O", "O", "B-LOC"], [])


@pytest.mark.parametrize(
    ("wrong", "reason", "unlabelled"),
    [
        (entity(22, 25, "GPE"), "unknown_type", [6]),
        (entity(22, 25, "O"), "unknown_type", [6]),
        (entity(22, 24), "inside_word", [6]),
        (entity(10, 17), "inside_word", [2, 3]),
        (entity(9, 18), "", []),  # Uwe Graf and the comma are whole words.
        (entity(9, 19), "inside_word", [2, 3, 4]),  # With the space behind the comma.
        (entity(8, 9), "inside_word", []),  # A space.
        (entity(22, 25, probability=1.5), "wrong_probability", [6]),
        (entity(22, 25, probability=-0.1), "wrong_probability", [6]),
        (entity(22, 25, probability=1.0000001192), "", []),  # 1 of float32, a step above.
        (entity(22, 26), "outside_text", range(7)),
        (entity(-1, 3), "outside_text", range(7)),
        (entity(5, 5), "outside_text", range(7)),
        (entity(22, 10**30), "outside_text", range(7)),
        (entity(22, 25, text="ulm"), "other_text", range(7)),
    ],
)
def test_a_refused_entity_leaves_the_words_that_it_may_be_about_without_a_label(
    wrong: dict[str, Any], reason: str, unlabelled: Any
) -> None:
    labels, refused = read(entities=[entity(0, 3), wrong])
    assert [each for each, _ in refused] == ([reason] if reason else [])
    assert [place for place, label in enumerate(labels) if label == "?"] == list(unlabelled)
    assert labels[0] == ("?" if 0 in unlabelled else "B-PER")


def test_of_entities_that_overlap_the_longest_counts_and_the_rest_of_the_others_is_unknown() -> None:
    # 2-3 is longer than 3 alone, and than 3-4's part behind it.
    labels, refused = read(entities=[entity(13, 18, "LOC"), entity(9, 17), entity(13, 17, "LOC")])
    assert labels == ["O", "O", "B-PER", "I-PER", "?", "O", "O"]
    assert [reason for reason, _ in refused] == ["overlap", "overlap"]
    assert refused[0][1] == "'Graf,' at 13 to 18 as 'LOC'"
    # The longer one counts also where it begins later, and of two as long the first in the text.
    labels, refused = read(entities=[entity(4, 12, "LOC"), entity(9, 18)])
    assert labels == ["O", "?", "B-PER", "I-PER", "I-PER", "O", "O"] and len(refused) == 1
    for entities in ([entity(4, 12, "LOC"), entity(9, 17)], [entity(9, 17), entity(4, 12, "LOC")]):
        assert read(entities=entities)[0] == ["O", "B-LOC", "I-LOC", "?", "O", "O", "O"]
    # What is unknown is not labelled in part.
    labels, refused = read(entities=[entity(9, 17, None), entity(13, 17)])
    assert labels == ["O", "O", "?", "?", "O", "O", "O"]
    assert [reason for reason, _ in refused] == ["overlap"]
    assert read(entities=[entity(0, 3), entity(0, 3)]) == (["B-PER", *["O"] * 6], [])  # The same twice.


def test_tags_are_labels_and_null_is_none() -> None:
    tags = ["B-PER", "O", "B-PER", "I-PER", None, "I-LOC", "O"]  # Behind null an I- may go on.
    assert read(tags=tags) == (["B-PER", "O", "B-PER", "I-PER", "?", "I-LOC", "O"], [])


def test_a_tag_that_does_not_fit_the_scheme_is_refused_with_what_goes_on_from_it() -> None:
    labels, refused = read(tags=["I-PER", "I-PER", "B-PER", "I-LOC", "I-LOC", "O", "I-LOC"])
    assert labels == ["?", "?", "B-PER", "?", "?", "O", "?"]
    assert [reason for reason, _ in refused] == ["stray"] * 5
    assert refused[0] == ("stray", "'Ida' as 'I-PER'")
    labels, refused = read(tags=["B-GPE", "I-GPE", "S-PER", "I-PER", "PER", "O", "B-LOC"])
    assert labels == ["?", "?", "?", "?", "?", "O", "B-LOC"]
    assert [reason for reason, _ in refused] == ["unknown_label"] * 3 + ["stray", "unknown_label"]


def test_types_of_one_letter_are_told_apart() -> None:
    labels = {label: place for place, label in enumerate(iob2_labels("XY"))}
    found = word_labels(read_answer({"tags": ["B-X", "I-Y"]}), ["a", "b"], "a b", [(0, 1), (2, 3)], labels)
    assert found.refused == [("stray", "'b' as 'I-Y'")]


def test_what_was_refused_is_shown_with_its_offsets_and_text() -> None:
    refused = read(entities=[entity(22, 26, None), entity(-1, 3), entity(9, 17, text="Uwe")])[1]
    assert [shown for _, shown in refused] == [
        "'' at -1 to 3 as 'PER'",
        "'Uwe Graf' at 9 to 17 as 'PER'",
        "'Ulm' at 22 to 26 without a type",
    ]


@pytest.mark.parametrize(
    "answer",
    [
        {"tags": ["O"] * 6},
        {"tags": ["O"] * 8},
        {"tags": ["O"] * 7, "probabilities": [1.0] * 6},
        {"probabilities": [{"O": 1.0}] * 6},
    ],
)
def test_another_number_than_of_words_labels_nothing(answer: dict[str, Any]) -> None:
    labels, refused = read(**answer)
    assert labels == ["?"] * 7
    assert [reason for reason, _ in refused] == ["wrong_length"]


def test_probabilities_of_every_label_are_scaled_and_checked() -> None:
    said = [
        {"B-PER": 0.6, "O": 0.4, "B-LOC": 0},
        None,
        {"O": 0.5},
        {"B-GPE": 1.0},
        {},
        {"O": 1.5, "B-PER": -0.5},
        {"O": 0.995},
    ]
    found = word_labels(read_answer({"probabilities": said}), WORDS, TEXT, PLACES, LABELS)
    assert found.ids == [LABELS["B-PER"], *[NO_LABEL] * 5, LABELS["O"]]
    assert [reason for reason, _ in found.refused] == ["wrong_probability", "unknown_label", *["wrong_probability"] * 2]
    assert found.whole[0] == pytest.approx([0.4, 0, 0, 0.6, 0])
    assert found.whole[6] == pytest.approx([1, 0, 0, 0, 0])


def test_probabilities_that_came_with_labels_are_kept_in_their_place() -> None:
    tagged = read_answer({"tags": ["O"] * 6 + ["B-LOC"], "probabilities": [0.5, None, 1, 1.01, 1, 0, 0.25]})
    found = word_labels(tagged, WORDS, TEXT, PLACES, LABELS)
    assert found.given == [0.5, None, 1, None, 1, 0, 0.25]
    assert found.refused == [("wrong_probability", "'Graf' as 'O'")] and found.ids[3] == NO_LABEL
    assert not any(found.rest_outside)
    named = read_answer({"entities": [entity(9, 17, probability=0.75)]})
    found = word_labels(named, WORDS, TEXT, PLACES, LABELS)
    assert found.given == [None, None, 0.75, 0.75, None, None, None]
    assert all(found.rest_outside)
    certain = read_answer({"entities": [entity(0, 3, probability=0), entity(22, 25, probability=1)]})
    found = word_labels(certain, WORDS, TEXT, PLACES, LABELS)
    assert found.given == [0, *[None] * 5, 1] and found.refused == []


def test_what_is_left_of_a_probability_goes_outside_or_to_all_others_alike() -> None:
    # Five labels. O for certain; an entity's word with .75; a tag with .6, of which .4 / 4 = .1 is left for each other;
    # none; the labels' own probabilities; O of a tag with .2.
    made = probabilities_of(
        np.array([0, 3, 1, NO_LABEL, 4, 0]),
        np.array([NAN, 0.75, 0.6, NAN, 0.5, 0.2]),
        np.array([True, True, False, False, False, False]),
        {4: [0.5, 0, 0, 0, 0.5]},
        5,
    )
    assert made.dtype == np.float32
    np.testing.assert_allclose(
        made,
        [
            [1, 0, 0, 0, 0],
            [0.25, 0, 0, 0.75, 0],
            [0.1, 0.6, 0.1, 0.1, 0.1],
            [0, 0, 0, 0, 0],
            [0.5, 0, 0, 0, 0.5],
            [0.2, 0.2, 0.2, 0.2, 0.2],
        ],
        atol=1e-7,
    )


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ({}, "it has no labels; expected entities"),
        ({"tags": [1]}, "tags.0"),
        ({"tags": "O"}, "tags: "),
        ({"tags": ["O"], "entities": []}, "it has entities and tags"),
        ({"tags": ["O"], "probabilities": [{"O": 1.0}]}, "beside tags, probabilities are numbers"),
        ({"probabilities": [1.0]}, "beside tags, probabilities are numbers"),
        ({"tags": ["O"], "probs": [1.0]}, "probs: "),
        ({"entities": [{"start": 0, "end": 3}]}, "entities.0.type"),
        ({"entities": [{"start": 0.0, "end": 3, "type": "PER"}]}, "entities.0.start"),
        ({"entities": [{"start": True, "end": 3, "type": "PER"}]}, "entities.0.start"),
        ({"entities": [{"start": 0, "end": 3, "type": "PER", "score": 1.0}]}, "entities.0.score"),
        ({"entities": [{"start": 0, "end": 3, "type": "PER", "probability": float("inf")}]}, "entities.0.probability"),
        ({"unlabelled": "I am so sorry"}, "unlabelled: "),
        ({"tags": ["O"], "usage": {"tokens": -1}}, "usage.tokens"),
        ({"tags": ["O"], "usage": {"tokens": "7"}}, "usage.tokens"),
    ],
)
def test_what_is_no_answer_is_an_error_that_says_why(answer: dict[str, Any], why: str) -> None:
    with pytest.raises(ValueError, match=rf"^{why}.*; expected a line such as .*docs/labellers.md"):
        read_answer(answer)
