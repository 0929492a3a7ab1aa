"""Upper and lower case of translated words."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

LOWER, CAPITAL, UPPER, MIXED = range(4)
_FORMS = 3


def case_pattern(word: str) -> int:
    """LOWER (haus), CAPITAL (Haus, also a single upper-case letter), UPPER (HAUS), or MIXED (GmbH, Nord-Ost)."""
    if word == word.lower():
        return LOWER
    if word[0] != word[0].lower() and word[1:] == word[1:].lower():
        return CAPITAL
    return UPPER if word == word.upper() else MIXED


def with_case(word: str, pattern: int) -> str:
    """Write a word in a case; MIXED leaves it as it is."""
    if pattern == LOWER:
        return word.lower()
    if pattern == CAPITAL:
        return word[:1].upper() + word[1:].lower()
    return word.upper() if pattern == UPPER else word


def case_counts(frequencies: Iterable[tuple[str, int]]) -> dict[str, np.ndarray]:
    """How often each word of a corpus is written in lower case, with a capital, in capitals.

    Args:
        frequencies: distinct words and how often they occur; words of mixed case do not count.

    Returns:
        Lower-cased word -> [3] int64 occurrences as LOWER, CAPITAL, UPPER.
    """
    counts: dict[str, np.ndarray] = {}
    for word, frequency in frequencies:
        pattern = case_pattern(word)
        if pattern != MIXED:
            counts.setdefault(word.lower(), np.zeros(_FORMS, dtype=np.int64))[pattern] += frequency
    return counts


def forms_like_source(words: Sequence[str], translations: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Each translation in the case of its source word; see `forms_by_frequency` for what is returned."""
    forms = [with_case(target, case_pattern(word)) for word, target in zip(words, translations, strict=True)]
    return _one_form(forms)


def forms_of_lexicon(translations: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Each translation as the lexicon writes it; see `forms_by_frequency` for what is returned."""
    return _one_form(translations)


def forms_by_frequency(translations: Sequence[str], counts: Mapping[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """The three cases of each translation, and how likely each is in the target corpus (UniTrans' code, for German).

    Args:
        translations: D words as the lexicon writes them. Those of mixed case, and those that the corpus does not have,
            stay as they are.
        counts: from `case_counts`.

    Returns:
        [D, 3] object, the word's forms, and [D, 3] float64, the cumulative probabilities of the forms; the last is 1.
    """
    forms = np.empty((len(translations), _FORMS), dtype=object)
    cumulative = np.ones((len(translations), _FORMS))
    for row, word in enumerate(translations):
        seen = counts.get(word.lower())
        if seen is None or case_pattern(word) == MIXED:
            forms[row] = word
        else:
            forms[row] = [with_case(word, pattern) for pattern in range(_FORMS)]
            cumulative[row] = np.cumsum(seen) / seen.sum()
    return forms, cumulative


def draw_forms(cumulative: np.ndarray, draws: np.ndarray) -> np.ndarray:
    """Choose a form for each word occurrence.

    Args:
        cumulative: [N, 3] cumulative probabilities of the forms.
        draws: [N] uniform in [0, 1).

    Returns:
        [N] int64: the first form whose cumulative probability exceeds the draw.
    """
    chosen: np.ndarray = (draws[:, None] >= cumulative[:, : _FORMS - 1]).sum(axis=1)
    return chosen


def uniform_draws(seed: int, sentence_ids: np.ndarray, positions: np.ndarray) -> np.ndarray:
    """One number in [0, 1) per word occurrence, from its place alone (splitmix64).

    So the draw of a word stays when sentences before it come or go.

    Args:
        seed: not negative.
        sentence_ids: [N] int.
        positions: [N] int, the word's place in its sentence.
    """
    state = _mix(np.full(len(sentence_ids), seed, dtype=np.uint64))
    state = _mix(state ^ sentence_ids.astype(np.uint64))
    state = _mix(state ^ positions.astype(np.uint64))
    return (state >> np.uint64(11)) * 2.0**-53


def _mix(state: np.ndarray) -> np.ndarray:
    state = state + np.uint64(0x9E3779B97F4A7C15)
    state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed: np.ndarray = state ^ (state >> np.uint64(31))
    return mixed


def _one_form(forms: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    column = np.array(forms, dtype=object).reshape(-1, 1)
    return np.repeat(column, _FORMS, axis=1), np.ones((len(forms), _FORMS))
