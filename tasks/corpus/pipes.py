"""Read sentences a line, each word with its tags behind bars: `Ida|NE|I-PER ruft|VV|O` (WikiNER), or behind slashes."""

import re
from collections import Counter
from collections.abc import Sequence

from artifacts.errors import InputError
from tasks.corpus.dialects import find_dialect
from tasks.corpus.formats import CorpusFormat
from tasks.corpus.lines import is_blank
from tasks.corpus.parsed import Parsed
from tasks.corpus.visible import quoted

_SEPARATORS = "|/"
_SURE = re.compile(r"O|[BIESULMW][-_]\S+")
_LEAST_SHARE = 0.9
_SAMPLE_LINES = 200


def looks_like_pipes(lines: Sequence[str], format: CorpusFormat) -> bool:
    """Whether nearly all words have as many parts, the last of them a tag, and lines have several words."""
    return _layout(lines) is not None


def parse_pipes(lines: Sequence[str], name: str, format: CorpusFormat, language: str, *, with_tags: bool) -> Parsed:
    """Reads the sentences; a bar may stand in a word.

    Raises:
        InputError: at a word without its tag.
    """
    layout = _layout(lines)
    if layout is None:
        raise InputError(
            f"corpus {name}: its words have no tags behind bars; expected word|tag, or word|part of speech|tag, with "
            "spaces between, a sentence a line; leave format out to find it"
        )
    separator, parts = layout
    words: list[str] = []
    tags: list[str] = []
    numbers: list[int] = []
    starts: list[int] = []
    for number, line in enumerate(lines, 1):
        tokens = [token for token in line.split(" ") if token]
        starts += [len(words)] * bool(tokens and not is_blank(line))
        for token in tokens if not is_blank(line) else ():
            fields = token.rsplit(separator, parts - 1)
            if len(fields) != parts or not fields[0] or not fields[-1]:
                raise InputError(
                    f"corpus {name}, line {number}: {quoted(token)} is no word with {parts - 1} {separator!r} and a "
                    "tag behind it, as most are; fix the line"
                )
            words.append(fields[0])
            tags.append(fields[-1])
            numbers.append(number)
    shown = f"a sentence a line, word and tag with {separator!r} between, {parts} parts a word"
    dialect = find_dialect(Counter(tags), named=True) if with_tags else None
    return Parsed(words, tags if with_tags else None, numbers, starts, layout=shown, dialect=dialect)


def _layout(lines: Sequence[str]) -> tuple[str, int] | None:
    """The separator, and how many parts a word has; None if words have none."""
    sample = [line for line in lines if not is_blank(line)][:_SAMPLE_LINES]
    tokens = [token for line in sample for token in line.split(" ") if token]
    if len(tokens) <= len(sample):
        return None
    for separator in _SEPARATORS:
        tagged = [token for token in tokens if _SURE.fullmatch(token.rpartition(separator)[2]) and separator in token]
        widths = Counter(token.count(separator) + 1 for token in tagged)
        if len(tagged) >= _LEAST_SHARE * len(tokens):
            return separator, widths.most_common(1)[0][0]
    return None
