import gzip
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from artifacts.errors import InputError
from artifacts.inputs import InputFile
from artifacts.step import run_alone
from artifacts.store import Store
from tasks.corpus import parallel
from tasks.corpus.parallel import Pair, count_pairs, pair_batches, pair_lines
from tasks.corpus.read import read_parallel


def files(folder: Path, source: bytes, target: bytes) -> tuple[InputFile, InputFile]:
    (folder / "x.en").write_bytes(source)
    (folder / "x.de").write_bytes(target)
    return InputFile(path=str(folder / "x.en")), InputFile(path=str(folder / "x.de"))


def test_pairs_with_an_empty_side_are_left_out() -> None:
    pairs = pair_lines(["Hello.", "", "Yes.", "No."], ["Hallo.", "Leer", " ", " Nein. "], "x.en", "x.de")
    assert list(pairs) == [Pair(0, "Hello.", "Hallo."), None, None, Pair(3, "No.", "Nein.")]


def test_pairs_come_as_they_are_read() -> None:
    endless = pair_lines(map(str, count()), map(str, count(1)), "x.en", "x.de")
    assert [next(endless), next(endless)] == [Pair(0, "0", "1"), Pair(1, "1", "2")]


@pytest.mark.parametrize("at_a_time", [1, 2, 8192])
def test_files_become_a_table_and_what_was_left_out_is_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at_a_time: int
) -> None:
    monkeypatch.setattr(parallel, "_PAIRS_AT_A_TIME", at_a_time)
    source, target = files(tmp_path, b"Hello.\n\nYes.\nNo.\nOh!", gzip.compress(b"Hallo.\nLeer\nJa.\nNein.\r\n\n"))
    assert count_pairs(source, target) == (3, 2)
    assert [len(batch) for batch in pair_batches(source, target)] == {1: [1] * 3, 2: [2, 1]}.get(at_a_time, [3])
    store = Store(tmp_path / "store")
    made = run_alone(store, read_parallel, source, target, "en", "de")
    assert store.table(made).to_pylist() == [
        {"pair_id": 0, "source": "Hello.", "target": "Hallo."},
        {"pair_id": 2, "source": "Yes.", "target": "Ja."},
        {"pair_id": 3, "source": "No.", "target": "Nein."},
    ]
    assert store.metadata(made) == {"source_language": "en", "target_language": "de", "skipped_pairs": 2}


def test_a_file_that_changes_while_it_is_read_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source, target = files(tmp_path, b"a\nb\n", b"c\nd\n")
    read = parallel.each_line

    def reads(path: Path) -> Any:
        yield from read(path)
        if path.name == "x.de":
            path.write_bytes(b"c\nee\n")

    monkeypatch.setattr(parallel, "each_line", reads)
    with pytest.raises(InputError, match=r"x\.de: it was changed while it was read"):
        run_alone(Store(tmp_path / "store"), read_parallel, source, target, "en", "de")


@pytest.mark.parametrize(("more", "numbers"), [(b"a\nb\nz\n", (3, 1)), (b"", (0, 1))])
def test_different_numbers_of_lines_are_named(tmp_path: Path, more: bytes, numbers: tuple[int, int]) -> None:
    with pytest.raises(InputError, match=rf"x.en has {numbers[0]} lines, .*x.de has {numbers[1]}; expected as many"):
        count_pairs(*files(tmp_path, more, b"c\n"))


@pytest.mark.parametrize("lines", [b"", b"\n \n"])
def test_no_pair_at_all_is_an_error(tmp_path: Path, lines: bytes) -> None:
    with pytest.raises(InputError, match="no line that is filled in both"):
        count_pairs(*files(tmp_path, lines, lines))
