import unicodedata
from pathlib import Path

import pytest

from artifacts.errors import InputError
from tasks.corpus.lines import is_blank, read_lines, split_lines


def test_only_a_line_feed_ends_a_line() -> None:
    odd = "a\u2028b\u2029c\u0085d\u000be\u000cf\u001cg\u001dh\u001ei"
    assert split_lines(f"{odd}\nz".encode(), "x") == [odd, "z"]


def test_line_feeds_with_carriage_returns_are_one_line_end() -> None:
    assert split_lines(b"a\tO\r\n\r\nb\tO\r\n", "x") == ["a\tO", "", "b\tO"]
    assert split_lines(b"a\r\nb\r", "x") == ["a", "b"]


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
