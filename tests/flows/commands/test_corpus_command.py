"""`crosstag corpus`: what it shows of each format, and its errors."""

import gzip
from collections.abc import Callable
from pathlib import Path

import datasets
import pytest

from flows.commands.cli import main


@pytest.fixture
def crosstag(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str]]:
    """Runs `crosstag corpus`; gives its exit code and what it printed: the error if the input was bad."""

    def run(*arguments: object) -> tuple[int, str]:
        monkeypatch.setattr("sys.argv", ["crosstag", "corpus", *map(str, arguments)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        printed, code = capsys.readouterr(), int(ended.value.code or 0)
        assert "Traceback" not in printed.err
        return code, printed.err if code == 2 else printed.out

    return run


def shows(printed: tuple[int, str], *parts: str) -> None:
    code, out = printed
    assert code == 0, out
    for part in parts:
        assert part in out, out


def test_a_column_file(crosstag: Callable[..., tuple[int, str]], tmp_path: Path) -> None:
    path = tmp_path / "de.conll.gz"
    text = "\ufeff0\tAna\tI-PER\r\n1\t34\u00a0000\tO\r\n\r\n0\tMu\u0308ller\tI-PER\r\n\r\n0\tMu\u0308ller\tI-PER\r\n"
    path.write_bytes(gzip.compress(text.encode()))
    shows(
        crosstag(path, "--language", "de"),
        "format     columns",
        "word in column 2, tag in column 3 of 3, separated by tabs, words numbered in column 1",
        "scheme     IOB1",
        "gzip, unpacked; byte order mark, left out; carriage returns at line ends, left out; 2 lines brought to",
        "3 sentences, 1 of them repeated",
        "4 words; the longest sentence is number 1 with 2",
        "3 entities: PER 3",
        "U+00A0 NO-BREAK SPACE",
        "[1] Ana/B-PER 34<U+00A0>000",
    )


def test_bundled_text_has_no_tags(crosstag: Callable[..., tuple[int, str]]) -> None:
    shows(crosstag("bundled:de.raw.txt", "--rows", 0), "format     text", "no tags read", "no odd characters")


def test_a_dataset_folder_relative_to_the_data_folder(crosstag: Callable[..., tuple[int, str]], tmp_path: Path) -> None:
    datasets.Dataset.from_dict({"words": [["Ana"]], "entities": [[[0, 1, 0]]]}).save_to_disk(tmp_path / "saved")
    arguments = ("hf:./saved:train", "--data", tmp_path)
    shows(crosstag(*arguments, "--set", "tag_names=[PER]"), "format     dataset", "spans under 'entities'", "Ana/B-PER")
    code, message = crosstag(*arguments)
    assert code == 2 and "row 0: span 0 of entities: its label is the number 0; expected names of tags" in message


def test_several_files_and_a_format(crosstag: Callable[..., tuple[int, str]], tmp_path: Path) -> None:
    (tmp_path / "a").write_text("xx:Ana\tB-PER\n")
    (tmp_path / "b").write_text("yy:Rio\tB-LOC\n")
    printed = crosstag("a", "b", "--data", tmp_path, "--language", "de", "--format", "wikiann")
    shows(
        printed, "language code xx: stripped", "language code yy: stripped", "2 entities: LOC 1, PER 1", "[2] Rio/B-LOC"
    )


def test_words_alone_are_read_if_asked(crosstag: Callable[..., tuple[int, str]], tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text('{"tokens": ["Ana", "\\u001b[31m"]}\n')
    code, message = crosstag(path)
    assert code == 2 and "expected tags under one of" in message
    shows(crosstag(path, "--unlabelled"), "format     jsonl", "[1] Ana <U+001B>[31m")


@pytest.mark.parametrize(
    ("content", "arguments", "message"),
    [
        (b"Ana\tB-PER\nKoch\nRio\tB-LOC\n", (), "line 2: 1 column separated by tabs, expected 2"),
        (b"", (), "no sentence in it"),
        (b"\x1f\x8b\x08", (), "cut off or damaged"),
        (b"Ana\tB-PER\n", ("--format", "conl"), "error: corpus: --format: Input should be"),
        (
            b"Ana\tB-PER\n",
            ("--format", "conll"),
            "error: corpus: --format: found 'conll'; CoNLL's files, a word and its tag",
        ),
        (b"Ana\tB-PER\n", ("--set", "tag_colum=2"), "corpus: --set tag_colum: unknown key; did you mean tag_column?"),
        (b"Ana\tB-PER\n", ("--language", "deutsch"), "--language deutsch: expected a code such as de"),
    ],
)
def test_bad_input_ends_with_the_error(
    crosstag: Callable[..., tuple[int, str]], tmp_path: Path, content: bytes, arguments: tuple[str, ...], message: str
) -> None:
    (tmp_path / "file").write_bytes(content)
    code, printed = crosstag(tmp_path / "file", *arguments)
    assert code == 2 and message in printed, printed


def test_files_that_are_not_there_are_named(crosstag: Callable[..., tuple[int, str]], tmp_path: Path) -> None:
    code, message = crosstag(tmp_path / "none.conll")
    assert code == 2 and "there is no file" in message
    code, message = crosstag("hf:./none:train", "--data", tmp_path)
    assert code == 2 and "no such folder" in message
    code, message = crosstag("hf:wikiann")
    assert code == 2 and "name the split" in message
