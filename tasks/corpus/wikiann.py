"""Read WikiAnn: `en:word<TAB>tag` lines, every word behind the code of its language."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from artifacts.errors import InputError
from tasks.corpus.columns import parse_columns
from tasks.corpus.formats import CorpusFormat
from tasks.corpus.layout import find_layout, layout_if_clear, sampled_fields
from tasks.corpus.parsed import Parsed

# Codes of Wikipedias: en, arz, zh-min-nan, be-x-old, simple.
_PREFIX = re.compile(r"([a-z]{2,3}(?:-[a-z]{1,8})*|simple):")
_LEAST_SHARE = 0.9


def looks_like_wikiann(lines: Sequence[str], format: CorpusFormat) -> bool:
    """Whether a column file is WikiAnn: it has tags, and nearly all words begin with the same code and a colon."""
    layout = layout_if_clear(lines)
    if layout is None:
        return False
    rows = sampled_fields(lines, layout)
    if layout.tag is None or not rows:
        return False
    _, count = _commonest([row[layout.token] for row in rows])
    return count >= _LEAST_SHARE * len(rows)


def parse_wikiann(lines: Sequence[str], name: str, format: CorpusFormat, language: str, *, with_tags: bool) -> Parsed:
    """Reads the lines of a WikiAnn file; the code goes, further colons stay in the word.

    Args:
        lines: the file's lines.
        name: what to call the file in an error.
        format: `wikiann` takes the file whatever its code is; `auto` compares code and language.
        language: of the corpus; empty: not compared.
        with_tags: whether the tags are wanted.

    Raises:
        InputError: at a word without the code, or if the code is of another language.
    """
    parsed = parse_columns(
        lines, name, find_layout(lines, name, format.token_column, format.tag_column), with_tags=with_tags
    )
    code, _ = _commonest(parsed.words)
    prefix = f"{code}:"
    wrong = next((at for at, word in enumerate(parsed.words) if not word.startswith(prefix) or word == prefix), None)
    if wrong is not None:
        raise InputError(
            f"corpus {name}, line {parsed.lines[wrong]}: the word is {parsed.words[wrong]!r}; expected "
            f"{f'{prefix}word, as in most lines' if code else 'a language code, a colon and a word, such as en:word'}; "
            "fix the line, or set format: columns to take words as they are"
        )
    if format.format == "auto" and code and language and not _is_same(code, language):
        raise InputError(
            f"corpus {name}: its words begin with {prefix}, the language is {language}; expected the same; give "
            "another file, or set format: wikiann to take it all the same"
        )
    words = [word.removeprefix(prefix) for word in parsed.words]
    return replace(parsed, words=words, layout=f"{parsed.layout}, language code {prefix} stripped")


def _commonest(words: Sequence[str]) -> tuple[str, int]:
    """The code that most words begin with, and how many do."""
    codes = Counter(found[1] for word in words if (found := _PREFIX.match(word)))
    return codes.most_common(1)[0] if codes else ("", 0)


def _is_same(code: str, language: str) -> bool:
    given = language.lower().replace("_", "-").split("-")[0]
    return {"simple": "en"}.get(code, code.split("-")[0]) == given
