import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.corpus.segmenters import split_into_characters
from tasks.corpus.text import split_at_spaces, translation_splitter, word_places, word_splitter


def test_german_is_split_by_moses_without_escapes() -> None:
    split = word_splitter("de", tokenized=False)
    assert split('Dr. Meyer sagte: "R&B im Mai\'s Haus".') == [
        *["Dr.", "Meyer", "sagte", ":", '"', "R", "&", "B", "im", "Mai", "'", "s", "Haus", '"', "."]
    ]


def test_english_splits_before_the_apostrophe_and_not_at_hyphens() -> None:
    assert word_splitter("en", tokenized=False)("Anna's well-known") == ["Anna", "'s", "well-known"]


def test_what_moses_marks_dots_by_stays_a_word() -> None:
    text = "DOTMULTI und DOTMULTA... endet"
    words = word_splitter("de")(text)
    assert words == ["DOTMULTI", "und", "DOTMULTA", "...", "endet"]
    assert [text[start:end] for start, end in word_places(text, words)] == words


def test_a_language_moses_does_not_know_is_split_all_the_same() -> None:
    assert word_splitter("hr", tokenized=False)("Beograd, i Zagreb.") == ["Beograd", ",", "i", "Zagreb", "."]


@pytest.mark.parametrize("language", ["zh", "zh-cn", "ja", "TH", "zh_TW"])
def test_languages_without_spaces_are_split_into_characters_where_asked_and_in_translations(language: str) -> None:
    for split in (word_splitter(language, segmenter="characters"), translation_splitter(language)):
        assert split("苹果iPhone 15发布。") == ["苹", "果", "iPhone", "15", "发", "布", "。"]


def test_translations_into_other_languages_are_split_as_text_is() -> None:
    assert translation_splitter("de")("Dr. Koch ruht.") == ["Dr.", "Koch", "ruht", "."]


def test_marks_stay_with_the_character_they_stand_on() -> None:
    assert split_into_characters("ที่นี่") == ["ที่", "นี่"]


def test_accented_and_full_width_runs_stay_together() -> None:
    assert split_into_characters("在São Paulo和１２３") == ["在", "São", "Paulo", "和", "１２３"]


def test_tokenized_text_is_split_at_spaces_only() -> None:
    assert split_at_spaces(" nach 34\u00a0000  Jahren\u2028.\t") == ["nach", "34\u00a0000", "Jahren\u2028."]
    assert word_splitter("zh", tokenized=True)("苹果 发布") == ["苹果", "发布"]


def test_places_of_words_skip_what_splitting_left_out() -> None:
    # 0 A, 1-2 spaces, 3-6 b\x07.c (the bell is left out), 7 full stop
    text = "A  b\x07.c."
    assert word_places(text, ["A", "b.c", "."]) == [(0, 1), (3, 7), (7, 8)]


@given(st.text(alphabet="aZ9.,'-« »\"&;#\u00a0…’% (|é苹", max_size=30), st.sampled_from(["de", "en", "fr", "zh"]))
def test_every_word_stands_at_its_place(text: str, language: str) -> None:
    words = translation_splitter(language)(text)
    assert [text[start:end] for start, end in word_places(text, words)] == words


@pytest.mark.parametrize(
    ("language", "text", "words"),
    [
        # Persian: ZWNJ stays inside its words.
        ("fa", "خانه\u200cی ما می\u200cخوابد.", ["خانه\u200cی", "ما", "می\u200cخوابد", "."]),
        # Burmese: the killer and other marks stay on their letters, the full stop does not.
        ("my", "မောင်မောင် နေသည်။", ["မောင်မောင်", "နေသည်", "။"]),
        ("te", "తెలుగు భాష, బాగుంది.", ["తెలుగు", "భాష", ",", "బాగుంది", "."]),
        ("km", "ខ្ញុំ ស្រឡាញ់ ភ្នំពេញ។", ["ខ្ញុំ", "ស្រឡាញ់", "ភ្នំពេញ", "។"]),
        ("hi", "क्\u200dष है।", ["क्\u200dष", "है", "।"]),
        ("de", "Do\u00adnau, Mu\u0308ller.", ["Do\u00adnau", ",", "Mu\u0308ller", "."]),
        (
            "en",
            "A \U0001f469\u200d\U0001f4bb waved \U0001f1e9\U0001f1ea!",
            ["A", "\U0001f469\u200d\U0001f4bb", "waved", "\U0001f1e9\U0001f1ea", "!"],
        ),
    ],
)
def test_no_word_is_torn_at_joiners_marks_or_inside_a_character(language: str, text: str, words: list[str]) -> None:
    assert word_splitter(language, tokenized=False)(text) == words


@pytest.mark.parametrize(
    ("language", "text", "words"),
    [
        ("uk", "Об'єднаних Об’єднаних, «п'ять».", ["Об'єднаних", "Об’єднаних", ",", "«", "п'ять", "»", "."]),
        ("ru", "'Слово' д’Артаньяна", ["'", "Слово", "'", "д’Артаньяна"]),
        # Gershayim in an acronym, with an ending or without; geresh inside a word and behind one.
        ("he", 'ארה"ב, צה״ל: דו"חות.', ['ארה"ב', ",", "צה״ל", ":", 'דו"חות', "."]),
        ("he", "ג'ורג' בוש, רח׳ דיזנגוף", ["ג'ורג'", "בוש", ",", "רח׳", "דיזנגוף"]),
        # Quotation marks: behind a particle, around a name.
        ("he", 'ב"ידיעות אחרונות" וב"הארץ"', ["ב", '"', "ידיעות", "אחרונות", '"', "וב", '"', "הארץ", '"']),
        ("he", "'ידיעות אחרונות'", ["'", "ידיעות", "אחרונות", "'"]),
        ("hy", "Ինչո՞ւ, «Այո»։", ["Ինչո՞ւ", ",", "«", "Այո", "»", "։"]),
        ("es", "O'Donnell, O’Connor", ["O'Donnell", ",", "O’Connor"]),
        ("en", "O'Donnell's it's 'O' O'clock", ["O'Donnell", "'s", "it", "'s", "'", "O", "'", "O", "'clock"]),
        ("uz", "O'zbekiston Farg‘ona ma’no", ["O'zbekiston", "Farg‘ona", "ma’no"]),
        # As Moses has them.
        ("it", "L'Italia dell'O", ["L'", "Italia", "dell'", "O"]),
        ("tr", "Ankara'daki", ["Ankara", "'", "daki"]),
        ("fi", "EU:n", ["EU", ":", "n"]),
        # With a space on either side a sign is one of its own.
        ("uk", "Об ' єднаних' слово", ["Об", "'", "єднаних", "'", "слово"]),
    ],
)
def test_signs_inside_names_stay_in_them(language: str, text: str, words: list[str]) -> None:
    assert word_splitter(language)(text) == words


def test_a_character_of_a_language_without_spaces_is_a_grapheme_cluster() -> None:
    # Thai SARA AM belongs to the consonant before it.
    assert split_into_characters("นำ กา") == ["นำ", "ก", "า"]


@given(
    st.text(alphabet="aZ.,\u0308\u200c\u200d\u103a\u1019 က\u0e33\U0001f469\U0001f1e9«", max_size=20),
    st.sampled_from(["my", "de"]),
)
def test_no_word_begins_with_a_mark_that_stands_on_a_letter(text: str, language: str) -> None:
    words = word_splitter(language, tokenized=False)(text)
    for word, (start, _) in zip(words, word_places(text, words), strict=True):
        assert start == 0 or text[start - 1].isspace() or unicodedata.category(word[0])[0] != "M", words
