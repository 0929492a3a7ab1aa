import unicodedata

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.translation.casing import (
    case_counts,
    draw_forms,
    forms_by_frequency,
    forms_in_true_case,
    forms_like_source,
    like_source,
    true_cases,
    uniform_draws,
)


@pytest.mark.parametrize(
    ("word", "translation", "expected"),
    [
        ("Prague", "prag", "Prag"),
        ("city", "Stadt", "stadt"),
        ("NATO", "otan", "OTAN"),
        # No letter is in lower case: capitals, also for one letter, or where dots and digits stand between.
        ("A", "Un", "UN"),
        ("U.S.", "ee.uu.", "EE.UU."),
        # Mixed case: only its first letter is looked at.
        ("GmbH", "SL", "Sl"),
        ("McDonald", "mcdonald", "Mcdonald"),
        ("iPhone", "Teléfono", "teléfono"),
        ("1990s", "Años", "años"),
        # The rest of the translation is in lower case, whatever the lexicon has.
        ("East", "Nord-Ost", "Nord-ost"),
        ("1996", "1995", "1995"),
    ],
)
def test_a_translation_is_written_as_its_source_word(word: str, translation: str, expected: str) -> None:
    assert like_source(word, translation) == expected


@pytest.mark.parametrize(
    ("word", "translation", "language", "expected"),
    [
        # Georgian has no capitals in names, nor in acronyms; Mtavruli, U+1C90 to U+1CBF, are those of headlines.
        ("Tbilisi", "თბილისი", "ka", "თბილისი"),
        ("NATO", "ნატო", "", "ნატო"),
        ("NATO", "\u1c9c\u1c90\u1ca2\u1c9d", "ka", "ნატო"),
        # An İ in lower case is i and U+0307; the capital of both is İ again.
        ("England", "İngiltere", "", "İngiltere"),
        ("England", "ingiltere", "tr", "İngiltere"),
        ("England", "i\u0307ngiltere", "tr-TR", "İngiltere"),
        ("in", "İçinde", "az", "içinde"),
        ("Light", "Işık", "tr", "Işık"),
        ("light", "Işık", "tr", "ışık"),
        ("TRT", "ışık-iş", "tr", "IŞIK-İŞ"),
        ("Light", "isik", "de", "Isik"),
        # One letter for two has a form of its own where a word begins with it.
        ("Jungle", "\u01c6ungla", "hr", "\u01c5ungla"),
        # Nothing that NFC would put together is left apart.
        ("paris", "PARI\u0301S", "es", "parís"),
    ],
)
def test_capitals_are_those_of_the_language(word: str, translation: str, language: str, expected: str) -> None:
    assert like_source(word, translation, language) == expected


@given(
    st.sampled_from(["Prague", "city", "NATO"]),
    st.text(alphabet="aIiİıÉé\u0301\u0307თბ\u1c90\u1cbfßǆΣσ-", max_size=8) | st.text(max_size=8),
    st.sampled_from(["", "tr", "ka"]),
)
def test_every_case_is_in_nfc_and_without_mtavruli(word: str, translation: str, language: str) -> None:
    written = like_source(word, translation, language)
    assert unicodedata.is_normalized("NFC", written)
    assert not any("\u1c90" <= character <= "\u1cbf" for character in written)


def test_turkish_forms_are_counted_and_drawn_with_their_own_i() -> None:
    # İzmir is a capital, izmir in lower case, ISI the capitals of ısı.
    counts = case_counts([("İzmir", 3), ("izmir", 1), ("ISI", 2)], "tr")
    assert {word: seen.tolist() for word, seen in counts.items()} == {"izmir": [1, 3, 0], "ısı": [0, 0, 2]}
    forms, _ = forms_by_frequency(["Smyrna", "heat"], ["İZMİR", "ısı"], counts, "tr")
    assert forms.tolist() == [["izmir", "İzmir", "İZMİR"], ["ısı", "Isı", "ISI"]]


def test_like_source_copies_the_case_of_each_source_word() -> None:
    forms, cumulative = forms_like_source(["House", "house", "NATO", "iPhone"], ["casa", "Casa", "otan", "teléfono"])
    assert forms[:, 0].tolist() == ["Casa", "casa", "OTAN", "teléfono"]
    assert (cumulative == 1).all()


def test_frequencies_of_a_word_sum_over_its_spellings_and_mixed_ones_count_as_capitals() -> None:
    counts = case_counts([("die", 6), ("Die", 3), ("DIE", 1), ("dIE", 2), ("GmbH", 5), ("I", 4), ("1990", 7)])
    assert {word: seen.tolist() for word, seen in counts.items()} == {
        "die": [6, 3, 3],
        "gmbh": [0, 0, 5],
        "i": [0, 4, 0],
        "1990": [7, 0, 0],
    }


