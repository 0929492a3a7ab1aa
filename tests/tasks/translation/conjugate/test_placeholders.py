import pytest

from tasks.translation.conjugate.placeholders import (
    cut_at_placeholders,
    inside_brackets,
    with_brackets,
    with_placeholders,
)
from tasks.translation.marked.moses import detokenizer

WORDS = ["Bruce", "Willis", "wurde", "in", "Westdeutschland", "geboren", "."]
SPANS = [(0, 2), (4, 5)]
JOIN = detokenizer("de")


def test_the_example_of_figure_2() -> None:
    assert with_placeholders(WORDS, SPANS, "span", JOIN) == "SPAN0 wurde in SPAN1 geboren."
    assert with_placeholders(WORDS, SPANS, "slot", JOIN) == "__SLOT0__ wurde in __SLOT1__ geboren."
    assert with_brackets(WORDS, (4, 5), "span", JOIN) == "Bruce Willis wurde in [Westdeutschland] geboren."
    assert with_placeholders(WORDS, SPANS[1:], "span", JOIN) == "Bruce Willis wurde in SPAN0 geboren."
    slots = with_brackets(WORDS, (0, 2), "slot", JOIN)
    assert slots == "__SLOT0__ Bruce Willis __SLOT0__ wurde in Westdeutschland geboren."


def test_slots_stand_by_themselves_and_other_placeholders_as_words_do() -> None:
    words, spans = ["Ulm", ",", "Wien", "."], [(0, 1), (2, 3)]
    assert with_placeholders(words, spans, "slot", JOIN) == "__SLOT0__ , __SLOT1__ ."
    assert with_placeholders(words, spans, "span", JOIN) == "SPAN0, SPAN1."
    assert with_brackets(words, (2, 3), "slot", JOIN) == "Ulm, __SLOT0__ Wien __SLOT0__ ."


def test_words_that_look_like_placeholders_lose_what_makes_them_so() -> None:
    assert with_placeholders(["SPAN3", "__SLOT3__", "SPAN"], [], "span", " ".join) == "Span3 _-SLOT3-_ SPAN"


@pytest.mark.parametrize("form", ["span", "slot"])
def test_a_sentence_s_own_words_are_not_taken_for_placeholders(form: str) -> None:
    words = ["SPAN0", "und", "__SLOT1__", "in", "Ulm"]
    text = with_placeholders(words, [(4, 5)], form, JOIN)  # type: ignore[arg-type]
    assert cut_at_placeholders(text, form)[1] == [0]  # type: ignore[arg-type]


def test_a_word_and_the_number_behind_it_are_not_taken_for_a_placeholder() -> None:
    words = ["LIFE", "SPAN", "0", "bis", "SPAN", "1", "in", "Ulm"]
    text = with_placeholders(words, [(7, 8)], "span", JOIN)
    assert text == "LIFE Span 0 bis Span 1 in SPAN0" and cut_at_placeholders(text, "span")[1] == [0]
    assert with_brackets(words, (7, 8), "span", " ".join) == "LIFE Span 0 bis Span 1 in [ Ulm ]"


@pytest.mark.parametrize(
    ("output", "numbers"),
    [
        ("SPAN0 was born in SPAN1.", [0, 1]),
        ("In SPAN 1 was SPAN_0 born", [1, 0]),
        ("SPAN10 and SPAN1", [10, 1]),
        ("a span 2 metres wide, LIFESPAN3", []),
    ],
)
def test_placeholders_are_found_in_any_order(output: str, numbers: list[int]) -> None:
    segments, found = cut_at_placeholders(output, "span")
    assert found == numbers and len(segments) == len(numbers) + 1


def test_slots_are_found_although_they_were_damaged() -> None:
    assert cut_at_placeholders("in _slot 1 _ lebt __SLOT0__ .", "slot") == (["in ", " lebt ", " ."], [1, 0])


@pytest.mark.parametrize(
    ("form", "output", "inside"),
    [
        ("span", "born in [West Germany].", "West Germany"),
        ("span", "born in [ West Germany ].", "West Germany"),
        ("span", "born in West Germany.", ""),
        ("span", "[born] in [West Germany].", ""),
        ("span", "born in [ ].", ""),
        ("slot", "born in __SLOT0__ West Germany __SLOT0__ .", "West Germany"),
        ("slot", "born in __SLOT0__ West Germany .", ""),
    ],
)
def test_a_span_is_read_between_its_brackets(form: str, output: str, inside: str) -> None:
    assert inside_brackets(output, form) == inside  # type: ignore[arg-type]


def test_brackets_of_the_sentence_are_others() -> None:
    text = with_brackets(["[", "1", "]", "Ulm"], (3, 4), "span", " ".join)
    assert text == "( 1 ) [ Ulm ]" and inside_brackets(text, "span") == "Ulm"
