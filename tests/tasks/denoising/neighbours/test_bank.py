"""A bank of words in files: what is written, and the neighbours that are found in it without holding it."""

from pathlib import Path

import numpy as np
import pytest
from banks import clustered_bank, directions
from hypothesis import given
from hypothesis import strategies as st

from artifacts.errors import StoreError
from tasks.denoising.neighbours import bank as bank_module
from tasks.denoising.neighbours.bank import Bank, BankPart, write_bank
from tasks.denoising.neighbours.nearest import nearest_unordered
from tasks.denoising.neighbours.search import Search


def bank_of(vectors: np.ndarray, folder: Path, *lengths: int) -> Bank:
    """A bank of sentences of these lengths, each a part of its own; labels count up."""
    folder.mkdir(exist_ok=True)
    ends = np.cumsum(lengths or (len(vectors),))
    parts = [
        BankPart(vectors[end - n : end], np.arange(end - n, end), np.array([n]))
        for end, n in zip(ends, lengths or (len(vectors),), strict=True)
    ]
    write_bank(folder, parts)
    return Bank.open(folder)


def test_neighbours_come_nearest_first_with_their_cosines_and_without_the_word(tmp_path: Path) -> None:
    # Angles 0, 10, 30, 90: from 10 the nearest are 0 (10 away), 30 (20 away), 90 (80 away).
    bank = bank_of(directions(0, 10, 30, 90), tmp_path)
    words, cosines = bank.nearest(1, 2)
    assert words.tolist() == [0, 2]
    assert cosines == pytest.approx(np.cos(np.radians([10, 20])), abs=1e-6)
    assert bank.nearest(1, 9)[0].tolist() == [0, 2, 3], "all others, where there are fewer than K"


@pytest.mark.parametrize("block_bytes", [8, 24, 1 << 20])
def test_of_equally_near_words_the_first_in_the_text_are_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, block_bytes: int
) -> None:
    monkeypatch.setattr(bank_module, "_BLOCK_BYTES", block_bytes)  # 1 row, 3 rows, all rows at a time
    bank = bank_of(directions(0, 40, 40, 5, 40, 40), tmp_path)
    assert bank.nearest(0, 3)[0].tolist() == [3, 1, 2]


def test_duplicates_can_be_left_out(tmp_path: Path) -> None:
    # For the first of the two words at 0 degrees only the one at 90 is left.
    bank = bank_of(directions(0, 0, 90), tmp_path)
    assert bank.nearest(0, 2, exclude_duplicates=True)[0].tolist() == [2]
    assert bank.nearest(0, 2)[0].tolist() == [1, 2]


def test_places_are_rows_and_places_in_them_also_where_a_sentence_is_empty(tmp_path: Path) -> None:
    bank = bank_of(directions(*range(6)), tmp_path, 2, 0, 3, 1)
    assert bank.starts.tolist() == [0, 2, 2, 5, 6]
    rows, places = bank.places(np.array([0, 1, 2, 4, 5]))
    assert (rows.tolist(), places.tolist()) == ([0, 0, 2, 2, 3], [0, 1, 0, 2, 0])
    assert bank.label_ids.tolist() == [0, 1, 2, 3, 4, 5] and (bank.words, bank.width) == (6, 2)


@given(
    words=st.integers(2, 80),
    k=st.integers(1, 90),
    copies=st.integers(0, 5),
    exclude_duplicates=st.booleans(),
    seed=st.integers(0, 10_000),
)
def test_the_neighbours_are_those_of_the_methods_own_search(
    words: int, k: int, copies: int, exclude_duplicates: bool, seed: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    vectors, _ = clustered_bank(words, 16, seed)
    rng = np.random.default_rng(seed)
    for _ in range(copies):
        vectors[rng.integers(words)] = vectors[rng.integers(words)]
    word = int(rng.integers(words))
    search = Search(exclude_duplicates=exclude_duplicates)
    (block,) = nearest_unordered(vectors, k, rows=np.array([word]), search=search)
    indices, cosines = block.indices[0].numpy(), block.similarities[0].numpy()
    order = np.lexsort((indices, -cosines))[: int((indices >= 0).sum())]
    found, near = bank_of(vectors, tmp_path_factory.mktemp("bank")).nearest(word, k, exclude_duplicates)
    assert near == pytest.approx(cosines[order], abs=1e-6)
    # Copies may be found in another order where one search rounds them apart; each is as near as the other's.
    cosine = vectors.astype(np.float64) @ vectors[word].astype(np.float64)
    assert cosine[found] == pytest.approx(cosine[indices[order]], abs=1e-6)
    assert word not in found and len(set(found.tolist())) == len(found)
    if not copies:
        assert found.tolist() == indices[order].tolist()


def test_memory_does_not_grow_with_the_bank(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bank_module, "_BLOCK_BYTES", 4 * 16 * 10)
    bank = bank_of(clustered_bank(95, 16)[0], tmp_path)
    assert [(start, rows.shape) for start, rows in bank._blocks()][-2:] == [(80, (10, 16)), (90, (5, 16))]
    assert len({rows.base is not None and rows.base.ctypes.data for _, rows in bank._blocks()}) == 1


def test_a_bank_that_is_not_whole_is_told(tmp_path: Path) -> None:
    bank_of(directions(0, 10, 30), tmp_path)
    vectors = tmp_path / "vectors.f32"
    vectors.write_bytes(vectors.read_bytes()[:-4])
    with pytest.raises(StoreError, match=r"not whole .*another size than 3 x 2 .*delete this folder"):
        Bank.open(tmp_path)
    (tmp_path / "about.json").unlink()
    with pytest.raises(StoreError, match="not whole"):
        Bank.open(tmp_path)


def test_parts_that_do_not_fit_each_other_are_an_error(tmp_path: Path) -> None:
    parts = [
        BankPart(directions(0, 10), np.zeros(2), np.array([2])),
        BankPart(np.ones((1, 3)), np.zeros(1), np.ones(1)),
    ]
    with pytest.raises(ValueError, match=r"expected \[1, 2\] vectors"):
        write_bank(tmp_path, parts)
