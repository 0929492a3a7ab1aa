"""Split text into words as its language needs."""

import unicodedata
from collections.abc import Callable, Container, Sequence
from itertools import chain
from string import ascii_uppercase

import regex

from artifacts.errors import InputError
from tasks.corpus.formats import CorpusFormat
from tasks.corpus.segmenters import (
    UNSPACED,
    Segmenter,
    language_code,
    load_segmenter,
    segmenter_name,
    split_into_characters,
)

# Joiners (ZWNJ, ZWJ), soft hyphen, word joiner: inside words, where Moses' tokeniser sees signs.
_JOINERS = "\u200c\u200d\u00ad\u2060"
_MARKED = regex.compile(rf"[{_JOINERS}\p{{M}}\uff9e\uff9f\U0001f1e6-\U0001f1ff\U0001f3fb-\U0001f3ff]")
_CLUSTER = regex.compile(r"\X")
# Signs inside names, which Moses parts from their letters: an apostrophe in Cyrillic, the O' of O'Connor, the marks of
# Armenian on the vowel before them, geresh and gershayim of Hebrew. A Hebrew particle (in, from, that, ...) is written
# together with the quotation mark of the name behind it, so that it is none of an acronym if several letters follow.
_HEBREW = r"[\p{Hebrew}&&\p{L}]"
_INNER_SIGNS = rf"""
    (?<=\p{{Cyrillic}}) ['’ʼ] (?=\p{{Cyrillic}})
    | (?<=\b O) ['’] (?=\p{{Lu}})
    | (?<=\p{{Armenian}}) [՛՜՞] (?=\p{{Armenian}})
    | (?<={_HEBREW}) ['׳] (?={_HEBREW})
    | (?<={_HEBREW}) ׳
    | (?<={_HEBREW}) (?<! (?<!{_HEBREW}) ' {_HEBREW} [^']* ) '  # one that another opens is a quotation mark
    | (?<={_HEBREW}) ["״] (?={_HEBREW} (?!{_HEBREW}))
    | (?<={_HEBREW}) (?<! (?<!{_HEBREW}) [ומשהכלב]+ ) ["״] (?={_HEBREW})
"""
_INNER_SIGN = regex.compile(_INNER_SIGNS, regex.VERSION1 | regex.VERBOSE)
# o' and g' are letters of Uzbek.
_INNER_SIGN_OF = {
    "uz": regex.compile(rf"{_INNER_SIGNS} | (?<=\p{{Latin}}) ['‘’] (?=\p{{Latin}})", regex.VERSION1 | regex.VERBOSE)
}
_MOSES_DOTS = "DOTMULTI"
_INVISIBLE = regex.compile(r"[\p{Cf}\p{Cc}]")
_INVISIBLE_WORD = regex.compile(r"[\p{Cf}\p{Cc}\s]+")


def word_splitter(
    language: str, *, tokenized: bool = False, segmenter: Segmenter = "auto"
) -> Callable[[str], list[str]]:
    """The function that turns a line into words.

    Args:
        language: code such as de or zh-cn; what is behind the hyphen is not looked at. Languages that Moses has no
            abbreviations for are split with those of English.
        tokenized: the line's words are separated by spaces already; other kinds of space stay in the words.
        segmenter: what splits a language without spaces; auto: the one that is kept for it.

    Raises:
        InputError: if the segmenter is not for that language, or not installed.
    """
    if tokenized:
        return split_at_spaces
    name = segmenter_name(language, segmenter)
    if name == "characters":
        return split_into_characters
    code = language_code(language)
    split = _moses(code) if name == "moses" else load_segmenter(name, language)
    signs = _INNER_SIGN_OF.get(code, _INNER_SIGN)

    def split_whole(line: str) -> list[str]:
        words = split(line)
        return whole_words(line, words, signs) if _MARKED.search(line) or signs.search(line) else words

    return split_whole


def translation_splitter(language: str) -> Callable[[str], list[str]]:
    """As `word_splitter`, for what is translated or parallel: languages without spaces by character, as in CROP."""
    return split_into_characters if language_code(language) in UNSPACED else word_splitter(language)


