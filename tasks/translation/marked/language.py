"""Is a translation in the language it should be in? By langid (97 languages)."""

from collections.abc import Callable
from difflib import get_close_matches
from functools import lru_cache
from typing import Any, Literal

import numpy as np

from artifacts.errors import InputError

LanguageMode = Literal["all", "pair", "off"]

# Members of one ISO 639-3 macrolanguage: langid tells them apart, but hardly can.
_ONE_LANGUAGE = (("bs", "hr", "sr"), ("id", "ms"), ("nb", "nn", "no"))


def language_filter(source: str, target: str, mode: LanguageMode, min_letters: int) -> Callable[[str], bool]:
    """The function that says whether a text may be in the target language.

    Args:
        source: code of the source language, such as en or zh-cn; what is behind the hyphen is not looked at.
        target: code of the target language. With no, nb and nn are accepted too; bs, hr, sr and id, ms likewise,
            unless the source is one of them.
        mode: all: the target must be the most probable of langid's languages (CROP); pair: more probable than the
            source; off: everything passes.
        min_letters: texts with fewer letters pass, there is too little to judge.

    Raises:
        InputError: if langid does not know a language that the mode needs.
    """
    if mode == "off":
        return lambda text: True
    identifier, weights = _identifier()
    codes: list[str] = list(identifier.nb_classes)
    wanted = _same_language(_known(target, codes))
    if mode == "pair":
        _known(source, codes)
    if _base(source) in wanted:
        wanted = (_base(target),)
    others = [_base(source)] if mode == "pair" else codes
    compared = np.array([place for place, code in enumerate(codes) if code in wanted or code in others])
    accepted = np.array([codes[place] in wanted for place in compared], dtype=bool)
    weights, priors = np.ascontiguousarray(weights[:, compared]), identifier.nb_pc[compared].astype(np.float64)

    def accepts(text: str) -> bool:
        if sum(map(str.isalpha, text)) < min_letters:
            return True
        # Naive Bayes as langid's `classify`, but over the few features that occur; its own takes all 7,480.
        counts = identifier.instance2fv(text)
        rows = np.flatnonzero(counts)
        # einsum adds in one order; the matrix product's order depends on its threads.
        return bool(accepted[np.argmax(np.einsum("f,fl->l", counts[rows], weights[rows]) + priors)])

    return accepts


@lru_cache(maxsize=1)
def _identifier() -> tuple[Any, np.ndarray]:
    """An identifier of our own, never changed, and its [features, languages] float64 weights; takes a second."""
    from langid.langid import LanguageIdentifier, model

    identifier = LanguageIdentifier.from_modelstring(model, norm_probs=True)
    return identifier, identifier.nb_ptc.astype(np.float64)


def _base(code: str) -> str:
    return code.lower().replace("_", "-").split("-")[0]


def _known(code: str, codes: list[str]) -> str:
    base = _base(code)
    if base in codes:
        return base
    near = get_close_matches(base, codes, n=4, cutoff=0.4)
    raise InputError(
        f"language filter: found the language {code!r}, expected one that langid knows, such as "
        f"{', '.join(near or codes)}; correct the code, or set language_filter: off"
    )


def _same_language(code: str) -> tuple[str, ...]:
    return next((group for group in _ONE_LANGUAGE if code in group), (code,))
