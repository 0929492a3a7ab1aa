"""The text of words, and where they stand in it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.labelling.placed_words import placed_words
from tasks.translation.marked.moses import detokenizer

EMOJI, FLAG, HEBREW = "\U0001f600", "\U0001f1e9\U0001f1ea", "\u202eאבג\u202c"


def test_words_are_joined_as_a_person_writes_them() -> None:
    words = ["Ada", "wohnt", ",", "sagt", "sie", ",", "in", "Ulm", "."]
    text, places = placed_words(words, detokenizer("de"))
    assert text == "Ada wohnt, sagt sie, in Ulm."
    assert places == [(0, 3), (4, 9), (9, 10), (11, 15), (16, 19), (19, 20), (21, 23), (24, 27), (27, 28)]


def test_offsets_count_code_points() -> None:
    # An emoji beyond U+FFFF is one, though two units of UTF-16 and four bytes of UTF-8.
    text, places = placed_words([EMOJI, "Ulm"], detokenizer("de"))
    assert (text, places) == (f"{EMOJI} Ulm", [(0, 1), (2, 5)])


@pytest.mark.parametrize(
    "words",
    [
        ["a\nb", "c"],
        ['"', "Ulm", '"', "'", "s"],
        [FLAG, HEBREW, "\u200b", "x"],
        ["a  b", " ", "c"],
        ["\\", "{}", "</s>", "&amp;", "@-@"],
        ["", "a", ""],
        ["\ufeff", "\u2028", "\x85"],
        ["e\u0301", "\u0301"],
    ],
)
@pytest.mark.parametrize("language", ["de", "zh", "xx"])
def test_every_word_stands_where_its_place_says(words: list[str], language: str) -> None:
    check(words, language)


@given(st.lists(st.text(max_size=4), max_size=6))
def test_every_word_of_any_sentence_stands_where_its_place_says(words: list[str]) -> None:
    check(words, "en")
    check(words, "ja")


def check(words: list[str], language: str) -> None:
    text, places = placed_words(words, detokenizer(language))
    assert [text[start:end] for start, end in places] == words
    ends = [0, *(end for _, end in places)]
    starts = [*(start for start, _ in places), len(text)]
    assert not "".join(text[end:start] for end, start in zip(ends, starts, strict=True)).strip(" ")