def seen_words(split: Callable[[str], list[str]]) -> Callable[[str], list[str]]:
    """As `split`, without words of invisible characters alone, such as marks of direction (U+200E, U+200F)."""

    def split_seen(text: str) -> list[str]:
        words = split(text)
        return [word for word in words if not _INVISIBLE_WORD.fullmatch(word)] if _INVISIBLE.search(text) else words

    return split_seen


def format_splitter(format: CorpusFormat, language: str, name: str) -> tuple[Callable[[str], list[str]], str]:
    """What splits a corpus of a format, and its name: spaces, moses, characters, or a segmenter's.

    Args:
        format: how the corpus is to be read.
        language: of the corpus; empty: English.
        name: what to call the corpus in an error.

    Raises:
        InputError: as `word_splitter`.
    """
    language = language or "en"
    try:
        split = word_splitter(language, tokenized=format.tokenized, segmenter=format.segmenter)
    except InputError as error:
        raise InputError(f"corpus {name}: {error}") from None
    return split, "spaces" if format.tokenized else segmenter_name(language, format.segmenter)


def split_in_words(splitter: str) -> str:
    """How a text is split, for a person."""
    return {"spaces": "split at spaces", "moses": "split into words by Moses' rules"}.get(
        splitter, "split into characters" if splitter == "characters" else f"split into words by {splitter}"
    )


def _moses(code: str) -> Callable[[str], list[str]]:
    # Here, because importing sacremoses takes a fifth of a second that `crosstag --help` does not have.
    from sacremoses import MosesTokenizer

    moses = MosesTokenizer(code)

    def split(line: str) -> list[str]:
        words: list[str] = moses.tokenize(line, escape=False, aggressive_dash_splits=False)
        return words

    def split_whole(line: str) -> list[str]:
        if _MOSES_DOTS not in line:
            return split(line)
        # By this Moses marks dots while it splits, so that it gives back dots for it.
        stand_in = next(each for letter in ascii_uppercase if (each := f"DOTMULT{letter}") not in line)
        return [word.replace(stand_in, _MOSES_DOTS) for word in split(line.replace(_MOSES_DOTS, stand_in))]

    return split_whole


def split_at_spaces(line: str) -> list[str]:
    """Splits at spaces and tabs only: a no-break space stays inside its word."""
    return [word for word in line.replace("\t", " ").split(" ") if word]


def whole_words(text: str, words: Sequence[str], signs: regex.Pattern[str]) -> list[str]:
    """Puts together words that were torn at a mark, a joiner or a sign of theirs, or inside a grapheme cluster.

    Moses' tokeniser parts what is neither letter nor digit: marks that no composed character has (Indic vowels, the
    killer of Burmese), the joiners of Persian, parts of an emoji, the apostrophe of a Ukrainian name.

    Args:
        text: what was split.
        words: what the tokeniser made of it, in order.
        signs: finds single signs that belong to the letters before and behind them.
    """
    clusters = {match.start() for match in _CLUSTER.finditer(text)}
    clusters.difference_update(chain.from_iterable(match.span() for match in signs.finditer(text)))
    whole: list[str] = []
    end = -1
    for word, (start, its_end) in zip(words, word_places(text, words), strict=True):
        if whole and start == end and _is_torn(text, start, clusters):
            whole[-1] += word
        else:
            whole.append(word)
        end = its_end
    return whole


def _is_torn(text: str, place: int, clusters: Container[int]) -> bool:
    """Whether a word goes on over a place in its text."""
    before, after = text[place - 1], text[place]
    if place not in clusters or after in _JOINERS or unicodedata.category(after)[0] == "M":
        return True
    joined = before in _JOINERS or unicodedata.category(before)[0] == "M"
    return joined and (after.isalnum() or before == "\u200d")


def word_places(text: str, words: Sequence[str]) -> list[tuple[int, int]]:
    """Where the words that a splitter made of a text stand in it: start and end (exclusive), in characters.

    Args:
        text: what was split.
        words: all that the splitter made of it, in order.
    """
    places, at = [], 0
    for word in words:
        start = None
        for character in word:
            # Between and inside words, splitters leave out spaces and control characters, and nothing else.
            while (found := text[at : at + 1]) != character:
                assert found.isspace() or not found.isprintable(), f"{word!r} is not in {text[at:]!r}"
                at += 1
            start = at if start is None else start
            at += 1
        places.append((at if start is None else start, at))
    return places
