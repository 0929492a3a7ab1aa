"""Take corpus files out of a .zip, guarded as gzip is."""

import io
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from artifacts.errors import InputError
from tasks.corpus.compressed import check_size

# Every .xlsx and .docx has it.
_OFFICE = "[Content_Types].xml"
_MAGIC = (b"PK\x03\x04", b"PK\x05\x06")


def is_zip(content: bytes) -> bool:
    """Whether bytes are a zip's."""
    return content.startswith(_MAGIC)


def unzipped(content: bytes, name: str, member: str | None) -> tuple[bytes, str]:
    """The bytes of one file of a zip, and its name in it.

    Args:
        content: the zip's bytes.
        name: what to call the zip in an error.
        member: which file; None: the only one.

    Raises:
        InputError: if there is no such file, several, or the zip is damaged, locked, or vast when unpacked.
    """
    names = zip_members(content, name)
    if member is None and _OFFICE in names:
        raise InputError(
            f"corpus {name}: the file is a spreadsheet or document of an office program; expected text; save it as CSV "
            "(UTF-8), a word and its tag in each row"
        )
    if member is None and len(names) != 1:
        raise InputError(
            f"corpus {name}: the zip holds {len(names)} files ({', '.join(names[:8]) or 'none'}); expected one, "
            "brat's .ann and .txt in pairs, or a choice; set member to the name of one (unpack the zip to read several)"
        )
    chosen = names[0] if member is None else member
    if chosen not in names:
        raise InputError(f"corpus {name}: the zip has no {member!r}; it has {', '.join(names[:8])}")
    return unzipped_all(content, name, [chosen])[0], chosen


def zip_members(content: bytes, name: str) -> list[str]:
    """The names of the files in a zip, without what archivers put beside them.

    Raises:
        InputError: if the zip is damaged.
    """
    with _opened(content, name) as box:
        return [each.filename for each in box.infolist() if not each.is_dir() and not _is_beside(each.filename)]


def unzipped_all(content: bytes, name: str, members: Sequence[str]) -> list[bytes]:
    """The bytes of some files of a zip.

    Raises:
        InputError: if the zip is damaged, locked, or vast when unpacked.
    """
    with _opened(content, name) as box:
        check_size(sum(box.getinfo(member).file_size for member in members), len(content), name)
        return [box.read(member) for member in members]


@contextmanager
def _opened(content: bytes, name: str) -> Iterator[zipfile.ZipFile]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as box:
            yield box
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError, OSError, EOFError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(
            f"corpus {name}: the zip cannot be unpacked ({error}); expected a whole one without a password; unpack it "
            "yourself"
        ) from None


def _is_beside(name: str) -> bool:
    """Whether a Mac's archiver put a file there."""
    return name.startswith("__MACOSX/") or name.rpartition("/")[2].startswith(".")
