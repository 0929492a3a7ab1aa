"""Every rule of entity matching by hand; sentences are written with spaces between words."""

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from tasks.translation.projection.entities import Entities, entities_of, equal_texts
from tasks.translation.projection.matching import FAULTS, Matches, Matching, match_entities

TYPES = ["LOC", "MISC", "ORG", "PER"]
Entity = tuple[str, str]


def matched(raw: list[list[str]], entities: list[list[tuple[list[str], str]]], **rules: Any) -> Matches:
    config = Matching(**rules)
    every = [(row, words, name) for row, found in enumerate(entities) for words, name in found]
    words = pa.array([word for sentence in raw for word in sentence], pa.string())
    entity_words = pa.array([word for _, text, _ in every for word in text], pa.string())

    def numbers(values: list[int]) -> np.ndarray:
        return np.array(values, dtype=np.int64)

    made = Entities(
        numbers([]),
        numbers([len(text) for _, text, _ in every]),
        numbers([row for row, _, _ in every]),
        numbers([TYPES.index(name) for _, _, name in every]),
    )
    return match_entities(words, numbers([len(sentence) for sentence in raw]), entity_words, made, config)


def tags_of(found: Matches) -> str:
    shown = zip(found.types.tolist(), found.begins.tolist(), strict=True)
    return " ".join("O" if number < 0 else f"{'B' if begin else 'I'}-{TYPES[number]}" for number, begin in shown)


def labelled(raw: str, *entities: Entity, **rules: Any) -> str:
    """Tags of one sentence, or why it is dropped."""
    found = matched([raw.split()], [[(text.split(), name) for text, name in entities]], **rules)
    return next((fault for fault in FAULTS if found.faults[fault][0]), tags_of(found))


@pytest.mark.parametrize(
    ("raw", "entities", "tags"),
    [
        ("Ada Lovelace wohnt in Ulm .", [("Ulm", "LOC"), ("Ada Lovelace", "PER")], "B-PER I-PER O O B-LOC O"),
        ("Анна живёт в Нижнем Тагиле", [("Нижнем Тагиле", "LOC"), ("Анна", "PER")], "B-PER O O B-LOC I-LOC"),
        ("تعيش ليلى في أبو ظبي", [("أبو ظبي", "LOC"), ("ليلى", "PER")], "O B-PER O B-LOC I-LOC"),
        ("他 住 在 哥 德 堡 。", [("哥 德 堡", "LOC")], "O O O B-LOC I-LOC I-LOC O"),
    ],
)
def test_an_entity_is_found_where_its_words_stand_one_after_another(
    raw: str, entities: list[Entity], tags: str
) -> None:
    assert labelled(raw, *entities) == tags


@pytest.mark.parametrize(
    ("raw", "entity"),
    [
        ("他 住 在 哥 德 堡", "哥 的 堡"),  # Figure 8 (a): one character differs.
        ("Ada wohnt in Bad Berka", "Bad in"),  # The words are there, but not in this order.
        ("Ada wohnt in Bad", "Bad Berka"),  # The sentence ends before the entity.
        ("Он живёт в Москве", "Москва"),  # Another case form of the name.
        ("هو في بغداد", "البصرة"),
    ],
)
def test_an_entity_that_differs_in_a_word_is_unmatched(raw: str, entity: str) -> None:
    assert labelled(raw, (entity, "LOC")) == "unmatched"


def test_one_unmatched_entity_drops_the_sentence_but_not_its_neighbours() -> None:
    found = matched(
        [["Ada", "in", "Ulm"], ["Ulm"], []], [[(["Ada"], "PER"), (["Bonn"], "LOC")], [(["Ulm"], "LOC")], []]
    )
    assert found.faults["unmatched"].tolist() == [True, False, False]
    assert found.starts.tolist() == [0, -1, 0]


def test_an_entity_does_not_run_into_the_next_sentence() -> None:
    found = matched([["in", "Bad"], ["Berka", "Bad"]], [[(["Bad", "Berka"], "LOC")], []])
    assert found.faults["unmatched"].tolist() == [True, False]


def test_a_text_that_occurs_several_times_is_labelled_as_the_option_says() -> None:
    raw, bonn = "Bonn ist Bonn", ("Bonn", "LOC")
    assert labelled(raw, bonn) == "B-LOC O B-LOC"
    assert labelled(raw, bonn, occurrences="first") == "B-LOC O O"
    assert labelled(raw, bonn, occurrences="only") == "ambiguous"
    assert labelled("Bonn ist schön", bonn, occurrences="only") == "B-LOC O O"


