"""Read column files: a word and its tag on each line, a blank line after each sentence."""

import re
from collections.abc import Sequence
from itertools import pairwise

from artifacts.errors import InputError
from tasks.corpus.formats import CorpusFormat
from tasks.corpus.layout import (
    DOCUMENT_START,
    END_OF_SENTENCE,
    WORD_RANGE,
    Layout,
    check_words,
    column_count,
    find_layout,
    is_sampled,
    separator_name,
)
from tasks.corpus.lines import is_blank
from tasks.corpus.parsed import Parsed
from tasks.corpus.visible import quoted
from tasks.words.schemes import is_tag

# CoNLL-U writes `# sent_id = 7`, OntoNotes `#begin document`, KLUE `## id`. A word that starts with # has its tag
# behind it. Only `# key = value` is told from words inside a sentence, too.
_COMMENT = re.compile(r"#(?: |\t|begin |end |# )")
_COMMENT_INSIDE = re.compile(r"# ?[\w.:-]+ ?= ?")
# Comments that stand before a sentence, so that they end one also where no blank line does.
_BEFORE_A_SENTENCE = re.compile(r"# ?(?:(?:sent_id|text) ?=|newdoc\b|newpar\b)")


def parse_column_file(
    lines: Sequence[str], name: str, format: CorpusFormat, language: str, *, with_tags: bool
) -> Parsed:
    """Finds the columns of a file's lines and reads them.

    Raises:
        InputError: if there are no tags and they are wanted, or as `parse_columns`.
    """
    layout = find_layout(lines, name, format.token_column, format.tag_column)
    filled = next((number for number, line in enumerate(lines, 1) if is_sampled(line)), None)
    if with_tags and layout.tag is None and filled is not None:
        others = f" (there are {', '.join(layout.passed_over)})" if layout.passed_over else ""
        raise InputError(
            f"corpus {name}, line {filled}: {quoted(lines[filled - 1], 40)} and what follows has no column of tags "
            f"of entities{others}; expected a word and its tag on each line; set tag_column, or give a labelled file"
        )
    parsed = parse_columns(lines, name, layout, with_tags=with_tags)
    if layout.separator == "\t":
        check_words(parsed.words, layout.token, name)
    return parsed


def parse_columns(lines: Sequence[str], name: str, layout: Layout, *, with_tags: bool) -> Parsed:
    """Reads the lines of a column file.

    Blank lines, -DOCSTART- lines and `# sent_id` end a sentence, so do marks and new numbers in a column, and a header
    that stands again where files were joined. Comments, headers, and CoNLL-U's ranges (`1-2`) and empty nodes (`8.1`),
    are left out. Everything else must be a word with as many columns as the layout says.

    Args:
        lines: the file's lines, without line ends.
        name: what to call the file in an error.
        layout: which column holds what.
        with_tags: whether the tags are wanted.

    Raises:
        InputError: at a line with a wrong number of columns, an empty word, or a number out of turn.
    """
    words: list[str] = []
    tags: list[str] = []
    indices: list[str] = []
    numbers: list[int] = []
    starts: list[int] = []
    opened = False
    width, token, tag = layout.width, layout.token, layout.tag if with_tags else None
    split_by_tab = layout.separator == "\t"
    boundary = layout.sentence if layout.sentence is not None else layout.end_mark
    boundaries: list[str] = []
    documents: list[str] = []
    header, repeated = lines[layout.header - 1] if layout.header else None, 0
    for number, line in enumerate(lines, 1):
        if is_blank(line):
            opened = False
            continue
        if line == header:
            opened = False
            repeated += number != layout.header
            continue
        fields = line.split("\t") if split_by_tab else layout.fields(line)
        if len(fields) != width or line[0] in "#-" or layout.indexed or fields[token] == DOCUMENT_START:
            kind = _special(line, fields, layout, opened)
            if kind == "boundary":
                opened = False
            if kind:
                continue
            if len(fields) != width:
                fields = _refit(fields, line, name, number, layout)
        if not opened:
            starts.append(len(words))
            opened = True
        if not fields[token]:
            raise InputError(
                f"corpus {name}, line {number}: the word in column {token + 1} is empty; expected a word; "
                "delete the line, or set token_column"
            )
        words.append(fields[token])
        indices.append(fields[0])
        if tag is not None:
            tags.append(fields[tag])
        if boundary is not None:
            boundaries.append(fields[boundary])
        if layout.document is not None:
            documents.append(fields[layout.document])
        numbers.append(number)
    if boundary is not None:
        starts = sorted({*starts, *_marked_starts(boundaries, layout), *_changes(documents)})
    if layout.checked:
        _check_index(indices, name, layout, numbers, starts)
    if split_by_tab:
        words = [word.strip(" ") or word if " " in word else word for word in words]
        tags = [each.strip(" ") for each in tags]
    described = layout.in_words(with_tags=with_tags)
    dialect = layout.dialect if tag is not None else None
    remarks = [f"the header stands in {repeated:,} more lines, where files were joined; left out"] * bool(repeated)
    if layout.sentence is not None and not layout.filled_down and (missing := boundaries.count("")):
        remarks.append(f"{missing:,} words without a number of their sentence were left in the one before")
    read_tags = tags if tag is not None else None
    return Parsed(words, read_tags, numbers, starts, layout=described, dialect=dialect, remarks=tuple(remarks))


