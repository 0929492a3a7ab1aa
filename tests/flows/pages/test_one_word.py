"""What is known of one word, on stores that were put together by hand."""

from typing import Any

import pytest
from shelved import LABELS, Shelved, put

from artifacts.catalog import CONJUGATE_PAIRS, LABELLED, LEXICON, PARTIAL_SOFT_LABELS, PROJECTION, TRANSLATION, VOTES
from artifacts.reference import Reference
from artifacts.store import Store
from flows.pages.labels_said import said_by_all
from flows.pages.one_word import hard_labels, lexicon_entries, opinions, translations
from flows.pages.shelf import Shelf
from flows.pages.stations import Followed, follow
from flows.pages.word import around, without_neighbours


def followed(store: Store, text: Reference, sentence_id: int) -> Followed:
    return follow(store, Shelf(store), None, store.describe(text), sentence_id)


def test_each_tagger_has_a_bar_per_label_that_stand_side_by_side(shelved: Shelved) -> None:
    found = {each.station.manifest.key: each for each in opinions(followed(shelved.store, shelved.text, 0), 2, {})}
    # Ulm: the first says B-LOC with 0.9 and each of the four others with 0.025, the second O with 0.8.
    first, second = found["b1"], found["b2"]
    assert (first.label, second.label) == ("B-LOC", "O")
    assert [bar.label for bar in first.bars] == LABELS
    assert [bar.share for bar in first.bars] == pytest.approx([0.025, 0.9, 0.025, 0.025, 0.025])
    assert [bar.left for bar in first.bars] == pytest.approx([0, 0.025, 0.925, 0.95, 0.975])
    assert (first.likeliest[0].label, first.likeliest[0].share) == ("B-LOC", pytest.approx(0.9))
    assert [second.agreement, second.mean, second.weight] == [None, None, None], "nothing weighs it"


def test_weights_are_those_of_the_very_soft_labels_and_mu_is_that_of_the_label(store: Store) -> None:
    shelved = Shelved(store, class_mean={"O": 0.75, "B-LOC": 0.25, "I-LOC": None, "B-PER": 0.5, "I-PER": None})
    (first,) = [each for each in opinions(followed(store, shelved.text, 0), 2, {}) if each.weights]
    assert first.station.manifest.key == "b1"
    assert (first.agreement, first.mean, first.weight) == (0.0, 0.25, pytest.approx(0.1))


def test_votes_that_differ_are_told(shelved: Shelved) -> None:
    columns = {"sentence_id": [0], "words": [["Ada", "sah", "Ulm"]], "votes": [["B-PER", None, "B-LOC"]]}
    put(shelved.store, VOTES, "ee", columns, teacher=shelved.first)
    found = followed(shelved.store, shelved.text, 0)
    assert [(station.kind, label) for station, label in hard_labels(found, 1)] == [("votes", "?")]
    assert [label for _, label in hard_labels(found, 2)] == ["B-LOC"]


def test_a_labeller_has_a_bar_where_it_gave_a_label_and_is_told_where_it_did_not(shelved: Shelved) -> None:
    said = {"probabilities": [[[0, 0, 0, 0.75, 0.25], [0] * 5, [1, 0, 0, 0, 0]]], "labelled": [[True, False, True]]}
    columns = {"sentence_id": [0], "words": [["Ada", "sah", "Ulm"]], **said}
    put(shelved.store, PARTIAL_SOFT_LABELS, "e1", columns, answers=shelved.text)
    found = followed(shelved.store, shelved.text, 0)
    first, second = (
        [each for each in opinions(found, place, {}) if each.station.manifest.key == "e1"] for place in (0, 1)
    )
    assert [(each.label, each.probability) for each in first] == [("B-PER", 0.75)] and second == []
    assert [[label for _, label in hard_labels(found, place)] for place in (0, 1)] == [[], ["?"]]
    (shown,) = [each for each in said_by_all(found, {}, None) if each.station.manifest.key == "e1"]
    assert [(word.label, word.probability) for word in shown.words] == [("B-PER", 0.75), ("?", 0.0), ("O", 1.0)]


def test_why_there_are_no_neighbours_is_told(shelved: Shelved, store: Store) -> None:
    assert without_neighbours(followed(shelved.store, shelved.text, 0)) == ""
    text = put(store, LABELLED, "a7", {"sentence_id": [5], "words": [["Ada"]], "tags": [["O"]]})
    assert "No reliability table" in without_neighbours(followed(store, text, 5))
    put(store, VOTES, "a8", {"sentence_id": [5], "words": [["Ada"]], "votes": [[None]]}, teacher=text)
    assert without_neighbours(followed(store, text, 5)).startswith("UniTrans")


