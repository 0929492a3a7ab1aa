"""Read JSON: lines of one record each, or one array of records."""

import json
import re
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

from artifacts.errors import InputError
from tasks.corpus.exchange.spacy_json import is_example
from tasks.corpus.formats import CorpusFormat
from tasks.corpus.json_rows import Rows, parse_rows
from tasks.corpus.lines import is_blank
from tasks.corpus.parsed import Parsed

_SAMPLE_LINES = 20
_MOST_DEPTH = 4
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
        return parse_rows(Rows(held, range(len(held)), "row", name, format, language), with_tags=with_tags)
    return parse_rows(Rows(rows, numbers, "line", name, format, language), with_tags=with_tags)


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
        raise InputError(f"corpus {name}: {_no_records(value)}")
    if not rows:
        return Parsed([], [] if with_tags else None, [], [])
    return parse_rows(Rows(rows, range(len(rows)), "row", name, format, language), with_tags=with_tags)


def _rows(value: Any) -> list[Any] | None:
    """The records in a JSON value; of an object, those of its only list of records, or of Rasa's examples."""
    if isinstance(value, list):
        return value
    if not isinstance(value, dict):
        return None
    rasa = value.get("rasa_nlu_data")
    if isinstance(rasa, dict) and isinstance(rasa.get("common_examples"), list):
        return list(rasa["common_examples"])
    lists = [each for each in value.values() if isinstance(each, list) and each and isinstance(each[0], dict | list)]
    # An object may be a record itself; one with a text, or words, is.
    if any(key in value for key in _RECORD_KEYS):
        return lists[0] if "data" in value and lists and value["data"] is lists[0] else [value]
    # spaCy's annotators leave null where a text was skipped.
    return [each for each in lists[0] if each is not None] if len(lists) == 1 else None


def _no_records(value: Any) -> str:
    """What a JSON value holds instead of records, and how to take them out of it."""
    lists = list(_lists(value, ""))
    if not lists:
        found = (
            f"an object with {', '.join(map(repr, list(value)[:10]))}" if isinstance(value, dict) else repr(value)[:40]
        )
        return f"the JSON is {found}, in which no list of records is; expected an array of them; give another file"
    shown = "; ".join(
        f"{path}: {len(each):,}, with {', '.join(map(repr, list(each[0])[:6]))}" for path, each in lists[:5]
    )
    return (
        f"the JSON is an object with {len(lists)} lists of objects inside ({shown}); expected an array of records; "
        f"take the right one out, such as with jq '{lists[0][0]}'"
    )


def _lists(value: Any, path: str) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """The lists of objects in an object, at any depth down to four, each with the path that jq has for it."""
    for key, each in value.items() if isinstance(value, dict) and path.count(".") < _MOST_DEPTH else ():
        here = f"{path}.{key}" if key.isidentifier() else f'{path}."{key}"'
        if isinstance(each, list) and each and isinstance(each[0], dict):
            yield here, each
        yield from _lists(each, here)


def _value(line: str) -> Any:
    """What a line holds; what is wrong with it, as a string, if it is no JSON."""
    try:
        parsed = json.loads(line)
    except json.JSONDecodeError as error:
        return f"no JSON ({error.msg} at character {error.pos + 1})"
    except (ValueError, RecursionError):
        return "no JSON that can be read (a number too long, or brackets too deep)"
    return "a string" if isinstance(parsed, str) else parsed
