"""Upper and lower case of translated words."""

import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from tasks.corpus.segmenters import language_code

_FORMS = 3
# Their i keeps its dot as a capital, and their ı has none (Unicode's SpecialCasing).
_DOTTED = frozenset({"tr", "az"})
# Georgian is written without capitals: those that Unicode has (Mtavruli) are for headlines alone.
_WITHOUT_MTAVRULI = {capital: capital - 0x1C90 + 0x10D0 for capital in range(0x1C90, 0x1CC0)}


def like_source(word: str, translation: str, language: str = "") -> str:
    """A translation in the case of its source word (UniTrans' code), in Unicode NFC.

    In capitals if every letter of the source word is one (`NATO`, `U.S.`, and so `A`); with a capital if the word
    begins with one (`Prague`, `GmbH`); else in lower case (`iPhone`, `1990s`).

    Args:
        word: of the source.
        translation: of the word.
        language: of the translation; empty: not known.
    """
    lower, capitalised, capitals = _cases(translation, language)
    return capitals if word.isupper() else capitalised if word[:1].isupper() else lower


def case_counts(frequencies: Iterable[tuple[str, int]], language: str = "") -> dict[str, np.ndarray]:
    """How often each word of a corpus is written in lower case, with a capital, otherwise (UniTrans' code).

    Args:
        frequencies: distinct words and how often they occur.
        language: of the words; empty: not known.

    Returns:
        Lower-cased word -> [3] int64 occurrences: in lower case (and without a letter); with one capital, the first;
        any other way, which the code takes for capitals: `GmbH` counts as `GMBH`.
    """
    counts: dict[str, np.ndarray] = {}
    for word, frequency in frequencies:
        lower, capitalised, _ = _cases(word, language)
        form = 0 if word == lower else 1 if word == capitalised else 2
        counts.setdefault(lower, np.zeros(_FORMS, dtype=np.int64))[form] += frequency
    return counts


def true_cases(sentences: Iterable[Sequence[str]], language: str = "") -> dict[str, str]:
    """How a language writes each word where no sentence begins, as Moses' truecaser learns it (Lita et al., 2003).

    Args:
        sentences: words of the language, sentence by sentence.
        language: of the words; empty: not known.

    Returns:
        Lower-cased word -> its most frequent form behind a sentence's first word; of equally frequent ones the first.
        Words that begin sentences alone are not there.
    """
    # Here, because importing sacremoses takes a fifth of a second that `crosstag --help` does not have.
    from sacremoses import MosesTruecaser

    weigh = MosesTruecaser().learn_truecase_weights
    counts: dict[str, Counter[str]] = {}
    for words in sentences:
        for _, written, weight in weigh(words):  # Its own lower case knows no languages.
            counts.setdefault(_cases(written, language)[0], Counter())[written] += weight
    return {lower: forms.most_common(1)[0][0] for lower, forms in counts.items()}


def forms_in_true_case(
    words: Sequence[str], translations: Sequence[str], written: Mapping[str, str], language: str = ""
) -> np.ndarray:
    """Each translation as the target language writes it, and with a capital.

    A translation that it was not seen to write takes the case of its source word: Prague -> Prag.

    Args:
        words: D source words.
        translations: D words as the lexicon writes them; their own case counts for nothing.
        written: from `true_cases`.
        language: of the translations; empty: not known.

    Returns:
        [D, 3] object: as it is written; that with a capital (iPhone stays); and once more the first.
    """
    forms, _ = forms_like_source(words, translations, language)
    for row, word in enumerate(translations):
        lower, capitalised, _ = _cases(word, language)
        forms[row] = written.get(lower, forms[row, 0])
        if forms[row, 0] == lower:
            forms[row, 1] = capitalised
    return forms


def forms_like_source(
    words: Sequence[str], translations: Sequence[str], language: str = ""
) -> tuple[np.ndarray, np.ndarray]:
    """Each translation in the case of its source word; see `forms_by_frequency` for what is returned."""
    return _one_form([like_source(word, target, language) for word, target in zip(words, translations, strict=True)])


def forms_of_lexicon(translations: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Each translation as the lexicon writes it; see `forms_by_frequency` for what is returned."""
    return _one_form(translations)


def forms_by_frequency(
    words: Sequence[str], translations: Sequence[str], counts: Mapping[str, np.ndarray], language: str = ""
) -> tuple[np.ndarray, np.ndarray]:
    """The three cases of each translation, and how likely each is in the target corpus (UniTrans' code, for German).

    A translation that the corpus does not have, in whatever case, takes that of its source word: Prague -> Prag.

    Args:
        words: D source words.
        translations: D words as the lexicon writes them; their own case counts for nothing.
        counts: from `case_counts`.
        language: of the translations; empty: not known.

    Returns:
        [D, 3] object, the word in lower case, with a capital, in capitals; and [D, 3] float64, the cumulative
        probabilities of the forms; the last is 1.
    """
    forms, cumulative = forms_like_source(words, translations, language)
    for row, word in enumerate(translations):
        lower, capitalised, capitals = _cases(word, language)
        if lower in counts:
            forms[row] = [lower, capitalised, capitals]
            cumulative[row] = np.cumsum(counts[lower]) / counts[lower].sum()
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


def _cases(word: str, language: str) -> tuple[str, str, str]:
    """A word in lower case, with a capital, and in capitals, each in NFC."""
    dotted = language_code(language) in _DOTTED
    word = unicodedata.normalize("NFC", word)
    lower = word.replace("I", "ı").lower().replace("i\u0307", "i") if dotted else word.lower()
    raised = lower.replace("i", "İ") if dotted else lower
    capitals = raised.upper().translate(_WITHOUT_MTAVRULI)
    return (
        unicodedata.normalize("NFC", lower),
        unicodedata.normalize("NFC", raised[:1].title() + lower[1:]),
        unicodedata.normalize("NFC", capitals),
    )
