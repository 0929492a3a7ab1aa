"""Read CoNLL-U with entities in its last column, under any key: `name=B-PER` (NorNE), `NER=B-per`, `NE=U-PERSON`."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from artifacts.errors import InputError
from tasks.corpus.columns import parse_columns
from tasks.corpus.dialects import Dialect, find_dialect
from tasks.corpus.formats import CorpusFormat
from tasks.corpus.layout import CONLLU_WIDTH, Layout, layout_if_clear, sampled_fields
from tasks.corpus.parsed import Parsed

# Keys that mean entities, the likeliest first; of others, those with tags of entities in them count.
_KEYS = ("name", "ner", "ne", "tag", "entity", "label")
_LAYOUT = Layout("\t", CONLLU_WIDTH, token=1, tag=CONLLU_WIDTH - 1, indexed=True, checked=True)


def looks_like_conllu(lines: Sequence[str], format: CorpusFormat) -> bool:
    """Whether a file is CoNLL-U whose last column has tags: ten columns, and a key for tags."""
    layout = layout_if_clear(lines)
    if layout is None or layout.width != CONLLU_WIDTH or layout.separator != "\t":
        return False
    return _find_key([row[-1] for row in sampled_fields(lines, layout)]) is not None


def parse_conllu(lines: Sequence[str], name: str, format: CorpusFormat, language: str, *, with_tags: bool) -> Parsed:
    """Reads the lines of a CoNLL-U file; ranges (`1-2`) and empty nodes (`8.1`) are left out.

    Words without the key are O where no word says O; else they are an error.

    Raises:
        InputError: at a line with a wrong number of columns, a number out of turn, or a word without the key.
    """
    parsed = parse_columns(lines, name, _LAYOUT, with_tags=with_tags)
    if parsed.tags is None:
        return replace(parsed, layout="word in column 2 (CoNLL-U)")
    if not parsed.words:
        return parsed
    key = _find_key(parsed.tags)
    if key is None:
        found = sorted({part.partition("=")[0] for column in parsed.tags for part in column.split("|")})
        raise InputError(
            f"corpus {name}, line {parsed.lines[0]}: column 10 is {parsed.tags[0][:40]!r}; expected name= or another "
            f"key and a tag in it (name=B-PER, NER=O); its keys are {', '.join(found[:10])}; give a labelled file, or "
            "set tag_column"
        )
    cells = [_value(column, key) for column in parsed.tags]
    dialect = _dialect(cells)
    missing = next((at for at, tag in enumerate(cells) if tag is None), None)
    outside = dialect.outside if dialect is not None else "O"
    if missing is not None and outside:
        raise InputError(
            f"corpus {name}, line {parsed.lines[missing]}: column 10 is {parsed.tags[missing][:40]!r}; expected "
            f"{key}= and a tag in it ({key}={outside} outside entities); fix the line, or set tag_column"
        )
    layout = f"word in column 2, tag in column 10 behind {key}=" + (", words without it are O" if not outside else "")
    return replace(parsed, tags=["O" if tag is None else tag for tag in cells], layout=layout, dialect=_with_o(dialect))


def _find_key(columns: Sequence[str]) -> str | None:
    """The key of the last column whose values are tags; None if there is none."""
    values: dict[str, Counter[str]] = {}
    for column, count in Counter(columns).items():
        for part in column.split("|"):
            key, equals, value = part.strip(" ").partition("=")
            if equals:
                values.setdefault(key, Counter())[value] += count
    dialects = {key: find_dialect(counts) for key, counts in values.items()}
    for usual in _KEYS:
        # A key of this name with O alone is one, too; so is one whose values are yet to be named as wrong.
        found = next((key for key in values if key.lower() == usual and (dialects[key] or "" in values[key])), None)
        if found is not None:
            return found
    return next((key for key, each in dialects.items() if each is not None and _is_sure(each)), None)


def _is_sure(dialect: Dialect) -> bool:
    return dialect.entity_rows > 0 and dialect.name in ("hyphen", "underscore")


def _value(column: str, key: str) -> str | None:
    start = f"{key}="
    if start not in column:
        return None
    return next(
        (part.strip(" ")[len(start) :] for part in column.split("|") if part.strip(" ").startswith(start)), None
    )


def _dialect(cells: Sequence[str | None]) -> Dialect | None:
    return find_dialect(Counter(cell for cell in cells if cell is not None), named=True)


def _with_o(dialect: Dialect | None) -> Dialect | None:
    """The dialect, with O for words that have no key."""
    return replace(dialect, outside="O") if dialect is not None and not dialect.outside else dialect
