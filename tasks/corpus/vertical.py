"""Read words, one a line, without tags: vertical text, a blank line after each sentence."""

from collections.abc import Sequence

from artifacts.errors import InputError
from tasks.corpus.columns import parse_columns
from tasks.corpus.formats import CorpusFormat
from tasks.corpus.layout import Layout
from tasks.corpus.lines import is_blank
from tasks.corpus.parsed import Parsed
from tasks.corpus.running_text import unlike_text

_LEAST_WORDS = 2.0
_LAYOUT = Layout("\t", 1, token=0, tag=None, indexed=False, checked=False)


def looks_like_words(lines: Sequence[str], format: CorpusFormat) -> bool:
    """Whether a file is words, one a line: no text, no line with a tab, and blank lines that part several words."""
    filled = sum(not is_blank(line) for line in lines)
    groups = sum(is_blank(one) and not is_blank(other) for one, other in zip(["", *lines], lines, strict=False))
    unlike = unlike_text(lines)
    single = unlike is not None and unlike.what.startswith("words, one a line")
    return single and groups > 1 and filled >= _LEAST_WORDS * groups and not any("\t" in line for line in lines)


def parse_words(lines: Sequence[str], name: str, format: CorpusFormat, language: str, *, with_tags: bool) -> Parsed:
    """Reads the words of a vertical file.

    Raises:
        InputError: if tags are wanted, or a line has several columns.
    """
    if with_tags:
        raise InputError(
            f"corpus {name}: it has words, one a line, and no column of tags; expected a word and its tag on each "
            "line; give a labelled file"
        )
    return parse_columns(lines, name, _LAYOUT, with_tags=False)
