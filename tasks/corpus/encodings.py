"""From bytes to text: UTF-8, or the encoding that a configuration names; what other bytes look like."""

import codecs
import re

from artifacts.errors import InputError

_CESU = "cesu-8"
_LONE = re.compile("[\ud800-\udfff]")
# What begins like this is no text, whatever it is called.
_BINARY = {
    b"PK\x03\x04": "a zip (or a spreadsheet or document of an office program)",
    b"\x1f\x8b": "gzip data",
    b"BZh": "bzip2 data",
    b"\xfd7zXZ\x00": "xz data",
    b"7z\xbc\xaf": "a 7z archive",
    b"%PDF": "a PDF",
    b"\x89PNG": "a picture",
    b"SQLite format 3": "an SQLite database",
    b"\x28\xb5\x2f\xfd": "zstd data",
    b"PAR1": "a damaged Parquet file",
    b"\x80\x04\x95": "a pickle, which is not read: it can run code",
}
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_SAMPLE_BYTES = 200_000


def is_no_utf8(head: bytes) -> bool:
    """Whether a file that begins so is none of UTF-8, whatever follows: `decoded` says what it is."""
    return head.startswith(_UTF16) or _binary(head) is not None


def decoded(content: bytes, name: str, encoding: str | None) -> str:
    """The text of a file, without byte order mark.

    Args:
        content: its bytes.
        name: what to call it in an error.
        encoding: of the bytes; None: UTF-8.

    Raises:
        InputError: if the bytes are no text in that encoding; with what they look like.
    """
    if encoding is not None:
        return _converted(content, name, encoding)
    if (binary := _binary(content)) is not None:
        raise InputError(f"corpus {name}: the file is {binary}; expected text; unpack or convert it")
    if content.startswith(_UTF16):
        raise InputError(f"corpus {name}: the file is UTF-16; expected UTF-8; set encoding: utf-16, or convert it")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        # With a byte order mark, the decoder counts from behind it; `error.object` is what it counted in.
        seen = error.object[: error.start]
        line, column = seen.count(b"\n") + 1, len(seen) - (seen.rfind(b"\n") + 1) + 1
        raise InputError(
            f"corpus {name}, line {line}: byte {column} of the line (0x{error.object[error.start]:02x}) is not UTF-8; "
            f"expected UTF-8 text; {_advice(content)}"
        ) from None


def _binary(head: bytes) -> str | None:
    return next((what for magic, what in _BINARY.items() if head.startswith(magic)), None)


def _converted(content: bytes, name: str, encoding: str) -> str:
    try:
        if encoding.lower() == _CESU:
            text = _joined(content)
            if (alone := _LONE.search(text)) is not None:
                raise InputError(f"corpus {name}, line {text.count(chr(10), 0, alone.start()) + 1}: {_cut(alone[0])}")
            return text
        codecs.lookup(encoding)
        return content.decode(encoding).removeprefix("\ufeff")
    except LookupError:
        raise InputError(
            f"corpus {name}: encoding is {encoding!r}, which Python does not know; expected one such as cp1251, "
            "gb18030, shift_jis or latin-1"
        ) from None
    except UnicodeError as error:
        raise InputError(
            f"corpus {name}: its bytes are no {encoding} ({error}); expected what the configuration says; set another "
            "encoding, or leave it out"
        ) from None


def _advice(content: bytes) -> str:
    """What bytes that are not UTF-8 look like, and what to set."""
    if _has_surrogates(content):
        if (alone := _LONE.search(_joined(content))) is not None:
            return _cut(alone[0])
        return "it holds halves of characters (surrogates written as UTF-8, CESU-8); set encoding: cesu-8 to join them"
    # Here, because it is needed for this message alone.
    from charset_normalizer import from_bytes

    found = from_bytes(content[:_SAMPLE_BYTES]).best()
    if found is None:
        return (
            "what it is cannot be told from its bytes; set encoding to that of the file, such as cp1251, gb18030 or "
            "shift_jis; or is it damaged, or binary?"
        )
    languages = f", in which it reads like {found.language}" if found.language not in ("", "Unknown") else ""
    start = " ".join(str(found).split())[:40]
    return (
        f"its bytes look like {found.encoding}{languages} ({start!r}); if that is right, set encoding: "
        f"{found.encoding}; other encodings may fit as well"
    )


def _joined(content: bytes) -> str:
    """Halves of characters beyond U+FFFF, each written as UTF-8, joined by way of UTF-16; one that is alone stays."""
    halves = content.decode("utf-8-sig", "surrogatepass")
    return halves.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")


def _cut(half: str) -> str:
    return (
        f"half of a character (the surrogate U+{ord(half):04X}) whose other half does not follow; a tool cut a "
        "character, such as an emoji, in two; write it whole, or take it out"
    )


def _has_surrogates(content: bytes) -> bool:
    try:
        content.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return False
    return True
