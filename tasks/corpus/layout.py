"""Which column of a corpus file holds what: given by the user, or found from what is in all of its lines."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from artifacts.errors import InputError
from tasks.corpus.column_choice import index_column, sentence_columns, tag_column_of, word_column
from tasks.corpus.dialects import Dialect, find_dialect
from tasks.corpus.headers import Role, global_columns, header_roles
from tasks.corpus.lines import is_blank
from tasks.corpus.visible import quoted

DOCUMENT_START = "-DOCSTART-"
CONLLU_WIDTH = 10
END_OF_SENTENCE = "EndOfSentence"
# CoNLL-U's numbers of words that were split in two (1-2) and of words that are not there (8.1).
WORD_RANGE = re.compile(r"[0-9]+[-.][0-9]+")
# Columns with more different values than any set of tags has are not looked at as such.
_MOST_TAGS = 5000
# Of a column whose sentences' numbers stand at first words alone: sentences have 1.5 words and more, on average.
_LEAST_EMPTY = 1 / 3
# First characters of comments, of -DOCSTART-, and the byte order mark.
_MAY_NOT_COUNT = "#-\ufeff"
_NAMED = {"\t": "tabs", " ": "spaces", "|": "bars"}


@dataclass(frozen=True)
class Layout:
    """How a line falls into columns. Columns count from 0 here, from 1 in configurations and messages.

    Attributes:
        separator: a tab, a bar, or a space that stands for any run of spaces and tabs.
        width: number of columns of every word's line.
        token: column of the word.
        tag: column of its tag; None if the file has no tags.
        indexed: column 0 numbers the words of a sentence, from 0 or 1; lines from `#` on are then comments.
        checked: the numbering is checked (unless the user said where the words are).
        header: number of the line that names the columns, from 1; 0 if there is none.
        sentence: column of sentence numbers, if a header names it or no blank line parts sentences; else None.
        document: column of documents, in each of which these numbers may begin again; None if there is none.
        filled_down: the sentence's number stands at its first word alone; else one that is missing is the one before.
        end_mark: column that says EndOfSentence (HIPE); None if there is none.
        dialect: how the tags are written; None if there are none.
        passed_over: other columns with tags, for a person.
    """

    separator: str
    width: int
    token: int
    tag: int | None
    indexed: bool
    checked: bool
    header: int = 0
    sentence: int | None = None
    document: int | None = None
    filled_down: bool = False
    end_mark: int | None = None
    dialect: Dialect | None = field(default=None, compare=False)
    passed_over: tuple[str, ...] = field(default=(), compare=False)

    def fields(self, line: str) -> list[str]:
        """The columns of a line."""
        if self.separator == "\t":
            return line.split("\t")
        if self.separator == "|":
            # A bar may be the word: what is behind it has none.
            return line.rsplit("|", self.width - 1) if self.width > 1 else line.split("|")
        return [part for part in line.replace("\t", " ").split(" ") if part]

    def in_words(self, *, with_tags: bool) -> str:
        """What the columns are taken for, for a person."""
        columns = f"word in column {self.token + 1}"
        if with_tags and self.tag is not None:
            columns += f", tag in column {self.tag + 1}"
        parts = [f"{columns} of {self.width}, separated by {_NAMED[self.separator]}"]
        parts += [f"header in line {self.header}"] * bool(self.header)
        parts += ["words numbered in column 1"] * self.indexed
        parts += [f"sentences numbered in column {(self.sentence or 0) + 1}"] * (self.sentence is not None)
        parts += [f"documents in column {(self.document or 0) + 1}"] * (self.document is not None)
        parts += [f"sentences end at {END_OF_SENTENCE} in column {(self.end_mark or 0) + 1}"] * (
            self.end_mark is not None
        )
        if with_tags and self.dialect is not None:
            parts += filter(None, [self.dialect.in_words()])
            parts += [f"not read: {', '.join(self.passed_over)}"] * bool(self.passed_over)
        return ", ".join(parts)


def find_layout(lines: Sequence[str], name: str, token_column: int | None, tag_column: int | None) -> Layout:
    """Finds what a column file's columns hold, from all of its lines; see `tasks/corpus/column_choice`.

    Args:
        lines: all lines of the file.
        name: what to call the file in an error.
        token_column: number of the word's column, from 1; None to find it.
        tag_column: number of the tag's column, from 1; None to find it.

    Raises:
        InputError: if a given column does not exist, or two columns could be meant.
    """
    content = [line for line in lines if is_sampled(line)]
    plain = Layout(_separator(content), 1, 0, None, False, False)
    rows = [plain.fields(line) for line in content]
    width = Counter(map(len, rows)).most_common(1)[0][0] if rows else 1
    for option, column in (("token_column", token_column), ("tag_column", tag_column)):
        if column is not None and column > width:
            raise InputError(
                f"corpus {name}: {option} is {column}, but its lines have {column_count(width)}; set another"
            )
    roles: tuple[Role | None, ...] | None = header_roles(rows[0]) if rows else None
    header = next(number for number, line in enumerate(lines, 1) if line == content[0]) if roles else 0
    rows = [row for row in rows if len(row) == width and not (roles and row == rows[0])]
    unranged = [row for row in rows if not _is_range(row[0])]
    if 2 * sum(row[0].isdecimal() for row in unranged) > len(unranged):
        rows = unranged
    roles = roles or global_columns(lines) or ()
    roles = roles if len(roles) == width else (None,) * width
    columns: list[Sequence[str]] = list(zip(*rows, strict=True)) if rows else [()] * width
    counts = [_stripped(Counter(column)) for column in columns]
    given = None if tag_column is None else tag_column - 1
    dialects: list[Dialect | None] = [
        find_dialect(each, named=roles[column] == "tag" or column == given)
        if len(each) <= _MOST_TAGS or column == given
        else None
        for column, each in enumerate(counts)
    ]
    prefixed = {column for column, each in enumerate(dialects) if each is not None and each.name != "io"}
    least_width = 3 if prefixed or given is not None else 2
    # Beside numbers of sentences, numbers that never begin again are those of a table's rows.
    of_rows = "sentence" in roles and len(counts[0]) == len(rows)
    may_count = token_column != 1 and roles[0] in (None, "other") and not of_rows
    indexed = may_count and index_column(columns, counts[0], least_width)
    token = None if token_column is None else token_column - 1
    if token is None:
        token = word_column(counts, name, roles, prefixed | {0} if indexed else prefixed)
    tag = given
    passed_over: tuple[str, ...] = ()
    if given is None:
        tag, passed_over = tag_column_of(columns, counts, dialects, name, roles, token)
    layout = Layout(plain.separator, width, token, tag, indexed, indexed and token_column is None, header)
    layout = replace(
        layout,
        dialect=None if tag is None else dialects[tag],
        passed_over=passed_over,
        end_mark=_end_mark(counts, token),
    )
    if layout.end_mark is None:
        taken = {column for column in (token, tag, 0 if indexed else None) if column is not None}
        sentence, document = sentence_columns(columns, counts, roles, taken, headed=_has_blank_inside(lines))
        filled_down = sentence is not None and counts[sentence][""] >= _LEAST_EMPTY * len(rows) > 0
        layout = replace(layout, sentence=sentence, document=document, filled_down=filled_down)
    return layout


def check_words(cells: Sequence[str], column: int, name: str) -> None:
    """The cells of a table's column are words.

    Raises:
        InputError: if they are whole sentences: as many spaces as cells, or more.
    """
    if cells and sum(cell.count(" ") for cell in cells) >= len(cells):
        raise InputError(
            f"corpus {name}: column {column + 1} has whole sentences in it, such as "
            f"{quoted(max(cells[:100], key=len), 40)}; expected a word in each row; write JSON lines with tokens and "
            "tags, or with text and entities (README's table), such as with pandas: table['tokens'] = "
            "table[...].str.split(), then table.to_json('corpus.jsonl', orient='records', lines=True); or the "
            "sentences alone, one a line"
        )


def looks_like_columns(lines: Sequence[str]) -> bool:
    """Whether a file is a column file: most of its lines have a column of tags, or it is CoNLL-U. Text is neither."""
    content = [line for line in lines if is_sampled(line)]
    plain = Layout(_separator(content), 1, 0, None, False, False)
    fitting = max(Counter(len(plain.fields(line)) for line in content).values(), default=0)
    if 2 * fitting <= len(content):
        return False
    layout = layout_if_clear(lines)
    if layout is None:
        # Two columns could be meant: there are columns.
        return True
    if layout.tag is None or layout.dialect is None:
        headed = layout.header > 0 and layout.width > 1
        return len(content) > 0 and ((layout.indexed and layout.width == CONLLU_WIDTH) or headed)
    # Between spaces, types without prefixes are told from prose by their place alone.
    if layout.dialect.name == "io" and layout.separator == " " and layout.tag != layout.width - 1:
        return False
    return 2 * layout.dialect.rows > len(content)


def layout_if_clear(lines: Sequence[str]) -> Layout | None:
    """What the columns of a file hold; None if two could be meant."""
    try:
        return find_layout(lines, "", None, None)
    except InputError:
        return None


def is_sampled(line: str) -> bool:
    """Whether a line says something about the columns: it is not blank, and neither comment nor document start."""
    if line and line[0] not in _MAY_NOT_COUNT and not line.isspace():
        return True
    return not is_blank(line) and not line.startswith(("#", DOCUMENT_START))


def sampled_fields(lines: Sequence[str], layout: Layout) -> list[list[str]]:
    """The columns of a file's lines, those with another number of columns left out."""
    rows = [layout.fields(line) for line in lines if is_sampled(line)]
    return [row for row in rows if len(row) == layout.width and not (layout.indexed and _is_range(row[0]))]


