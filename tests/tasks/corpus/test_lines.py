import gzip
import unicodedata
from pathlib import Path

import pytest

from artifacts.errors import InputError
from tasks.corpus import compressed
from tasks.corpus.lines import each_line, is_blank, read_lines, split_lines


def test_only_a_line_feed_ends_a_line() -> None:
    odd = "a\u2028b\u2029c\u0085d\u000be\u000cf\u001cg\u001dh\u001ei"
    assert split_lines(f"{odd}\nz".encode(), "x") == [odd, "z"]


def test_line_feeds_with_carriage_returns_are_one_line_end() -> None:
    assert split_lines(b"a\tO\r\n\r\nb\tO\r\n", "x") == ["a\tO", "", "b\tO"]
    assert split_lines(b"a\r\nb\r", "x") == ["a", "b"]
    assert split_lines(b"a\tO\r\r\n\r\r\nb\rc\tO\r\r", "x") == ["a\tO", "", "b\rc\tO"]


def test_carriage_returns_alone_end_lines_where_there_is_nothing_else() -> None:
    assert split_lines(b"a\rb\r", "x") == ["a", "b"]


def test_a_byte_order_mark_goes() -> None:
    assert split_lines(b"\xef\xbb\xbfa\n", "x") == ["a"]


def test_an_invisible_character_inside_the_text_stays() -> None:
    assert split_lines("a\u200bb\u00adc\ufeffd".encode(), "x") == ["a\u200bb\u00adc\ufeffd"]


def test_lines_come_out_in_nfc() -> None:
    decomposed = unicodedata.normalize("NFD", "Müller Đà")
    assert decomposed != "Müller Đà"
    assert split_lines(decomposed.encode(), "x") == ["Müller Đà"]


def test_the_end_of_the_last_line_makes_no_further_line() -> None:
    assert split_lines(b"", "x") == []
    assert split_lines(b"a\n\n", "x") == ["a", ""]


def test_spaces_of_any_kind_are_blank() -> None:
    assert all(is_blank(line) for line in ["", " ", "\t \t", "\u00a0", "\u3000"])
    assert not is_blank("\u00a0\tO")


def test_what_is_not_utf8_is_named_by_line_and_byte() -> None:
    with pytest.raises(
        InputError, match=r"corpus x, line 2: byte 2 of the line \(0xfc\) is not UTF-8; .* set encoding"
    ):
        split_lines("a\nMüller".encode("latin1"), "x")


def test_a_byte_order_mark_does_not_shift_line_and_byte() -> None:
    with pytest.raises(InputError, match="line 2: byte 2 of the line"):
        split_lines(b"\xef\xbb\xbfa\nM\xfcller", "x")


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le"])
def test_utf16_is_named(encoding: str) -> None:
    with pytest.raises(InputError, match="UTF-16"):
        split_lines("Berlin O\n".encode(encoding), "x")


def test_a_missing_file_and_a_folder_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        read_lines(tmp_path / "none.conll")
    with pytest.raises(InputError, match="this is a folder"):
        read_lines(tmp_path)


TEXTS = [
    b"",
    b"a",
    b"a\n\nb\n",
    b"a\r\nb\r\n\r\n",
    b"a\r\nb\r",
    b"a\r\r\n\r\r\nb\rc\r\r\n",
    b"a\r\nb\r\r",
    b"a\r\r",
    b"a\n\r",
    b"a\r\r\nb",
    b"a\rb\r",
    b"a\rb\nc",
    b"\xef\xbb\xbfa\nb",
    "a\u2028b\u0085c\x0bd\n\u0301e\n".encode(),
    "Mu\u0308ller\nÐ".encode(),
]


@pytest.mark.parametrize("content", TEXTS)
@pytest.mark.parametrize("packed", [False, True])
def test_lines_one_after_another_are_those_of_the_whole_file(tmp_path: Path, content: bytes, packed: bool) -> None:
    path = tmp_path / "x"
    path.write_bytes(gzip.compress(content, mtime=0) if packed else content)
    assert list(each_line(path)) == read_lines(path)


@pytest.mark.parametrize(
    "content",
    [
        b"a\nb\xff\n",
        b"a\nb\0\n",
        "a\nb".encode("utf-16"),
        b"%PDF-1.4\na\n",
        gzip.compress(b"a\n" * 90_000, mtime=0)[:-20],
        b"a\n" * 50_000 + b"\xe4",
    ],
)
def test_what_is_no_text_is_refused_as_it_is_when_it_is_read_whole(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x"
    path.write_bytes(content)
    with pytest.raises(InputError) as whole:
        read_lines(path)
    with pytest.raises(InputError) as one_by_one:
        list(each_line(path))
    assert str(one_by_one.value) == str(whole.value)


@pytest.mark.parametrize("name", ["no_such_file", "named.gz", "."])
def test_files_that_cannot_be_read_are_named_alike(tmp_path: Path, name: str) -> None:
    (tmp_path / "named.gz").write_bytes(b"plain")
    with pytest.raises(InputError) as whole:
        read_lines(tmp_path / name)
    with pytest.raises(InputError) as one_by_one:
        list(each_line(tmp_path / name))
    assert str(one_by_one.value) == str(whole.value)


def test_what_unpacks_to_more_than_any_corpus_has_is_refused_in_parts_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compressed, "_ALWAYS_ALLOWED_BYTES", 1000)
    path = tmp_path / "x.gz"
    path.write_bytes(gzip.compress(b"a\n" * 90_000, mtime=0))
    lines = each_line(path)
    with pytest.raises(InputError, match="unpack to more than"):
        list(lines)


def test_the_first_lines_come_before_the_last_are_read(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"a\n" * 2_000_000 + b"\xff")
    lines = each_line(path)
    assert [next(lines) for _ in range(3)] == ["a"] * 3
