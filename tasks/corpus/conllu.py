"""Read CoNLL-U with entities in its last column (`name=B-PER`), as NorNE writes them."""

from collections.abc import Sequence
from dataclasses import replace

from artifacts.errors import InputError
from tasks.corpus.columns import parse_columns
from tasks.corpus.formats import CorpusFormat
from tasks.corpus.layout import CONLLU_WIDTH, Layout, find_layout, sampled_fields
from tasks.corpus.parsed import Parsed

_KEY = "name="
_LAYOUT = Layout("\t", CONLLU_WIDTH, token=1, tag=CONLLU_WIDTH - 1, indexed=True, checked=True)


def looks_like_conllu(lines: Sequence[str], format: CorpusFormat) -> bool:
    """Whether a file is CoNLL-U with `name=` on most words and no column of tags."""
    layout = find_layout(lines, "", None, None)
    if layout.tag is not None or replace(layout, tag=_LAYOUT.tag) != _LAYOUT:
        return False
    rows = sampled_fields(lines, layout)
    return 2 * sum(_name(row[-1]) is not None for row in rows) > len(rows)


def parse_conllu(lines: Sequence[str], name: str, format: CorpusFormat, language: str, *, with_tags: bool) -> Parsed:
    """Reads the lines of a CoNLL-U file; ranges (`1-2`) and empty nodes (`8.1`) are left out.

    Raises:
        InputError: at a line with a wrong number of columns, a number out of turn, or a word without `name=`.
    """
    parsed = parse_columns(lines, name, _LAYOUT, with_tags=with_tags)
    layout = "word in column 2, tag in column 10 behind name="
    if parsed.tags is None:
        return replace(parsed, layout="word in column 2 (CoNLL-U)")
    found = [_name(column) for column in parsed.tags]
    missing = next((at for at, tag in enumerate(found) if tag is None), None)
    if missing is not None:
        raise InputError(
            f"corpus {name}, line {parsed.lines[missing]}: column 10 is {parsed.tags[missing][:40]!r}; expected "
            "name= and a tag in it (name=O outside entities); fix the line, or set tag_column"
        )
    return replace(parsed, tags=[tag or "" for tag in found], layout=layout)


def _name(column: str) -> str | None:
    return next((part.strip(" ")[len(_KEY) :] for part in column.split("|") if part.strip(" ").startswith(_KEY)), None)