def _is_range(value: str) -> bool:
    # Most values are none by their first character.
    return value[:1].isdigit() and WORD_RANGE.fullmatch(value) is not None


def column_count(width: int) -> str:
    """A number of columns in words."""
    return "1 column" if width == 1 else f"{width} columns"


def separator_name(separator: str) -> str:
    """What separates columns, in words."""
    return _NAMED[separator]


def _separator(content: Sequence[str]) -> str:
    if 2 * sum("\t" in line for line in content) > len(content):
        return "\t"
    bars = Counter(line.count("|") for line in content if " " not in line)
    del bars[0]
    # A word may be a bar, so that not all lines have as many.
    if content and bars.total() >= 0.9 * len(content) and 2 * max(bars.values(), default=0) > len(content):
        return "|"
    return " "


def _stripped(counts: Mapping[str, int]) -> Counter[str]:
    if not any(value[:1] == " " or value[-1:] == " " for value in counts):
        return Counter(counts)
    stripped: Counter[str] = Counter()
    for value, count in counts.items():
        stripped[value.strip(" ")] += count
    return stripped


def _end_mark(counts: Sequence[Mapping[str, int]], token: int) -> int | None:
    marked = (column for column, each in enumerate(counts) if column != token)
    return next((column for column in marked if any(END_OF_SENTENCE in value for value in counts[column])), None)


def _has_blank_inside(lines: Sequence[str]) -> bool:
    """Whether a blank line stands between two others."""
    first = next((place for place, line in enumerate(lines) if is_sampled(line)), len(lines))
    last = next((place for place in range(len(lines) - 1, first, -1) if is_sampled(lines[place])), first)
    return any(not line or is_blank(line) for line in lines[first:last])
