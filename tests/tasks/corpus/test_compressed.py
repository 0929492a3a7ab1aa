import gzip
from pathlib import Path

import pytest

from artifacts.errors import InputError
from tasks.corpus import compressed
from tasks.corpus.compressed import unpacked
from tasks.corpus.lines import read_lines

TEXT = b"Ana\tB-PER\nRio\tB-LOC\n"


def test_packed_bytes_are_unpacked_whatever_the_file_is_called(tmp_path: Path) -> None:
    (tmp_path / "de.conll").write_bytes(gzip.compress(TEXT))
    assert read_lines(tmp_path / "de.conll") == ["Ana\tB-PER", "Rio\tB-LOC"]
    assert unpacked(gzip.compress(TEXT[:10]) + gzip.compress(TEXT[10:]), "two members") == TEXT


def test_plain_bytes_stay_as_they_are() -> None:
    assert unpacked(TEXT, "de.conll") == TEXT
    assert unpacked(b"", "de.conll") == b""


def test_a_file_that_is_called_gz_and_is_not_is_an_error() -> None:
    with pytest.raises(InputError, match=r"corpus de.conll.gz: the file is not gzip; .* rename or repack"):
        unpacked(TEXT, "de.conll.gz")


@pytest.mark.parametrize("length", [2, 9, 15, 30])
def test_a_file_that_is_cut_off_is_an_error(length: int) -> None:
    with pytest.raises(InputError, match=r"corpus x.gz: the gzip data is cut off or damaged"):
        unpacked(gzip.compress(TEXT)[:length], "x.gz")


def test_a_file_with_a_wrong_byte_is_an_error() -> None:
    packed = bytearray(gzip.compress(TEXT))
    packed[-6] ^= 1  # the last eight bytes are checksum and length
    with pytest.raises(InputError, match="damaged"):
        unpacked(bytes(packed), "x.gz")


def test_a_bomb_is_not_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    # 8 MiB of zeros pack to some 8 KiB, a thousandth; 200 times that is less than 2 MiB.
    monkeypatch.setattr(compressed, "_ALWAYS_ALLOWED_BYTES", 1 << 20)
    bomb = gzip.compress(bytes(8 << 20))
    assert 200 * len(bomb) < 2 << 20
    with pytest.raises(InputError, match=r"bytes unpack to more than .* split it"):
        unpacked(bomb, "bomb.gz")


def test_small_files_may_pack_well() -> None:
    assert len(unpacked(gzip.compress(bytes(8 << 20)), "x.gz")) == 8 << 20
