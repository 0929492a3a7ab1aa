import pytest

from artifacts.errors import InputError
from tasks.corpus.parallel import pair_lines


def test_pairs_with_an_empty_side_are_left_out_and_counted() -> None:
    pairs = pair_lines(["Hello.", "", "Yes.", "No."], ["Hallo.", "Leer", " ", " Nein. "], "x.en", "x.de")
    assert pairs.ids == [0, 3]
    assert pairs.source == ["Hello.", "No."]
    assert pairs.target == ["Hallo.", "Nein."]
    assert pairs.skipped == 2


def test_pairs_become_a_table() -> None:
    table = pair_lines(["a"], ["b"], "x", "y").table()
    assert table.to_pylist() == [{"pair_id": 0, "source": "a", "target": "b"}]


def test_different_numbers_of_lines_are_named() -> None:
    with pytest.raises(InputError, match=r"x.en has 2 lines, x.de has 1; expected as many"):
        pair_lines(["a", "b"], ["c"], "x.en", "x.de")


@pytest.mark.parametrize("lines", [[], ["", ""]])
def test_no_pair_at_all_is_an_error(lines: list[str]) -> None:
    with pytest.raises(InputError, match="no line that is filled in both"):
        pair_lines(lines, lines, "x.en", "x.de")
