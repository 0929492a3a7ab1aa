from pathlib import Path

import pytest

from artifacts.errors import InputError
from tasks.translation.dictionaries import find_rows, identical_pairs, known_pairs, read_dictionary


def written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def test_tabs_and_spaces_separate_and_words_become_nfc(tmp_path: Path) -> None:
    content = "\ufeffhouse\tHaus\r\ngreen  gru\u0308n\n\n".encode()
    assert read_dictionary(written(tmp_path / "d.txt", content)) == [("house", "Haus"), ("green", "grün")]


def test_a_no_break_space_stays_in_its_word(tmp_path: Path) -> None:
    path = written(tmp_path / "d.txt", "10\u00a0km 10\u00a0km\n".encode())
    assert read_dictionary(path) == [("10\u00a0km", "10\u00a0km")]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"house Haus\nkitchen\n", "d.txt, line 2: found 1 words, expected a source word and a target word"),
        (b"house das Haus\n", "d.txt, line 1: found 3 words"),
        (b"house Haus\ngreen gr\xfcn\n", "d.txt, line 2: byte 9 is not UTF-8"),
        (b"\n\n", "d.txt: it holds no word pair"),
    ],
)
def test_a_bad_file_is_refused_with_its_line(tmp_path: Path, content: bytes, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_dictionary(written(tmp_path / "d.txt", content))


def test_identical_strings_pair_rows_of_both_languages() -> None:
    source, target = ["the", "in", "Berlin", "A"], ["Berlin", "die", "A", "in"]
    assert identical_pairs(source, target).tolist() == [[1, 3], [2, 0], [3, 2]]
    assert identical_pairs(source, target, minimum_characters=2).tolist() == [[1, 3], [2, 0]]
    assert identical_pairs(["a"], ["b"]).shape == (0, 2)


def test_case_is_ignored_only_where_the_word_itself_is_missing() -> None:
    vocabulary = ["Haus", "HAUS", "haus", "Baum"]
    assert find_rows(["haus", "baum", "Stuhl"], vocabulary, ignore_case=True) == [2, 3, -1]
    assert find_rows(["haus", "baum"], vocabulary, ignore_case=False) == [2, -1]
    assert find_rows(["hAUS"], vocabulary, ignore_case=True) == [0]


def test_pairs_need_both_words() -> None:
    pairs = [("house", "Haus"), ("tree", "Baum"), ("chair", "Haus")]
    assert known_pairs(pairs, ["house", "tree"], ["Haus"]).tolist() == [[0, 0]]
    assert known_pairs([], ["house"], ["Haus"]).shape == (0, 2)
