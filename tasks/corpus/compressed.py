"""Unpack gzip, guarded against files that are small packed and vast unpacked."""

import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from artifacts.errors import InputError

_MAGIC = b"\x1f\x8b"
_BLOCK_BYTES = 1 << 20
# Text packs to a third or a tenth, a file of equal lines to a hundredth; deflate ends at a thousandth.
_LARGEST_RATIO = 200
_ALWAYS_ALLOWED_BYTES = 64 << 20
_MOST_BYTES = 2 << 30


def is_compressed(content: bytes) -> bool:
    """Whether bytes are gzip's; its first two bytes are never UTF-8 text."""
    return content.startswith(_MAGIC)


def unpacked(content: bytes, name: str) -> bytes:
    """The bytes of a file, unpacked if gzip packed them; told by content, whatever the file is called.

    Args:
        content: the file's bytes.
        name: what to call the file in an error; one that ends in .gz must be packed.

    Raises:
        InputError: if the file is cut off or damaged, or unpacks to more than 2 GiB or to 200 times its size.
    """
    if not is_compressed(content):
        if name.endswith(".gz"):
            raise InputError(f"corpus {name}: the file is not gzip; expected what its name says; rename or repack it")
        return content
    blocks, size = [], 0
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(content)) as file:
            while block := file.read(_BLOCK_BYTES):
                size += len(block)
                check_size(size, len(content), name)
                blocks.append(block)
    except (EOFError, OSError, zlib.error) as error:
        raise InputError(
            f"corpus {name}: the gzip data is cut off or damaged ({error}); expected a whole .gz file; fetch it again"
        ) from None
    return b"".join(blocks)


@contextmanager
def unpacking(path: Path) -> Iterator[io.BufferedReader]:
    """A file to be read part by part, as `unpacked` gives it whole.

    Raises:
        InputError: if it unpacks to more than `unpacked` allows, when the reader comes to it, or is not what its name
            says.
        OSError, EOFError, zlib.error: if it cannot be read, or is damaged.
    """
    with path.open("rb") as file:
        packed = is_compressed(file.peek(len(_MAGIC)))
        if packed:
            yield io.BufferedReader(_Guarded(gzip.GzipFile(fileobj=file), path.stat().st_size, str(path)), _BLOCK_BYTES)
        elif path.name.endswith(".gz"):
            raise InputError(f"corpus {path}: the file is not gzip; expected what its name says; rename or repack it")
        else:
            yield file


class _Guarded(io.RawIOBase):
    """What unpacks, and stops at the size that no corpus has."""

    def __init__(self, file: gzip.GzipFile, packed_bytes: int, name: str) -> None:
        self.file, self.packed_bytes, self.name, self.size = file, packed_bytes, name, 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        count = self.file.readinto(buffer)
        self.size += count
        check_size(self.size, self.packed_bytes, self.name)
        return count


def check_size(unpacked_bytes: int, packed_bytes: int, name: str) -> None:
    """Packed data does not unpack to more than any corpus has.

    Raises:
        InputError: if it does.
    """
    most = min(_MOST_BYTES, max(_ALWAYS_ALLOWED_BYTES, _LARGEST_RATIO * packed_bytes))
    if unpacked_bytes > most:
        raise InputError(
            f"corpus {name}: its {packed_bytes:,} bytes unpack to more than {most:,}; expected at most "
            "2 GiB, and at most 200 times the packed size; unpack it yourself and split it"
        )
