"""Read raw text: one sentence a line, split into words as its language needs."""

import re
from collections.abc import Callable, Sequence

# Languages written without spaces between words, which we (as CROP) split into characters.
CHARACTER_LANGUAGES = frozenset({"zh", "ja", "th"})

# Latin letters and digits, also full-width ones, stay together. Marks that stand on, or under, another character
# (accents, Japanese voicing, Thai vowels and tones, variation selectors) stay with it.
_LATIN = "0-9A-Za-z\u00aa\u00ba\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f\uff10-\uff19\uff21-\uff3a\uff41-\uff5a"
_MARKS = "\u0300-\u036f\u0e31\u0e34-\u0e3a\u0e47-\u0e4e\u3099\u309a\ufe00-\ufe0f\u200d"
_CHARACTER = re.compile(f"[{_LATIN}][{_LATIN}{_MARKS}]*|\\S[{_MARKS}]*")


def word_splitter(language: str, *, tokenized: bool) -> Callable[[str], list[str]]:
    """The function that turns a line into words.

    Args:
        language: code such as de or zh-cn; what is behind the hyphen is not looked at. Languages that Moses has no
            abbreviations for are split with those of English.
        tokenized: the line's words are separated by spaces already; other kinds of space stay in the words.
    """
    if tokenized:
        return split_at_spaces
    code = language.lower().replace("_", "-").split("-")[0]
    if code in CHARACTER_LANGUAGES:
        return split_into_characters
    # Here, because importing sacremoses takes a fifth of a second that `crosstag --help` does not have.
    from sacremoses import MosesTokenizer

    moses = MosesTokenizer(code)

    def split_as_moses(line: str) -> list[str]:
        words: list[str] = moses.tokenize(line, escape=False, aggressive_dash_splits=False)
        return words

    return split_as_moses


def split_at_spaces(line: str) -> list[str]:
    """Splits at spaces and tabs only: a no-break space stays inside its word."""
    return [word for word in line.replace("\t", " ").split(" ") if word]


def split_into_characters(line: str) -> list[str]:
    """Splits into characters; runs of Latin letters and digits stay together, spaces vanish.

    Example: 苹果iPhone 15发布 -> 苹, 果, iPhone, 15, 发, 布.
    """
    return _CHARACTER.findall(line)


def parse_text(lines: Sequence[str], language: str, *, tokenized: bool) -> list[list[str]]:
    """The sentences of a text, one a line; lines without a word are left out.

    Args:
        lines: the file's lines.
        language: of the text.
        tokenized: words are separated by spaces already.
    """
    split = word_splitter(language, tokenized=tokenized)
    sentences = (split(line) for line in lines)
    return [sentence for sentence in sentences if sentence]


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
