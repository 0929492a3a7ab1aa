"""Read text to tag as it comes: a sentence a line, or running text that is split into sentences."""

import sys
import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from contextlib import nullcontext
from itertools import groupby, islice, pairwise
from pathlib import Path
from typing import Literal, NamedTuple

from artifacts.errors import InputError
from tasks.corpus.lines import BYTE_ORDER_MARK, is_blank, without_inner_marks
from tasks.corpus.running_text import unlike_text
from tasks.corpus.segmenters import UNSPACED_CHARACTER
from tasks.corpus.sentence_ends import sentence_splitter

Layout = Literal["sentences", "paragraphs", "wrapped"]

_HEAD_LINES = 2000


class Piece(NamedTuple):
    """A sentence to tag.

    text    the sentence; empty for a blank line
    start   where it starts in what its offsets count in: 0 in its own line; its place in running text
    line    number of the line in which it starts, from 1
    joints  places in `text` before which the end of a line was left out, ascending
    """

    text: str
    start: int
    line: int
    joints: Sequence[int] = ()

    def place(self, first: int, end: int) -> tuple[int, int]:
        """Where a stretch of `text` (end: exclusive) stands in what offsets count in."""
        return self.start + first + bisect_right(self.joints, first), self.start + end + bisect_left(self.joints, end)


def read_text(path: Path, *, normalized: bool) -> Iterator[str]:
    """The lines of a UTF-8 file, or of standard input if it is called -, without their ends.

    As in corpora, byte order marks at the beginning of a line, where files were joined, are no part of it, and a file
    without any line feed may end its lines by carriage returns.

    Args:
        path: the file.
        normalized: refuse text that is not in Unicode NFC, whose offsets would be those of another text.

    Raises:
        InputError: if there is no such file, or it is no such text; with the line.
    """
    name = "standard input" if str(path) == "-" else str(path)
    try:
        with nullcontext(sys.stdin.buffer) if str(path) == "-" else path.open("rb") as file:
            for number, content in enumerate(_lines(file), start=1):
                line = _decoded(content, name, number)
                if line.startswith(BYTE_ORDER_MARK):
                    (line,), _ = without_inner_marks([line])
                    line = "" if is_blank(line) else line
                if normalized and not unicodedata.is_normalized("NFC", line):
                    raise InputError(
                        f"sentences {name}, line {number}: not in Unicode NFC, as offsets need it; convert the text, "
                        "such as with uconv -x any-nfc, or leave --offsets out"
                    )
                yield line
    except FileNotFoundError:
        raise InputError(f"sentences {name}: no such file; name a text file with one sentence a line, or -") from None
    except IsADirectoryError:
        raise InputError(f"sentences {name}: this is a folder; name a text file in it, or -") from None


def check_text(path: Path) -> None:
    """A file is running text by its first lines; what comes from standard input is taken as it is.

    Raises:
        InputError: if it is JSON, mark-up, or words with tags, which would be tagged as if they were a text.
    """
    if not path.is_file():
        return
    with path.open("rb") as file:
        head = [line.decode("utf-8", "replace") for line in islice(_lines(file), _HEAD_LINES)]
    unlike = unlike_text(head)
    if unlike is not None and unlike.certain:
        raise InputError(
            f"sentences {path}: the file looks like {unlike.what}; expected one sentence a line; tag the words of a "
            "corpus with --read auto (or the name of its format), or name a text"
        )


def _lines(file: Iterable[bytes]) -> Iterator[bytes]:
    """Lines without their ends, as they come; of one that no line feed ends, carriage returns part what is in it."""
    for number, content in enumerate(file):
        if number == 0 and b"\r" in content and not content.endswith(b"\n"):
            yield from content.removesuffix(b"\r").split(b"\r")
        else:
            yield content.removesuffix(b"\n").rstrip(b"\r")


def pieces(lines: Iterable[str], layout: Layout, language: str) -> Iterator[Piece]:
    """The sentences to tag.

    Args:
        lines: of the text.
        layout: sentences: each line is one, a blank one too. paragraphs: each line is split into sentences, a blank one
            is an empty one. wrapped: sentences go on over line ends, and end at blank lines at the latest; a line's end
            is a space, and nothing between two characters of scripts without spaces.
        language: of running text.
    """
    if layout == "sentences":
        yield from (Piece(line, 0, number) for number, line in enumerate(lines, 1))
        return
    split = sentence_splitter(language)
    for held in _paragraphs(_placed(lines)) if layout == "wrapped" else ([line] for line in _placed(lines)):
        paragraph, begins, joints = _joined([line.text for line in held])
        for first, end in split(paragraph) or [(0, 0)]:
            row = bisect_right(begins, first) - 1
            inside = joints[bisect_right(joints, first) : bisect_left(joints, end)]
            start = held[row].start + first - begins[row]
            yield Piece(paragraph[first:end], start, held[row].line, [joint - first for joint in inside])


def _joined(lines: Sequence[str]) -> tuple[str, list[int], list[int]]:
    """Lines as one; where in it each begins, and which of these places follow without a space on the line before."""
    parts, begins, joints = [lines[0]], [0], []
    for before, line in pairwise(lines):
        begin = begins[-1] + len(before)
        if UNSPACED_CHARACTER.match(before[-1:]) and UNSPACED_CHARACTER.match(line):
            joints.append(begin)
        else:
            parts.append(" ")
            begin += 1
        parts.append(line)
        begins.append(begin)
    return "".join(parts), begins, joints


def _placed(lines: Iterable[str]) -> Iterator[Piece]:
    """Lines, and where each starts; a line's end counts as one character."""
    start = 0
    for number, line in enumerate(lines, 1):
        yield Piece(line, start, number)
        start += len(line) + 1


def _paragraphs(lines: Iterable[Piece]) -> Iterator[list[Piece]]:
    """Lines that no blank one separates."""
    for blank, held in groupby(lines, key=lambda line: not line.text.strip()):
        if not blank:
            yield list(held)


def _decoded(content: bytes, name: str, number: int) -> str:
    if number == 1 and content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise InputError(f"sentences {name}: the text is UTF-16; expected UTF-8; convert it, such as with iconv")
    try:
        return content.decode("utf-8-sig" if number == 1 else "utf-8")
    except UnicodeDecodeError as error:
        raise InputError(
            f"sentences {name}, line {number}: byte {error.start + 1} of the line (0x{error.object[error.start]:02x}) "
            "is not UTF-8; expected UTF-8 text; convert it, such as with iconv -f latin1 -t utf-8"
        ) from None
