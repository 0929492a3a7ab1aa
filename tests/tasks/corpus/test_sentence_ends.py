"""Sentences of running text, by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.corpus.sentence_ends import sentence_splitter


def sentences(text: str, language: str = "de") -> list[str]:
    return [text[start:end] for start, end in sentence_splitter(language)(text)]


def test_a_full_stop_before_a_capital_ends_a_sentence() -> None:
    assert sentences("  Es regnet. Anna geht.  Sie lacht! Immer?! Ja. ") == [
        *["Es regnet.", "Anna geht.", "Sie lacht!", "Immer?!", "Ja."]
    ]


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Am 3. Oktober kam Dr. Müller.", "de"),
        ("Er mag Obst, z.B. Äpfel, in den U.S. Army-Läden.", "de"),
        ("J. S. Bach lebte in Leipzig.", "de"),
        ("See No. 5 of Prof. Smith.", "en"),
        ("Sie rief: „Komm!“ und ging ... nach Haus.", "de"),
        ("Um 17.30 Uhr.", "de"),
    ],
)
def test_these_are_one_sentence(text: str, language: str) -> None:
    assert sentences(text, language) == [text]


def test_a_number_alone_ends_one_where_it_is_no_ordinal() -> None:
    assert sentences("Das war 1998. Danach zog er um.") == ["Das war 1998.", "Danach zog er um."]
    # sentencex takes it for the abbreviation of number, whatever follows.
    assert sentences("He said No. Nobody came.", "en") == ["He said No. Nobody came."]


def test_closing_marks_belong_to_the_sentence_before_and_opening_ones_to_the_next() -> None:
    assert sentences("Er sagte: „Gut.“ Dann ging er. „Wohin?“") == ["Er sagte: „Gut.“", "Dann ging er.", "„Wohin?“"]


def test_scripts_without_capitals_and_without_spaces() -> None:
    assert sentences("वह आया। वह गया।", "hi") == ["वह आया।", "वह गया।"]
    assert sentences("他来了。她走了！“好。”", "zh-CN") == ["他来了。", "她走了！", "“好。”"]


def test_places_count_characters_and_not_bytes() -> None:
    # ß, 😀 and Ü are 2, 4 and 2 bytes of UTF-8.
    assert sentence_splitter("de")("Groß 😀. Ü!") == [(0, 7), (8, 10)]


def test_a_language_that_it_does_not_know_is_split_all_the_same() -> None:
    assert sentences("Ja. Nein.", "xx") == ["Ja.", "Nein."]


@given(st.text(alphabet='aZ3.!?…„“"( )\n。', max_size=40), st.sampled_from(["de", "en", "zh"]))
def test_only_spaces_are_left_out(text: str, language: str) -> None:
    found = sentences(text, language)
    assert all(found) and "".join("".join(found).split()) == "".join(text.split())
