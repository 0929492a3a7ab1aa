"""Read CSV files: a row per word, with quotes where a field needs them, as spreadsheets and pandas write them."""

import csv
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import islice, zip_longest

from artifacts.errors import InputError
from tasks.corpus.columns import parse_columns
from tasks.corpus.formats import CorpusFormat
from tasks.corpus.layout import check_words, find_layout, looks_like_columns
from tasks.corpus.lines import is_blank
from tasks.corpus.parsed import Parsed
from tasks.corpus.visible import quoted

_LEAST_SHARE = 0.9
_DELIMITERS = ",;"
_SAMPLE_LINES = 2000


def looks_like_csv(lines: Sequence[str], format: CorpusFormat) -> bool:
    """Whether a file is CSV: nearly all rows have as many fields, and one of the columns has tags, or a header."""
    if any("\t" in line for line in lines[:50]):
        return False
    try:
        return looks_like_columns(_as_tabs(lines, "", _delimiter(lines, "")))
    except InputError:
        return False


def parse_csv(lines: Sequence[str], name: str, format: CorpusFormat, language: str, *, with_tags: bool) -> Parsed:
    """Reads the rows of a CSV file; a row of empty fields ends a sentence, as a blank line does.

    Raises:
        InputError: if a field holds a line end or a tab, or the columns are not what they should be.
    """
    delimiter = _delimiter(lines, name)
    rows = _as_tabs(lines, name, delimiter)
    layout = find_layout(rows, name, format.token_column, format.tag_column)
    if with_tags and layout.tag is None:
        check_words(parse_columns(rows, name, layout, with_tags=False).words, layout.token, name)
        raise InputError(
            f"corpus {name}: the CSV file has no column of tags; expected a word and its tag in each row; set "
            "tag_column, or give a labelled file"
        )
    parsed = parse_columns(rows, name, layout, with_tags=with_tags)
    check_words(parsed.words, layout.token, name)
    return replace(parsed, layout=parsed.layout.replace("separated by tabs", f"separated by {delimiter!r}"))


def check_like_csv(lines: Sequence[str], name: str) -> None:
    """Of a file that is no text, and CSV but for something: what that is.

    Raises:
        InputError: if nearly all lines have as many commas or semicolons, and a quotation mark is left open, or cells
            hold whole sentences.
    """
    filled = [line for line in lines if not is_blank(line)]
    for sign in _DELIMITERS:
        width, count = Counter(line.count(sign) for line in filled).most_common(1)[0]
        if width and count >= _LEAST_SHARE * len(filled):
            _as_tabs(lines, name, sign)
    try:
        rows = _as_tabs(lines, name, _delimiter(lines, name))
    except InputError:
        return
    for column, cells in enumerate(zip_longest(*(row.split("\t") for row in rows[1:]), fillvalue="")):
        check_words(cells, column, name)


def _delimiter(lines: Sequence[str], name: str) -> str:
    """The sign that gives nearly all rows as many fields, more than one.

    Raises:
        InputError: if neither does.
    """
    filled = list(islice((line for line in lines if not is_blank(line)), _SAMPLE_LINES))
    for sign in _DELIMITERS:
        try:
            widths = Counter(len(row) for row in csv.reader(filled, delimiter=sign) if row)
        except csv.Error:
            continue
        width, count = widths.most_common(1)[0] if widths else (1, 0)
        if width > 1 and count >= _LEAST_SHARE * widths.total():
            return sign
    raise InputError(f"corpus {name}: rows differ in their number of fields; expected CSV, with , or ; between fields")


def _as_tabs(lines: Sequence[str], name: str, delimiter: str) -> list[str]:
    """The rows with tabs between their fields; each on the line where it stood.

    Raises:
        InputError: at a field with a tab or a line end in it.
    """
    rows: list[str] = []
    tabs = any("\t" in line for line in lines)
    reader = csv.reader(lines, delimiter=delimiter)
    try:
        for fields in reader:
            row = "\t".join(fields)
            if reader.line_num != len(rows) + 1:
                raise InputError(
                    f"corpus {name}, line {len(rows) + 1}: a quotation mark in {quoted(lines[len(rows)], 40)} is open "
                    "at the end of the line; expected a word in each row of a CSV file; close it, or, where it is the "
                    'word itself, write it as \'""""\' (four of them)'
                )
            if tabs and row.count("\t") >= max(len(fields), 1):
                raise InputError(
                    f"corpus {name}, line {len(rows) + 1}: a field of the CSV file has a tab in it; expected a word in "
                    "each row; take it out"
                )
            rows.append(row)
    except csv.Error as error:
        raise InputError(f"corpus {name}, line {len(rows) + 1}: no CSV ({error}); fix the line") from None
    return rows
