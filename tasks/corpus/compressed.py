"""Unpack gzip, guarded against files that are small packed and vast unpacked."""

import gzip
import io
import zlib

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
