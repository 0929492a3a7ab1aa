"""Read JSON: lines of one record each, or one array of records."""

import json
import re
from collections.abc import Sequence
from itertools import islice
from typing import Any

from artifacts.errors import InputError
from tasks.corpus.exchange.spacy_json import is_example
from tasks.corpus.formats import CorpusFormat
from tasks.corpus.json_rows import parse_rows
from tasks.corpus.lines import is_blank
from tasks.corpus.parsed import Parsed

_SAMPLE_LINES = 20
_RECORD_KEYS = ("text", "tokens", "words", "data", "fields", "tokenized_text", "paragraphs", "sentence", "sentences")
_ARRAY = re.compile(r'\s*(\[\s*([\[{"\]]|$)|\{\s*("|$))')


def looks_like_json_lines(lines: Sequence[str], format: CorpusFormat) -> bool:
    """Whether a file is JSON lines: most of its first lines are records."""
    sample = [line for line in islice(lines, 5 * _SAMPLE_LINES) if not is_blank(line)][:_SAMPLE_LINES]
    if not sample or not sample[0].lstrip().startswith(("{", "[")):
        return False
    records = [_value(line) for line in sample]
    return 2 * sum(isinstance(each, dict) or is_example(each) for each in records) > len(sample)


def looks_like_json(lines: Sequence[str], format: CorpusFormat) -> bool:
    """Whether a file is one JSON array or object: it begins as one, and its first line is no record."""
    first = next((line for line in lines if not is_blank(line)), "")
    return _ARRAY.match(first) is not None


def parse_json_lines(
    lines: Sequence[str], name: str, format: CorpusFormat, language: str, *, with_tags: bool
) -> Parsed:
    """Reads the lines of a JSON lines file; blank lines are left out.

    Raises:
        InputError: at a line that is no record, or whose words or entities are not what they should be.
    """
    rows: list[Any] = []
    numbers: list[int] = []
    for number, line in enumerate(lines, 1):
        if is_blank(line):
            continue
        row = _value(line)
        if not isinstance(row, dict) and not is_example(row):
            found = row if isinstance(row, str) else f"a {type(row).__name__}"
            raise InputError(
                f"corpus {name}, line {number}: {found}; expected a JSON object with words and tags, or with a text "
                "and entities, on each line; fix the line"
            )
        rows.append(row)
        numbers.append(number)
    if not rows:
        return Parsed([], [] if with_tags else None, [], [])
    held = _rows(rows[0]) if len(rows) == 1 else None
    if held is not None and held != rows:
        return parse_rows(held, range(len(held)), "row", name, format, language, with_tags=with_tags)
    return parse_rows(rows, numbers, "line", name, format, language, with_tags=with_tags)


def parse_json(lines: Sequence[str], name: str, format: CorpusFormat, language: str, *, with_tags: bool) -> Parsed:
    """Reads a file that is one JSON value: an array of records, or an object with such an array.

    Raises:
        InputError: if it is no JSON, or holds no records.
    """
    text = "\n".join(lines)
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        raise InputError(
            f"corpus {name}, line {error.lineno}: no JSON ({error.msg} at character {error.colno} of the line); "
            "expected one array of records; is the file cut off? Fix it, or set format: jsonl for a record on each line"
        ) from None
    except (ValueError, RecursionError):
        raise InputError(
            f"corpus {name}: no JSON that can be read (a number too long, or brackets too deep); fix the file"
        ) from None
    rows = _rows(value)
    if rows is None:
        found = ", ".join(map(repr, list(value)[:10])) if isinstance(value, dict) else type(value).__name__
        raise InputError(
            f"corpus {name}: the JSON holds no list of records ({found}); expected an array of them; take it out, "
            "such as with jq '.data'"
        )
    if not rows:
        return Parsed([], [] if with_tags else None, [], [])
    return parse_rows(rows, range(len(rows)), "row", name, format, language, with_tags=with_tags)


def _rows(value: Any) -> list[Any] | None:
    """The records in a JSON value; of an object, those of its only list of records."""
    if isinstance(value, list):
        return value
    if not isinstance(value, dict):
        return None
    lists = [each for each in value.values() if isinstance(each, list) and each and isinstance(each[0], dict | list)]
    # An object may be a record itself; one with a text, or words, is.
    if any(key in value for key in _RECORD_KEYS):
        return lists[0] if "data" in value and lists and value["data"] is lists[0] else [value]
    # spaCy's annotators leave null where a text was skipped.
    return [each for each in lists[0] if each is not None] if len(lists) == 1 else None


def _value(line: str) -> Any:
    """What a line holds; what is wrong with it, as a string, if it is no JSON."""
    try:
        parsed = json.loads(line)
    except json.JSONDecodeError as error:
        return f"no JSON ({error.msg} at character {error.pos + 1})"
    except (ValueError, RecursionError):
        return "no JSON that can be read (a number too long, or brackets too deep)"
    return "a string" if isinstance(parsed, str) else parsed
