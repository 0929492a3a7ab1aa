"""Placeholders become spans again, by hand; each reason for which a pair is dropped."""

import pytest

from tasks.translation.conjugate.reading import NOWHERE, REASONS, Conjugate, filled, span_text


def read(output: str, *texts: str, spans: int | None = None) -> Conjugate:
    return filled(output, texts, len(texts) if spans is None else spans, "span", str.split)


def test_the_example_of_figure_2() -> None:
    made = read("Bruce was born in SPAN0 .", "West Germany")
    assert made == Conjugate(["Bruce", "was", "born", "in", "West", "Germany", "."], [(4, 6)], [""])


def test_spans_may_change_their_order() -> None:
    made = read("In SPAN1 lives SPAN0 .", "Ada Byron", "Ulm")
    assert made.words == ["In", "Ulm", "lives", "Ada", "Byron", "."]
    assert made.spans == [(3, 5), (1, 2)] and made.reasons == ["", ""]


@pytest.mark.parametrize(
    ("output", "reasons"),
    [
        ("", ["no_output"] * 2),
        ("SPAN0 and SPAN2 in SPAN1", ["placeholder_invented"] * 2),
        ("SPAN0 SPAN1 " + "no " * 8, ["repetition"] * 2),
        ("lives in SPAN1", ["placeholder_lost", ""]),
        ("SPAN0 and SPAN0 in SPAN1", ["placeholder_doubled", ""]),
    ],
)
def test_what_cannot_be_read_is_dropped_and_says_why(output: str, reasons: list[str]) -> None:
    made = read(output, "Ada", "Ulm")
    assert made.reasons == reasons and set(reasons) <= {*REASONS, ""}
    assert (made.words == []) == (reasons[0] in ("no_output", "placeholder_invented"))
    assert [place == NOWHERE for place in made.spans] == [reason != "" for reason in reasons]


def test_a_doubled_placeholder_is_filled_all_the_same() -> None:
    assert read("SPAN0 and SPAN0", "Ada").words == ["Ada", "and", "Ada"]


def test_a_span_without_a_translation_and_one_without_a_placeholder() -> None:
    made = read("in SPAN0 and SPAN1", "", "Ulm", spans=3)
    assert made.words == ["in", "and", "Ulm"]
    assert made.reasons == ["no_span_output", "", "too_many_spans"] and made.spans == [NOWHERE, (2, 3), NOWHERE]


def test_a_span_is_translated_inside_its_sentence_if_brackets_are_left() -> None:
    assert span_text("West German", "born in [West Germany].", "span") == "West Germany"
    assert span_text("West German", "born in West Germany.", "span") == "West German"
    assert span_text("West German", None, "span") == "West German"