@pytest.fixture
def lexicon(store: Store) -> Any:
    rows = {
        "source": ["house", "house", "home", "Ulm", "tide"],
        "target": ["Haus", "Heim", "Heim", "Ulm", "ebbe"],
        "csls": [0.9, 0.4, 0.7, None, 0.2],
        "rank": [0, 1, 0, 0, 0],
    }
    made = put(store, LEXICON, "ab", rows, about={"source_language": "en", "target_language": "de"})
    return store.describe(made)


@pytest.mark.parametrize(
    ("word", "language", "side", "pairs"),
    [
        ("Heim", "de", "target", [("home", "Heim"), ("house", "Heim")]),
        ("house", "en", "source", [("house", "Haus"), ("house", "Heim")]),
        ("Ebbe", "de", "target", [("tide", "ebbe")]),
        ("House", "en", "source", [("house", "Haus"), ("house", "Heim")]),
        ("Ulm", "de", "target", [("Ulm", "Ulm")]),
        ("nix", "de", "target", []),
        ("house", "fr", "", []),
    ],
)
def test_a_lexicon_is_asked_on_the_side_of_the_words_language(
    store: Store, lexicon: Any, word: str, language: str, side: str, pairs: list[tuple[str, str]]
) -> None:
    found, rows = lexicon_entries(store, lexicon, word, language)
    assert (found, [(row["source"], row["target"]) for row in rows]) == (side, pairs)


def test_a_word_is_followed_into_its_translation_and_back(store: Store) -> None:
    source = put(store, LABELLED, "a1", {"sentence_id": [3], "words": [["In", "Ulm"]], "tags": [["O", "B-LOC"]]})
    rows = {"sentence_id": [0, 1], "words": [["in", "Ulm"], ["Ulm"]], "tags": [["O", "B-LOC"], ["B-LOC"]],
            "source_words": [["In", "Ulm"], ["In", "Ulm"]], "origin": [["lexicon", "entity"], ["marked"]],
            "corpus": [source.content] * 2, "source_sentence_id": [3, 3]}  # fmt: skip
    made = put(store, TRANSLATION, "a2", rows, data=source)
    assert translations(followed(store, source, 3), 0) == [(str(made), "in", "by lexicon")]
    assert translations(followed(store, made, 0), 1) == [(str(made), "Ulm", "from entity")]
    assert translations(followed(store, made, 1), 0) == [], "words of a marked translation do not correspond"


def test_a_word_of_a_projected_entity_or_of_a_pair_names_the_other_side(shelved: Shelved) -> None:
    words = [["<script>alert(1)</script>", "in", "New", "York"]]
    projection = {
        "sentence_id": [2], "words": words, "forward": ["x"], "source_words": [["NYC", "saw", "Bob"]],
        "source_tags": [["B-LOC", "O", "B-PER"]], "output": ["__SLOT1__ a __SLOT1__ __SLOT0__ New York __SLOT0__"],
        "output_tags": [[]],
        "entities": [["a", "New York"]], "entity_types": [["PER", "LOC"]], "matches": [[0, 2]],
        "tags": [["B-PER", "O", "B-LOC", "I-LOC"]], "reason": [""],
    }  # fmt: skip
    one = put(shelved.store, PROJECTION, "91", projection, sentences=shelved.text)
    pairs = {"sentence_id": [2], "words": words, "translation": [["the", "apple", "x"]], "starts": [[2, 1]],
             "ends": [[4, 2]], "translated_starts": [[0, -1]], "translated_ends": [[2, -1]],
             "reasons": [["", "placeholder_lost"]]}  # fmt: skip
    other = put(shelved.store, CONJUGATE_PAIRS, "93", pairs, sentences=shelved.text)
    found = followed(shelved.store, shelved.text, 2)
    assert sorted(translations(found, 3)) == sorted(
        [(str(one), "NYC", "entity LOC there and back"), (str(other), "the apple", "pair")]
    )
    assert translations(found, 1) == [(str(other), "", "placeholder_lost")]


def test_a_neighbours_sentence_is_cut_around_it() -> None:
    words = [f"w{n}" for n in range(30)]
    found = around(words, 10)
    assert (found["before"][0], found["word"], found["after"][-1], found["cut"]) == ("w2", "w10", "w18", (True, True))
    assert around(words, 0)["cut"] == (False, True) and around(words, 29)["after"] == []
