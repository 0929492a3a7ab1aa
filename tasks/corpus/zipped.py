"""Take a corpus file out of a .zip, guarded as gzip is."""

import io
import zipfile

from artifacts.errors import InputError
from tasks.corpus.compressed import check_size

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
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as box:
            listed = [each for each in box.infolist() if not each.is_dir() and not _is_beside(each.filename)]
            names = [each.filename for each in listed]
            if member is None and len(listed) != 1:
                raise InputError(
                    f"corpus {name}: the zip holds {len(listed)} files ({', '.join(names[:8]) or 'none'}); expected "
                    "one, or a choice; set member to the name of one (unpack the zip to read several)"
                )
            chosen = listed[0] if member is None else next((each for each in listed if each.filename == member), None)
            if chosen is None:
                raise InputError(f"corpus {name}: the zip has no {member!r}; it has {', '.join(names[:8])}")
            check_size(chosen.file_size, len(content), name)
            return box.read(chosen), chosen.filename
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
