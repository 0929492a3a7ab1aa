"""The lines of a text file, decoded with care.

Only a line feed ends a line (with or without carriage returns before it: two, where Windows' ends were written as text
once more). Python's `str.splitlines` and universal newlines also break at U+0085, U+2028 and others, which occur inside
the words of real corpora.
"""

import io
import re
import unicodedata
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path

from artifacts.errors import InputError
from tasks.corpus.compressed import unpacked, unpacking
from tasks.corpus.encodings import decoded, is_no_utf8

BYTE_ORDER_MARK = "\ufeff"
_ENDS_OF_COLUMNS = ("", " ", "\t", ",", ";", "|")


def read_lines(path: Path) -> list[str]:
    """The lines of a UTF-8 file, unpacked, in Unicode NFC, without byte order mark and line ends.

    Raises:
        InputError: if there is no such file, or it is not UTF-8 text.
    """
    return split_lines(read_content(path), str(path))


def each_line(path: Path) -> Iterator[str]:
    """The same lines as `read_lines` gives, one after another: the file is never whole in memory.

    A file that is no such text is read again as a whole, to say where and why; so is one that ends its lines by
    carriage returns alone, which has one line for the reader here.

    Raises:
        InputError: as `read_lines`, where the reader comes to it.
    """
    told = 0
    try:
        with unpacking(path) as file:
            head = file.peek()
            strange = is_no_utf8(head)
            text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="\n")
            for line in () if strange else text:
                ended = line.endswith("\n")
                content = line.removesuffix("\n")
                if "\0" in content or (told == 0 and not ended and "\r" in content.removesuffix("\r")):
                    strange = True
                    break
                content = content.rstrip("\r")
                if content or ended:
                    yield unicodedata.normalize("NFC", content)
                    told += 1
    except (UnicodeDecodeError, OSError, EOFError, zlib.error, InputError):
        strange = True
    if strange:
        for place, line in enumerate(read_lines(path)):
            if place >= told:
                yield line


def read_content(path: Path) -> bytes:
    """The bytes of a file, unpacked if gzip packed them.

    Raises:
        InputError: if there is no such file, or its gzip data is damaged.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise InputError(f"corpus {path}: no such file; check the path") from None
    except IsADirectoryError:
        raise InputError(f"corpus {path}: this is a folder; expected a file; name one of the files in it") from None
    except OSError as error:
        raise InputError(
            f"corpus {path}: it cannot be read ({error.strerror}); check the path and its rights"
        ) from None
    return unpacked(content, str(path))


def split_lines(content: bytes, name: str, *, normalized: bool = True, encoding: str | None = None) -> list[str]:
    """The lines of bytes; see `read_lines`.

    Args:
        content: the file's bytes.
        name: what to call the file in an error.
        normalized: bring them to NFC, which would move offsets that count characters.
        encoding: of the bytes; None: UTF-8.

    Raises:
        InputError: if they are no such text.
    """
    text = decoded(content, name, encoding)
    if "\0" in text:
        line = text[: text.index("\0")].count("\n") + 1
        raise InputError(
            f"corpus {name}, line {line}: a zero byte; expected UTF-8 text; is the file UTF-16, or binary?"
        )
    if "\r" in text:
        text = re.sub("\r+\n", "\n", text)
        text = text.rstrip("\r") if "\n" in text else text.removesuffix("\r").replace("\r", "\n")
    lines = (unicodedata.normalize("NFC", text) if normalized else text).split("\n")
    return lines[:-1] if lines[-1] == "" else lines


def in_nfc(lines: Sequence[str]) -> Sequence[str]:
    """The same lines in Unicode NFC."""
    text = "\n".join(lines)
    return lines if unicodedata.is_normalized("NFC", text) else unicodedata.normalize("NFC", text).split("\n")


def without_inner_marks(lines: Sequence[str]) -> tuple[Sequence[str], int]:
    """Lines without the byte order marks that they begin with where files were joined, and how many had one.

    One that stands alone, or before a column's end, is itself the word.
    """
    marked = [place for place, line in enumerate(lines) if line.startswith(BYTE_ORDER_MARK)]
    glued = [place for place in marked if lines[place].lstrip(BYTE_ORDER_MARK)[:1] not in _ENDS_OF_COLUMNS]
    if glued:
        lines = list(lines)
        for place in glued:
            lines[place] = lines[place].lstrip(BYTE_ORDER_MARK)
    return lines, len(glued)


def is_blank(line: str) -> bool:
    """Whether a line holds nothing but spaces, of any kind, and byte order marks that a joining of files left."""
    return not line or line.isspace() or (line[0] in BYTE_ORDER_MARK and not line.strip(f"{BYTE_ORDER_MARK} \t"))