def test_a_draw_chooses_by_cumulative_frequency() -> None:
    # die 6, Die 3, DIE 1 of 10: draws below .6 give die, below .9 Die, the rest DIE.
    forms, cumulative = forms_by_frequency(["The"], ["die"], case_counts([("die", 6), ("Die", 3), ("DIE", 1)]))
    assert cumulative.tolist() == [[0.6, 0.9, 1.0]]
    draws = np.array([0.0, 0.59, 0.6, 0.89, 0.9, 0.999])
    chosen = draw_forms(np.repeat(cumulative, 6, axis=0), draws)
    assert forms[0, chosen].tolist() == ["die", "die", "Die", "Die", "DIE", "DIE"]


def test_a_word_always_written_alike_is_never_drawn_otherwise() -> None:
    forms, cumulative = forms_by_frequency(["house"], ["haus"], case_counts([("Haus", 4)]))
    chosen = draw_forms(np.repeat(cumulative, 3, axis=0), np.array([0.0, 0.5, 0.999999]))
    assert forms[0, chosen].tolist() == ["Haus"] * 3


def test_a_word_that_the_text_does_not_have_takes_the_case_of_its_source_word() -> None:
    # Of UniTrans' German: Prague -> Prag, although the lexicon has prag; baum is seen, as Baum alone.
    words, translations = ["Prague", "PRAGUE", "tree"], ["prag", "Prag", "baum"]
    forms, cumulative = forms_by_frequency(words, translations, case_counts([("Baum", 4)]))
    assert forms.tolist() == [["Prag"] * 3, ["PRAG"] * 3, ["baum", "Baum", "BAUM"]]
    assert cumulative.tolist() == [[1, 1, 1], [1, 1, 1], [0, 1, 1]]


def test_what_is_drawn_does_not_depend_on_the_case_in_the_lexicon() -> None:
    counts = case_counts([("GmbH", 4), ("gmbh", 4)])
    forms, cumulative = forms_by_frequency(["Ltd", "ltd"], ["GmbH", "gmbh"], counts)
    assert forms.tolist() == [["gmbh", "Gmbh", "GMBH"]] * 2
    assert cumulative.tolist() == [[0.5, 0.5, 1.0]] * 2


def test_draws_depend_on_seed_sentence_and_place_alone() -> None:
    whole = uniform_draws(5, np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1]))
    assert uniform_draws(5, np.array([1, 1]), np.array([0, 1])).tolist() == whole[2:].tolist()
    assert uniform_draws(6, np.array([1, 1]), np.array([0, 1])).tolist() != whole[2:].tolist()
    assert len(set(whole.tolist())) == 4


def test_draws_are_uniform() -> None:
    # The mean of 90,000 uniform numbers has standard deviation sqrt(1/12 / 90,000) = .001; each tenth holds 9,000
    # with standard deviation 90.
    draws = uniform_draws(0, np.repeat(np.arange(3000), 30), np.tile(np.arange(30), 3000))
    assert draws.min() >= 0 and draws.max() < 1
    assert draws.mean() == pytest.approx(0.5, abs=0.005)
    assert np.histogram(draws, bins=10, range=(0, 1))[0] == pytest.approx(np.full(10, 9000), abs=450)


def test_true_case_is_what_is_written_most_behind_the_first_word() -> None:
    sentences = [
        ["Im", "Haus", "im", "Wald", ".", "Im", "Haus"],  # Behind a full stop another sentence begins.
        ['"', "Im", "Ort"],  # And behind a quotation mark.
        ["Nur", "Im", "im", "HAUS", "Xenia"],
        ["Nie"],
    ]
    assert true_cases(sentences) == {"haus": "Haus", "im": "im", "wald": "Wald", "ort": "Ort", "xenia": "Xenia"}
    assert true_cases([["x", "b", "B"]]) == {"b": "b"}, "of two that are as frequent the first"


def test_true_case_knows_languages() -> None:
    assert true_cases([["x", "ISPARTA"]], "tr") == {"ısparta": "ISPARTA"}
    assert true_cases([["x", "ISPARTA"]]) == {"isparta": "ISPARTA"}
    assert forms_in_true_case(["x"], ["IRMAK"], {"ırmak": "ırmak"}, "tr")[0, :2].tolist() == ["ırmak", "Irmak"]


def test_forms_in_true_case_are_as_written_and_with_a_capital() -> None:
    forms = forms_in_true_case(["the", "app", "Prague"], ["DIE", "iphone", "prag"], {"die": "die", "iphone": "iPhone"})
    assert forms[:, :2].tolist() == [["die", "Die"], ["iPhone", "iPhone"], ["Prag", "Prag"]]
