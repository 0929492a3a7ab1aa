import numpy as np
import pytest

from tasks.translation.casing import (
    CAPITAL,
    LOWER,
    MIXED,
    UPPER,
    case_counts,
    case_pattern,
    draw_forms,
    forms_by_frequency,
    forms_like_source,
    uniform_draws,
    with_case,
)


@pytest.mark.parametrize(
    ("word", "pattern"),
    [("haus", LOWER), ("Haus", CAPITAL), ("HAUS", UPPER), ("GmbH", MIXED), ("Nord-Ost", MIXED), ("I", CAPITAL)],
)
def test_patterns(word: str, pattern: int) -> None:
    assert case_pattern(word) == pattern


def test_writing_in_a_pattern() -> None:
    assert [with_case("hAUS", pattern) for pattern in (LOWER, CAPITAL, UPPER, MIXED)] == [
        "haus",
        "Haus",
        "HAUS",
        "hAUS",
    ]


def test_like_source_copies_the_case_of_each_source_word() -> None:
    forms, cumulative = forms_like_source(["House", "house", "NATO", "iPhone"], ["casa", "Casa", "otan", "teléfono"])
    assert forms[:, 0].tolist() == ["Casa", "casa", "OTAN", "teléfono"]
    assert (cumulative == 1).all()


def test_frequencies_of_a_word_sum_over_its_spellings() -> None:
    counts = case_counts([("die", 6), ("Die", 3), ("DIE", 1), ("GmbH", 5)])
    assert {word: seen.tolist() for word, seen in counts.items()} == {"die": [6, 3, 1]}


def test_a_draw_chooses_by_cumulative_frequency() -> None:
    # die 6, Die 3, DIE 1 of 10: draws below .6 give die, below .9 Die, the rest DIE.
    forms, cumulative = forms_by_frequency(["die"], case_counts([("die", 6), ("Die", 3), ("DIE", 1)]))
    assert cumulative.tolist() == [[0.6, 0.9, 1.0]]
    draws = np.array([0.0, 0.59, 0.6, 0.89, 0.9, 0.999])
    chosen = draw_forms(np.repeat(cumulative, 6, axis=0), draws)
    assert forms[0, chosen].tolist() == ["die", "die", "Die", "Die", "DIE", "DIE"]


def test_a_word_always_written_alike_is_never_drawn_otherwise() -> None:
    forms, cumulative = forms_by_frequency(["haus"], case_counts([("Haus", 4)]))
    chosen = draw_forms(np.repeat(cumulative, 3, axis=0), np.array([0.0, 0.5, 0.999999]))
    assert forms[0, chosen].tolist() == ["Haus"] * 3


def test_unseen_and_mixed_words_stay_as_the_lexicon_has_them() -> None:
    forms, _ = forms_by_frequency(["GmbH", "Baum"], case_counts([("gmbh", 4)]))
    assert forms.tolist() == [["GmbH"] * 3, ["Baum"] * 3]


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