def _marked_starts(values: Sequence[str], layout: Layout) -> list[int]:
    """Where sentences start by what stands in one column: their number, or a mark at their last word."""
    if layout.sentence is None:
        return [place + 1 for place, value in enumerate(values[:-1]) if END_OF_SENTENCE in value]
    if layout.filled_down:
        return [place for place, value in enumerate(values) if value]
    return _changes(values)


def _changes(values: Sequence[str]) -> list[int]:
    """Where a value stands that is not the last one; rows without one go on with it."""
    places = [place for place, value in enumerate(values) if value]
    return [place for before, place in pairwise(places) if values[place] != values[before]]


def _special(line: str, fields: list[str], layout: Layout, opened: bool) -> str:
    """What a line is that is not a word's: comment, boundary of sentences, range; empty for a word."""
    if line.startswith(DOCUMENT_START) or (len(fields) == layout.width and fields[layout.token] == DOCUMENT_START):
        return "boundary"
    if line[0] == "#" and layout.indexed:
        return "boundary" if _BEFORE_A_SENTENCE.match(line) else "comment"
    if layout.indexed and not fields[0].isdigit() and WORD_RANGE.fullmatch(fields[0]):
        return "range"
    if line[0] == "#" and not _has_tag(fields, layout):
        if _BEFORE_A_SENTENCE.match(line):
            return "boundary"
        if _COMMENT_INSIDE.match(line) or (not opened and _COMMENT.match(line)):
            return "comment"
    return ""


def _has_tag(fields: list[str], layout: Layout) -> bool:
    if len(fields) != layout.width or layout.tag is None:
        return len(fields) == layout.width
    tag = fields[layout.tag].strip(" ")
    return is_tag(tag) if layout.dialect is None else layout.dialect.holds(tag)


def _refit(fields: list[str], line: str, name: str, number: int, layout: Layout) -> list[str]:
    """The columns of a line with spaces or tabs at its end; any other misfit is an error."""
    trimmed = line.rstrip(" \t").split(layout.separator)
    if layout.separator == "\t" and len(trimmed) == layout.width:
        return trimmed
    raise InputError(
        f"corpus {name}, line {number}: {column_count(len(fields))} separated by {separator_name(layout.separator)}, "
        f"expected {layout.width} as in most lines; fix the line, {quoted(line)} (a blank line ends a sentence), or "
        "set format if the file has no columns"
    )


def _check_index(indices: list[str], name: str, layout: Layout, numbers: list[int], starts: list[int]) -> None:
    """Checks that the words of each sentence are numbered one after the other, from 0 or 1."""
    bounds = list(pairwise([*starts, len(indices)]))
    longest = max((end - start for start, end in bounds), default=0)
    counted = [str(index) for index in range(longest + 1)]
    for start, end in bounds:
        first = 0 if indices[start] == "0" else 1
        if indices[start:end] != counted[first : first + end - start]:
            wrong = next(place for place in range(start, end) if indices[place] != counted[first + place - start])
            raise InputError(
                f"corpus {name}, line {numbers[wrong]}: word number {indices[wrong]!r}, expected "
                f"{counted[first + wrong - start]!r}; is a blank line between sentences missing? Fix the line, or set "
                f"token_column: {layout.token + 1} to read the file whatever its numbers are"
            )
