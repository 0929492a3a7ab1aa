"""Read raw text: one sentence a line, split into words as its language needs."""

import unicodedata
from collections.abc import Callable, Container, Sequence

import regex

# Languages written without spaces between words, which we (as CROP) split into characters.
CHARACTER_LANGUAGES = frozenset({"zh", "ja", "th"})

# Latin letters and digits, also full-width ones, stay together; else a character is a grapheme cluster, so that marks
# (accents, voicing, vowels and tones, variation selectors) stay with what they stand on.
_LATIN = "0-9A-Za-z\u00aa\u00ba\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f\uff10-\uff19\uff21-\uff3a\uff41-\uff5a"
_CHARACTER = regex.compile(rf"[{_LATIN}](?:[{_LATIN}]|\p{{M}}|\u200d)*|\X")
# Joiners (ZWNJ, ZWJ), soft hyphen, word joiner: inside words, where Moses' tokeniser sees signs.
_JOINERS = "\u200c\u200d\u00ad\u2060"
_MARKED = regex.compile(rf"[{_JOINERS}\p{{M}}\U0001f1e6-\U0001f1ff\U0001f3fb-\U0001f3ff]")
_CLUSTER = regex.compile(r"\X")


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
        return whole_characters(line, words) if _MARKED.search(line) else words

    return split_as_moses


def split_at_spaces(line: str) -> list[str]:
    """Splits at spaces and tabs only: a no-break space stays inside its word."""
    return [word for word in line.replace("\t", " ").split(" ") if word]


def split_into_characters(line: str) -> list[str]:
    """Splits into characters; runs of Latin letters and digits stay together, spaces vanish.

    Example: 苹果iPhone 15发布 -> 苹, 果, iPhone, 15, 发, 布.
    """
    return [character for found in _CHARACTER.findall(line) if (character := found.strip())]


def whole_characters(text: str, words: Sequence[str]) -> list[str]:
    """Puts together words that were torn before a mark, at a joiner, or inside a grapheme cluster.

    Moses' tokeniser parts what is neither letter nor digit: marks that no composed character has (Indic vowels, the
    killer of Burmese), the joiners of Persian, parts of an emoji.

    Args:
        text: what was split.
        words: what the tokeniser made of it, in order.
    """
    clusters = {match.start() for match in _CLUSTER.finditer(text)}
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
