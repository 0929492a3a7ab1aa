import pytest

from tasks.corpus.text import translation_splitter, word_splitter
from tasks.translation.marked.markers import cut, mark
from tasks.translation.marked.moses import detokenizer, join_characters


def test_punctuation_joins_the_word_before_it() -> None:
    assert detokenizer("de")(["Ada", "(", "32", ")", "wohnt", "in", "Ulm", "."]) == "Ada (32) wohnt in Ulm."


def test_what_looks_like_an_escape_stays_as_it_is() -> None:
    assert detokenizer("en")(["AT", "&amp;", "T"]) == "AT &amp; T"


def test_an_english_genitive_joins_its_noun() -> None:
    assert detokenizer("en-GB")(["Ada", "'s", "house"]) == "Ada's house"


@pytest.mark.parametrize("language", ["zh", "ja", "th", "zh-CN", "zh_TW"])
def test_character_languages_have_no_spaces_but_between_latin_runs(language: str) -> None:
    assert detokenizer(language)(["苹", "果", "iPhone", "15", "发", "布", "。"]) == "苹果iPhone 15发布。"


def test_a_latin_run_that_ends_in_a_mark_stays_apart_from_the_next() -> None:
    assert join_characters(["e\u0301", "ab"]) == "e\u0301 ab"


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (list("2019年iPhone在NBA发布"), "2019年iPhone在NBA发布"),
        # An accent of its own is no second character.
        (["e\u0301", "a"], "e\u0301a"),
        # One of both is more than a character.
        (["iPhone", "1", "5", "和", "A", "iPhone"], "iPhone 15和A iPhone"),
    ],
)
def test_what_a_corpus_spells_out_by_characters_is_one_run(words: list[str], text: str) -> None:
    assert join_characters(words) == text


def test_no_words_make_no_text() -> None:
    assert detokenizer("de")([]) == ""
    assert detokenizer("zh")([]) == ""


SENTENCES = {
    "de": (["Ada", "Maier", "(", "aus", "Wien", ")", "wohnt", "in", "Ulm", "."], [(0, 2), (4, 5), (8, 9)]),
    "fr": (["L'", "Allemagne", "et", "la", "Côte", "d'", "Azur", "!"], [(1, 2), (4, 7)]),
    "ru": (["Ада", "Майер", "живёт", "в", "Нижнем", "Новгороде", "."], [(0, 2), (4, 6)]),
    "ar": (["تعيش", "آدا", "ماير", "في", "بيت", "لحم", "،", "قرب", "القدس", "."], [(1, 3), (4, 6), (8, 9)]),
    "zh": (["艾", "达", "住", "在", "乌", "尔", "姆", "的", "IBM", "大", "楼", "。"], [(0, 2), (4, 7), (8, 9)]),
}


@pytest.mark.parametrize("language", SENTENCES)
def test_entity_words_are_found_again_behind_the_markers(language: str) -> None:
    words, spans = SENTENCES[language]
    tags = ["O"] * len(words)
    for start, end in spans:
        tags[start:end] = ["B-X", *["I-X"] * (end - start - 1)]
    marked = mark(words, tags, detokenizer(language), 10)
    assert marked is not None
    pieces = cut(marked, translation_splitter(language))
    assert pieces.segments[1::2] == [words[start:end] for start, end in spans]


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("uk", "Організація Об'єднаних Націй, п'ять."),
        ("he", "נשיא ארה\"ב ג'ורג' בוש."),
        ("hy", "Ինչո՞ւ, Ադա:"),
        ("en", "O'Donnell's house."),
    ],
)
def test_text_with_signs_inside_words_is_given_back(language: str, text: str) -> None:
    assert detokenizer(language)(word_splitter(language)(text)) == text


@pytest.mark.parametrize("language", SENTENCES)
def test_words_are_found_again_without_markers(language: str) -> None:
    words, _ = SENTENCES[language]
    assert translation_splitter(language)(detokenizer(language)(words)) == words
