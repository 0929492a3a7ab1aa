"""Words of languages that are written without spaces between them: by a segmenter, or character by character.

jieba for Chinese (rjieba: the same dictionary and model in Rust), Sudachi's short units for Japanese (the words of
Universal Dependencies), newmm of PyThaiNLP for Thai. Each is an extra: what is not installed is an error, never another
way of splitting.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal, get_args

import regex

from artifacts.errors import InputError

Segmenter = Literal["auto", "jieba", "sudachi", "newmm", "characters"]

SEGMENTERS: tuple[str, ...] = get_args(Segmenter)
# Languages without spaces between words, each split by a segmenter unless a configuration says otherwise.
UNSPACED = {"zh": "jieba", "ja": "sudachi", "th": "newmm"}
CHINESE = frozenset({"zh", "yue", "wuu", "lzh", "gan", "hak", "nan", "cmn"})
# Without spaces, or with spaces between phrases; all may be split into characters.
_IN_CHARACTERS = CHINESE | {"ja", "th", "lo", "km", "my", "shn", "mnw", "bo", "dz"}

# Latin letters and digits, also full-width ones, stay together; else a character is a grapheme cluster, so that marks
# (accents, voicing, vowels and tones, variation selectors) stay with what they stand on.
_LATIN = "0-9A-Za-z\u00aa\u00ba\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f\uff10-\uff19\uff21-\uff3a\uff41-\uff5a"
_CHARACTER = regex.compile(rf"[{_LATIN}](?:[{_LATIN}]|\p{{M}}|\u200d)*|\X")
_MOST_UNSPACED = 0.5
_MOSTLY_SINGLE = 0.95
# A character of any script without spaces between words, or of their punctuation.
UNSPACED_CHARACTER = regex.compile(
    r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}\p{Tibetan}"
    r"\u3000-\u303f\u30fb\u30fc\uff00-\uff65\uff70]"
)
_HANGUL = regex.compile(r"\p{Hangul}")
# Sudachi takes 49,149 bytes at a time, four a character at most.
_MOST_CHARACTERS = 12_000
_PIECE = regex.compile(rf".{{1,{_MOST_CHARACTERS - 1}}}(?:[。！？\s]|$)|.{{1,{_MOST_CHARACTERS}}}", regex.DOTALL)


@dataclass(frozen=True)
class _Kept:
    """A segmenter that a package has: the languages it is for, the extra that installs it, and what loads it."""

    languages: frozenset[str]
    extra: str
    load: Callable[[], Callable[[str], list[str]]]


def no_space_between(before: str, behind: str) -> bool:
    """Whether text has no space between two words: one is in a script without, the other not in Korean, which has.

    Args:
        before: the one word; its last character counts.
        behind: the other; its first one does.
    """
    beside = before[-1:] + behind[:1]
    return bool(UNSPACED_CHARACTER.search(beside)) and not _HANGUL.search(beside)


def segmenter_name(language: str, segmenter: str = "auto") -> str:
    """What splits text of a language: moses, a segmenter, or characters.

    Args:
        language: code such as de or zh-cn; what is behind the hyphen is not looked at.
        segmenter: one of `SEGMENTERS`.

    Raises:
        InputError: if the segmenter is not one for that language.
    """
    code = language_code(language)
    if segmenter == "auto":
        return UNSPACED.get(code, "moses")
    languages = _IN_CHARACTERS if segmenter == "characters" else _KEPT[segmenter].languages
    if code not in languages:
        raise InputError(
            f"segmenter is {segmenter}, which splits {', '.join(sorted(languages))}, and the language is "
            f"{language!r}; expected a language that it knows; leave segmenter out, or name the right language"
        )
    return segmenter


def load_segmenter(name: str, language: str) -> Callable[[str], list[str]]:
    """The function that splits text of a language without spaces; spaces are no words.

    Args:
        name: of the segmenter, as `segmenter_name` gives it.
        language: for an error.

    Raises:
        InputError: if its package is not installed.
    """
    if name == "characters":
        return split_into_characters
    try:
        return _KEPT[name].load()
    except ImportError:
        raise InputError(
            f"text in {language}: its words are found by {name}, which is not installed; install it, with "
            f"`pip install 'crosstag[{_KEPT[name].extra}]'`, or set segmenter: characters (predict: --segmenter "
            "characters), which takes each character for a word"
        ) from None


def unspaced_remarks(words: Sequence[str], language: str) -> list[str]:
    """What to say of a text that was split at spaces as any, and is mostly in a script that has none between words.

    Args:
        words: of the text.
        language: that it is said to be in; empty: none was named.
    """
    unspaced = [word for word in words if UNSPACED_CHARACTER.search(word)]
    if len(unspaced) <= _MOST_UNSPACED * len(words):
        return []
    said = f"the language is {language!r}" if language else "no language is named"
    advice = (
        "expected zh, ja or th, whose words a segmenter finds, or lo, km, my, bo with segmenter: characters; is the "
        "language right?"
    )
    if language_code(language) in _IN_CHARACTERS:
        advice = (
            "whole phrases pass for words; set segmenter: characters, which takes each character for a word, or, with "
            "a translator or parallel text, give a corpus of words"
        )
    return [
        f"{len(unspaced):,} of {len(words):,} words, such as {unspaced[0][:20]!r}, are in a script without spaces "
        f"between words, and {said}: {advice}"
    ]


def are_characters(words: Sequence[str]) -> bool:
    """Whether the words of a text are characters of a script without spaces, but for a few, as in WikiAnn."""
    unspaced = [word for word in words if UNSPACED_CHARACTER.search(word)]
    single = sum(len(split_into_characters(word)) == 1 for word in unspaced)
    return len(unspaced) > _MOST_UNSPACED * len(words) and single >= _MOSTLY_SINGLE * len(unspaced)


def split_into_characters(line: str) -> list[str]:
    """Splits into characters; runs of Latin letters and digits stay together, spaces vanish.

    Example: 苹果iPhone 15发布 -> 苹, 果, iPhone, 15, 发, 布.
    """
    return [character for found in _CHARACTER.findall(line) if (character := found.strip())]


def language_code(language: str) -> str:
    """The code of a language without region or script: zh of zh-CN and zh_tw."""
    return language.lower().replace("_", "-").split("-")[0]


def _filled(pieces: list[str]) -> list[str]:
    """Pieces without spaces of any kind: newmm leaves one inside a run of other scripts."""
    return [word for piece in pieces for word in piece.split()]


@lru_cache(maxsize=1)
def _jieba() -> Callable[[str], list[str]]:
    import rjieba

    return lambda line: _filled(rjieba.cut(line))


@lru_cache(maxsize=1)
def _sudachi() -> Callable[[str], list[str]]:
    import sudachipy

    try:
        tokenizer: Any = sudachipy.Dictionary(dict="small").tokenizer(sudachipy.SplitMode.A)
    except ModuleNotFoundError as error:
        raise ImportError("sudachidict_small") from error

    def split(line: str) -> list[str]:
        pieces = [line] if len(line) <= _MOST_CHARACTERS else _PIECE.findall(line)
        return _filled([each.surface() for piece in pieces for each in tokenizer.tokenize(piece)])

    return split


@lru_cache(maxsize=1)
def _newmm() -> Callable[[str], list[str]]:
    from pythainlp.tokenize import word_tokenize

    return lambda line: _filled(word_tokenize(line, engine="newmm"))


_KEPT = {
    "jieba": _Kept(CHINESE, "chinese", _jieba),
    "sudachi": _Kept(frozenset({"ja"}), "japanese", _sudachi),
    "newmm": _Kept(frozenset({"th"}), "thai", _newmm),
}
