"""Which column of a corpus file holds what: given by the user, or found from the file's first lines."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

from artifacts.errors import InputError
from tasks.corpus.lines import is_blank
from tasks.words.schemes import is_tag

DOCUMENT_START = "-DOCSTART-"
_SAMPLE_LINES = 2000
CONLLU_WIDTH = 10
# CoNLL-U's numbers of words that were split in two (1-2) and of words that are not there (8.1).
WORD_RANGE = re.compile(r"[0-9]+[-.][0-9]+")
_NUMBER = re.compile(r"[0-9]{1,9}")


@dataclass(frozen=True)
class Layout:
    """How a line falls into columns. Columns count from 0 here, from 1 in configurations and messages.

    Attributes:
        separator: a tab, or a space that stands for any run of spaces and tabs.
        width: number of columns of every word's line.
        token: column of the word.
        tag: column of its tag; None if the file has no tags.
        indexed: column 0 numbers the words of a sentence, from 0 or 1; lines from `#` on are then comments.
        checked: the numbering is checked (unless the user said where the words are).
    """

    separator: str
    width: int
    token: int
    tag: int | None
    indexed: bool
    checked: bool

    def fields(self, line: str) -> list[str]:
        """The columns of a line."""
        if self.separator == "\t":
            return line.split("\t")
        return [field for field in line.replace("\t", " ").split(" ") if field]

    def in_words(self, *, with_tags: bool) -> str:
        """What the columns are taken for, for a person."""
        columns = f"word in column {self.token + 1}"
        if with_tags and self.tag is not None:
            columns += f", tag in column {self.tag + 1}"
        numbered = ", words numbered in column 1" if self.indexed else ""
        return f"{columns} of {self.width}, separated by {'tabs' if self.separator == chr(9) else 'spaces'}{numbered}"


def find_layout(lines: Sequence[str], name: str, token_column: int | None, tag_column: int | None) -> Layout:
    """Finds what a column file's columns hold.

    The tag column is one whose values mostly look like tags. Of several, it is the last one (as in CoNLL, where a
    chunk column stands before), but the first one where the file numbers its words (as in Universal NER and GermEval,
    where a second annotator's or the nested tags follow).

    Args:
        lines: all lines of the file.
        name: what to call the file in an error.
        token_column: number of the word's column, from 1; None to find it.
        tag_column: number of the tag's column, from 1; None to find it.

    Raises:
        InputError: if a given column does not exist.
    """
    sample = _sample(lines)
    tabs = sum("\t" in line for line in sample)
    separator = "\t" if 2 * tabs > len(sample) else " "
    plain = Layout(separator, 1, 0, None, False, False)
    rows = [plain.fields(line) for line in sample]
    width = Counter(len(row) for row in rows).most_common(1)[0][0] if rows else 1
    rows = [row for row in rows if len(row) == width and not WORD_RANGE.fullmatch(row[0])]
    for option, column in (("token_column", token_column), ("tag_column", tag_column)):
        if column is not None and column > width:
            raise InputError(
                f"corpus {name}: {option} is {column}, but its lines have {column_count(width)}; set another"
            )
    tag_like = [column for column in range(width) if _tag_share(rows, column) > 0.5]
    indexed = _is_indexed(rows, 3 if tag_like or tag_column is not None else 2) and token_column != 1
    token = (token_column or (2 if indexed else 1)) - 1
    tags = [column for column in tag_like if column != token and (token_column is not None or column > token)]
    found = (tags[0] if indexed else tags[-1]) if tags else None
    tag = tag_column - 1 if tag_column is not None else found
    return Layout(separator, width, token, tag, indexed, indexed and token_column is None)


def looks_like_columns(lines: Sequence[str]) -> bool:
    """Whether a file is a column file: most of its lines have a column of tags, or it is CoNLL-U. Text is neither."""
    layout = find_layout(lines, "", None, None)
    if layout.tag is None:
        return layout.indexed and layout.width == CONLLU_WIDTH
    rows = [layout.fields(line) for line in _sample(lines)]
    tagged = sum(len(row) == layout.width and is_tag(row[layout.tag].strip(" ")) for row in rows)
    return 2 * tagged > len(rows)


def is_sampled(line: str) -> bool:
    """Whether a line says something about the columns: it is not blank, and neither comment nor document start."""
    return not is_blank(line) and not line.startswith(("#", DOCUMENT_START))


def sampled_fields(lines: Sequence[str], layout: Layout) -> list[list[str]]:
    """The columns of a file's first lines, those with another number of columns left out."""
    rows = [layout.fields(line) for line in _sample(lines)]
    return [row for row in rows if len(row) == layout.width and not (layout.indexed and WORD_RANGE.fullmatch(row[0]))]


def _sample(lines: Sequence[str]) -> list[str]:
    return list(islice(filter(is_sampled, lines), _SAMPLE_LINES))


def _tag_share(rows: list[list[str]], column: int) -> float:
    return sum(is_tag(row[column].strip(" ")) for row in rows) / max(len(rows), 1)


def _is_indexed(rows: list[list[str]], least_width: int) -> bool:
    """Whether column 0 counts: most of its values are one more than the one before, or begin again at 0 or 1."""
    if not rows or len(rows[0]) < least_width:
        return False
    numbers = [int(row[0]) if _NUMBER.fullmatch(row[0]) else -2 for row in rows]
    fitting = sum(number in (0, 1, before + 1) for before, number in zip([-1, *numbers], numbers, strict=False))
    return 2 * fitting > len(rows)


def column_count(width: int) -> str:
    """A number of columns in words."""
    return "1 column" if width == 1 else f"{width} columns"