def test_equal_texts_share_their_places_from_left_to_right() -> None:
    # Two entities, three places: the first has the first place, the second the second and the one left over.
    raw, both = "Washington in Washington , Washington", (("Washington", "PER"), ("Washington", "LOC"))
    assert labelled(raw, *both) == "B-PER O B-LOC O B-LOC"
    assert labelled(raw, *both, occurrences="first") == "B-PER O B-LOC O O"


def test_more_entities_than_places_are_fine_if_their_types_are_equal() -> None:
    assert labelled("in Bonn", ("Bonn", "LOC"), ("Bonn", "LOC")) == "O B-LOC"
    assert labelled("in Bonn", ("Bonn", "LOC"), ("Bonn", "ORG")) == "overlap"
    assert labelled("in Bonn", ("Bonn", "LOC"), ("Bonn", "LOC"), overlap="drop") == "overlap"


def test_the_longer_of_two_entities_keeps_the_words_that_both_match() -> None:
    # Berlin's first place lies inside the university; its second is its own.
    raw, both = "Universität Berlin in Berlin", (("Berlin", "LOC"), ("Universität Berlin", "ORG"))
    assert labelled(raw, *both) == "B-ORG I-ORG O B-LOC"
    assert labelled(raw, *both, occurrences="first") == "B-ORG I-ORG O B-LOC"
    assert labelled(raw, *both, overlap="drop") == "overlap"
    assert labelled("北 京 大 学", ("北 京", "LOC"), ("北 京 大 学", "ORG")) == "overlap"


def test_of_two_equally_long_entities_the_left_one_keeps_the_words_and_the_sentence_goes() -> None:
    found = matched([["a", "b", "c"]], [[(["b", "c"], "LOC"), (["a", "b"], "PER")]])
    assert found.faults["overlap"].tolist() == [True]
    assert found.starts.tolist() == [-1, 0]


def test_entities_side_by_side_do_not_overlap() -> None:
    assert labelled("Ada Ulm", ("Ada", "PER"), ("Ulm", "PER")) == "B-PER B-PER"


def test_a_name_within_itself_keeps_the_left_place() -> None:
    # "a a" stands at 0-1 and 1-2 of "a a a"; the places overlap, the left one is taken, and that is enough.
    assert labelled("a a a", ("a a", "LOC")) == "B-LOC I-LOC O"


def test_case_counts_unless_ignored() -> None:
    assert labelled("in BONN", ("Bonn", "LOC")) == "unmatched"
    assert labelled("in BONN", ("Bonn", "LOC"), ignore_case=True) == "O B-LOC"
    assert labelled("в МОСКВЕ", ("Москве", "LOC"), ignore_case=True) == "O B-LOC"


def test_unicode_forms_that_count_as_equal_are_an_option() -> None:
    # Ko\u0308ln: o and a combining diaeresis; \uff22 is a full-width B, that only NFKC turns into B.
    assert labelled("in Ko\u0308ln", ("K\u00f6ln", "LOC")) == "O B-LOC"
    assert labelled("in Ko\u0308ln", ("K\u00f6ln", "LOC"), unicode="as_is") == "unmatched"
    assert labelled("在 \uff22", ("B", "LOC")) == "unmatched"
    assert labelled("在 \uff22", ("B", "LOC"), unicode="NFKC") == "O B-LOC"


def test_scattered_words_span_from_the_first_to_the_last_of_those_found() -> None:
    # 4 of 5 words found, 0.8: from A (0) to D (4), with x in between.
    rules = {"rule": "scattered", "found_share": 0.8}
    assert labelled("A x B C D y", ("A B C D q", "ORG"), **rules) == "B-ORG I-ORG I-ORG I-ORG I-ORG O"
    # 3 of 4 is 0.75.
    assert labelled("A x B C y", ("A B C q", "ORG"), **rules) == "unmatched"
    assert labelled("в Тагиле Нижнем", ("Нижнем Тагиле", "LOC"), **rules) == "O B-LOC I-LOC"
    assert labelled("ظبي أبو", ("أبو ظبي", "LOC"), **rules) == "B-LOC I-LOC"


def test_scattered_words_must_occur_exactly_once() -> None:
    rules = {"rule": "scattered", "found_share": 0.8}
    assert labelled("Bonn ist Bonn", ("Bonn", "LOC"), **rules) == "ambiguous"
    # 大 comes twice, so 3 of 4 characters are found.
    assert labelled("北 京 大 学 大", ("北 京 大 学", "ORG"), **rules) == "ambiguous"
    assert (
        labelled("北 京 大 学 大", ("北 京 大 学", "ORG"), rule="scattered", found_share=0.75)
        == "B-ORG I-ORG I-ORG I-ORG O"
    )


