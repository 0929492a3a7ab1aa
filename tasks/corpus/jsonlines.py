"""Read JSON lines: one object per sentence, with words and tags, or words and spans."""

import json
from collections.abc import Sequence
from itertools import islice
from typing import Any

from artifacts.errors import InputError
from tasks.corpus.formats import CorpusFormat
from tasks.corpus.lines import is_blank
from tasks.corpus.parsed import Parsed
from tasks.corpus.records import TOKEN_KEYS, find_keys, parse_records

_SAMPLE_LINES = 20


def looks_like_json_lines(lines: Sequence[str], format: CorpusFormat) -> bool:
    """Whether a file is JSON lines: most of its first lines are objects with a key for words."""
    sample = [line for line in islice(lines, 5 * _SAMPLE_LINES) if not is_blank(line)][:_SAMPLE_LINES]
    if not sample or not sample[0].lstrip().startswith("{"):
        return False
    wanted = {format.tokens_key} if format.tokens_key else set(TOKEN_KEYS)
    objects = [_object(line) for line in sample]
    return 2 * sum(isinstance(each, dict) and not wanted.isdisjoint(each) for each in objects) > len(sample)


def parse_json_lines(
    lines: Sequence[str], name: str, format: CorpusFormat, language: str, *, with_tags: bool
) -> Parsed:
    """Reads the lines of a JSON lines file; blank lines are left out.

    Raises:
        InputError: at a line that is no object, or whose words or tags are not what they should be.
    """
    rows: list[dict[str, Any]] = []
    numbers: list[int] = []
    for number, line in enumerate(lines, 1):
        if is_blank(line):
            continue
        row = _object(line)
        if not isinstance(row, dict):
            found = row if isinstance(row, str) else f"a {type(row).__name__}"
            raise InputError(
                f"corpus {name}, line {number}: {found}; expected a JSON object with words and tags on each line; "
                "fix the line"
            )
        rows.append(row)
        numbers.append(number)
    if not rows:
        return Parsed([], [] if with_tags else None, [], [])
    present = list(dict.fromkeys(key for row in rows for key in row))
    keys = find_keys(present, name, format, with_tags=with_tags)
    return parse_records(rows, numbers, "line", name, keys, format.tag_names)


def _object(line: str) -> Any:
    """What a line holds; what is wrong with it, as a string, if it is no JSON."""
    try:
        parsed = json.loads(line)
    except json.JSONDecodeError as error:
        return f"no JSON ({error.msg} at character {error.pos + 1})"
    except (ValueError, RecursionError):
        return "no JSON that can be read (a number too long, or brackets too deep)"
    return "a string" if isinstance(parsed, str) else parsed