def test_a_found_share_of_12_in_15_is_enough_for_80_percent() -> None:
    # 0.8 * 15 is 12.000000000000002 in floating point.
    words = [f"w{n}" for n in range(15)]
    tags = labelled(" ".join(words[:12]), (" ".join(words), "ORG"), rule="scattered", found_share=0.8)
    assert tags == " ".join(["B-ORG", *["I-ORG"] * 11])


def test_scattered_spans_that_overlap_drop_the_sentence() -> None:
    # a .. d spans b, which is an entity of its own.
    both = (("a d", "ORG"), ("b", "LOC"))
    assert labelled("a b d", *both, rule="scattered", overlap="drop") == "overlap"


@pytest.mark.parametrize(
    ("raw", "entity", "tags"),
    [
        # Chinese that was segmented, and a back-translation split into characters.
        ("他 住 在 哥德堡 。", "哥 德 堡", "O O O B-LOC O"),
        ("在 北京 大学 里", "北 京 大 学", "O B-LOC I-LOC O"),
        # What a corpus and Moses split differently.
        ("de O'Brien et", "O ' Brien", "O B-LOC O"),
        ("in St . Pölten", "St. Pölten", "O B-LOC I-LOC I-LOC"),
        ("en d'Italia ,", "d' Italia", "O B-LOC O"),
        ("via Rio\u00a0Grande", "Rio Grande", "O B-LOC"),  # a no-break space inside a word
        ("می\u200cخواهم", "میخواهم", "B-LOC"),  # a zero-width non-joiner
        # The accent of Köln in a word of its own, as some splitters give it.
        ("in K\u00f6ln", "Ko \u0308 ln", "O B-LOC"),
    ],
)
def test_how_a_text_was_split_into_words_does_not_count(raw: str, entity: str, tags: str) -> None:
    words, text = raw.split(" "), entity.split(" ")
    assert tags_of(matched([words], [[(text, "LOC")]])) == tags


@pytest.mark.parametrize(
    ("raw", "entity"),
    [
        ("in Ulmer Straße", "Ulm"),
        ("en d'Italia ,", "Italia"),
        ("住 在 哥德堡市 。", "哥 德 堡"),
        ("北京 大学 里", "京 大 学"),
        ("北京 大学城 里", "北 京 大 学"),
    ],
)
def test_an_entity_that_begins_or_ends_inside_a_word_drops_the_sentence_for_that(raw: str, entity: str) -> None:
    assert labelled(raw, (entity, "LOC")) == "inside_word"


def test_a_whole_word_counts_and_the_same_letters_inside_another_do_not() -> None:
    assert labelled("Ulmer in Ulm", ("Ulm", "LOC"), occurrences="only") == "O O B-LOC"


def test_characters_do_not_run_into_the_next_sentence() -> None:
    found = matched([["哥德"], ["堡"]], [[(["哥", "德", "堡"], "LOC")], []])
    assert found.faults["unmatched"].tolist() == [True, False]


def test_words_of_invisible_characters_belong_to_no_entity_that_stands_beside_them() -> None:
    # Words 0, 2 and 4 are left-to-right marks; "Bad" and "Berka" are found across the one between them.
    raw = [["\u200e", "Bad", "\u200e", "Berka", "\u200e"]]
    assert tags_of(matched(raw, [[(["Bad", "Berka"], "LOC")]])) == "O B-LOC I-LOC I-LOC O"
    assert matched(raw, [[(["\u200e"], "LOC")]]).faults["unmatched"].tolist() == [True]


def test_entities_of_the_same_text_are_the_same_however_they_were_split() -> None:
    # "St." inside the sentence and "St ." at its end: two entities, one text, two places.
    assert labelled("St . und St .", ("St.", "LOC"), ("St .", "PER")) == "B-LOC I-LOC O B-PER I-PER"


def test_an_unmatched_entity_is_told_before_an_ambiguous_one() -> None:
    both = ("Bonn", "LOC"), ("Ulm", "LOC")
    assert labelled("Bonn ist Bonn", *both, occurrences="only") == "unmatched"


def test_entities_longer_than_the_limit_are_unmatched() -> None:
    six, seven = "a b c d e f", "a b c d e f g"
    assert labelled(seven, (six, "ORG"), max_entity_words=6) == " ".join(["B-ORG", *["I-ORG"] * 5, "O"])
    assert labelled(seven, (seven, "ORG"), max_entity_words=6) == "unmatched"
    assert labelled(seven, (seven, "ORG"), rule="scattered", max_entity_words=6) == "unmatched"
    # Of the raw sentence where characters are compared, of the back-translation where words are.
    assert labelled("哥德堡", ("哥 德 堡", "LOC"), max_entity_words=1) == "B-LOC"
    assert labelled("哥 德 堡", ("哥德堡", "LOC"), max_entity_words=1) == "unmatched"
    loose = {"rule": "scattered", "found_share": 0.1}
    assert labelled("a b", ("a b c d e f g", "ORG"), **loose) == "B-ORG I-ORG"
    assert labelled("a b", ("a b c d e f g", "ORG"), max_entity_words=6, **loose) == "unmatched"


def test_nothing_to_match_gives_nothing() -> None:
    for rule in ("contiguous", "scattered"):
        assert tags_of(matched([["a"], []], [[], []], rule=rule)) == "O"
        assert tags_of(matched([], [], rule=rule)) == ""
        assert matched([[]], [[(["a"], "LOC")]], rule=rule).faults["unmatched"].tolist() == [True]


def test_equal_texts_are_those_with_the_same_words_in_the_same_sentence() -> None:
    # Words 1 / 1 2 / 1 of sentence 0, 1 / 2 1 of sentence 1.
    entities = Entities(
        np.array([1, 1, 2, 1, 1, 2, 1]), np.array([1, 2, 1, 1, 2]), np.array([0, 0, 0, 1, 1]), np.zeros(5, dtype=int)
    )
    groups = equal_texts(entities).tolist()
    assert groups[0] == groups[2]
    assert len(set(groups)) == 4
    assert sorted(set(groups)) == [0, 1, 2, 3]


def test_entities_are_read_from_tags() -> None:
    tags = pa.array(["B-PER", "I-PER", "B-PER", "O", "B-LOC"])
    places, counts, entities = entities_of(tags, np.array([4, 0, 1]), TYPES)
    assert places.tolist() == [0, 1, 2, 4]
    assert counts.tolist() == [2, 0, 1]
    assert (entities.lengths.tolist(), entities.rows.tolist(), entities.types.tolist()) == (
        [2, 1, 1],
        [0, 0, 2],
        [3, 3, 0],
    )


def test_settings_out_of_range_are_refused() -> None:
    for wrong in ({"found_share": 0}, {"found_share": 1.1}, {"max_entity_words": 0}, {"rule": "fuzzy"}):
        with pytest.raises(ValidationError):
            Matching.model_validate(wrong)


words = st.sampled_from("abc")
texts = st.lists(words, min_size=1, max_size=3)
sentence = st.tuples(st.lists(words, max_size=8), st.lists(st.tuples(texts, st.sampled_from(TYPES)), max_size=4))


@settings(max_examples=150, deadline=None)
@given(st.lists(sentence, max_size=4), st.sampled_from(["all", "first", "only"]), st.sampled_from(["longest", "drop"]))
def test_any_sentences_match_as_a_loop_over_them_does(
    data: list[tuple[list[str], list[tuple[list[str], str]]]], occurrences: str, overlap: str
) -> None:
    found = matched([raw for raw, _ in data], [e for _, e in data], occurrences=occurrences, overlap=overlap)
    expected = [_one_by_one(raw, entities, occurrences, overlap) for raw, entities in data]
    lost_places = np.logical_or(found.faults["unmatched"], found.faults["ambiguous"])
    assert lost_places.tolist() == [unmatched for _, unmatched, _ in expected]
    assert found.faults["overlap"].tolist() == [lost for _, _, lost in expected]
    assert tags_of(found).split() == [tag for tags, _, _ in expected for tag in tags]


def _one_by_one(
    raw: list[str], entities: list[tuple[list[str], str]], occurrences: str, overlap: str
) -> tuple[list[str], bool, bool]:
    """The rules as loops, from their description."""
    tags, unmatched, lost = ["O"] * len(raw), False, False
    names: dict[tuple[str, ...], list[str]] = {}
    for text, name in entities:
        names.setdefault(tuple(text), []).append(name)
    places = []
    for text in names:
        starts = [i for i in range(len(raw)) if tuple(raw[i : i + len(text)]) == text]
        if not starts or (occurrences == "only" and len(starts) > 1):
            unmatched = True
        else:
            places += [(-len(text), start, text) for start in starts]
    given_to: dict[tuple[str, ...], list[str]] = {}
    for length, start, text in sorted(places):
        given = given_to.setdefault(text, [])
        if occurrences != "all" and len(given) >= len(names[text]):
            continue
        if any(tag != "O" for tag in tags[start : start - length]):
            lost = lost or overlap == "drop"
            continue
        name = names[text][min(len(given), len(names[text]) - 1)]
        given.append(name)
        tags[start : start - length] = [f"B-{name}", *[f"I-{name}"] * (len(text) - 1)]
    for text, given in given_to.items():
        for name in names[text][len(given) :]:
            lost = lost or overlap == "drop" or not given or name != given[-1]
    return tags, unmatched, lost
