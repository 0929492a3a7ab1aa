from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import M2M100Tokenizer

from artifacts.errors import InputError
from tasks.translation.machine.subword_model import save_tokenizer, train_subwords
from tasks.translation.machine.translation_rows import (
    IGNORED,
    Pair,
    Rows,
    encode_rows,
    make_collate,
    renumbered,
    row_weights,
    rows_by_temperature,
    turned,
)

PAD = 1


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> M2M100Tokenizer:
    folder = tmp_path_factory.mktemp("tokenizer")
    save_tokenizer(train_subwords(["a b c d", "e f g h"] * 5, 300), folder, 64)
    return M2M100Tokenizer.from_pretrained(folder)


def test_a_side_is_language_sentence_end(tokenizer: M2M100Tokenizer) -> None:
    text = [
        Pair("a b", "e", ("en", "de"), False),
        Pair("__SLOT0__ a __SLOT0__", "__SLOT0__ e __SLOT0__", ("en", "de"), True),
    ]
    rows = encode_rows(tokenizer, text, 64, None)
    a, b, e, marker = (tokenizer.convert_tokens_to_ids(piece) for piece in ("▁a", "▁b", "▁e", "▁__SLOT0__"))
    english, german = tokenizer.get_lang_id("en"), tokenizer.get_lang_id("de")
    assert [row.tolist() for row in rows.source] == [[english, a, b, 2], [english, marker, a, marker, 2]]
    assert [row.tolist() for row in rows.target] == [[german, e, 2], [german, marker, e, marker, 2]]
    assert rows.lengths().tolist() == [7, 10]
    assert rows.plain_share == 2 / 6  # What is learnt: "e </s>" plain, four sub-words marked.


def test_the_tokenizer_encodes_a_source_as_training_does(tokenizer: M2M100Tokenizer) -> None:
    tokenizer.src_lang = "de"
    rows = encode_rows(tokenizer, [Pair("a __SLOT0__ b c", "e", ("de", "en"), True)], 64, None)
    assert tokenizer("a __SLOT0__ b c")["input_ids"] == rows.source[0].tolist()


def test_pairs_with_a_long_side_are_left_out(tokenizer: M2M100Tokenizer) -> None:
    text = [Pair(*sides, ("en", "de"), False) for sides in (("a b c", "e"), ("a", "e f g"), ("a", "e f"))]
    assert [len(row) for row in encode_rows(tokenizer, text, 4, None).source] == [3]
    with pytest.raises(InputError, match="max_length_subwords is 2"):
        encode_rows(tokenizer, text, 2, None)


def test_a_temperature_of_one_leaves_the_rows_as_they_are() -> None:
    assert rows_by_temperature(np.array([0, 1, 0]), 1.0, 0).tolist() == [0, 1, 2]


def test_languages_get_shares_in_proportion_to_a_root_of_their_rows() -> None:
    # 16 rows and 1, T = 2: 4 to 1 of 17, which is 13.6 and 3.4; rounded 14 and 3. The one row comes three times.
    groups = np.array([0] * 16 + [1])
    rows = rows_by_temperature(groups, 2.0, 3)
    assert np.bincount(groups[rows]).tolist() == [14, 3]
    assert len(set(rows[:14].tolist())) == 14
    assert rows_by_temperature(groups, 2.0, 3).tolist() == rows.tolist()
    assert rows_by_temperature(groups, 2.0, 4).tolist() != rows.tolist()


def test_rows_that_come_several_times_do_so_equally_often() -> None:
    # 3 rows of 12, T without end: 6 of them, each twice.
    rows = rows_by_temperature(np.array([0] * 9 + [1] * 3), 1e9, 0)
    assert np.bincount(rows, minlength=12)[9:].tolist() == [2, 2, 2]


def test_the_decoder_reads_what_it_has_written_and_learns_the_next_subword() -> None:
    rows = Rows(
        [np.array([50, 7, 8, 2]), np.array([50, 9, 2])],
        [np.array([51, 5, 2]), np.array([51, 6, 4, 2])],
        np.array([1.0, 0.5], dtype=np.float32),
        np.array([False, True]),
    )
    batch = make_collate(rows, PAD)(np.array([0, 1]), torch.Generator())
    assert batch["input_ids"].tolist() == [[50, 7, 8, 2], [50, 9, 2, PAD]]
    assert batch["attention_mask"].tolist() == [[1, 1, 1, 1], [1, 1, 1, 0]]
    assert batch["decoder_input_ids"].tolist() == [[2, 51, 5, PAD], [2, 51, 6, 4]]
    assert batch["labels"].tolist() == [[IGNORED, 5, 2, IGNORED], [IGNORED, 6, 4, 2]]
    assert batch["weights"].tolist() == [1.0, 0.5]


def test_weights_make_the_mean_of_all_subwords_equation_six() -> None:
    # 10 sub-words, 2 of them plain, alpha 1/2: plain .5 * 10 / 2 = 2.5, marked .5 * 10 / 8 = .625.
    # A plain loss of 4 and a marked loss of 1 per sub-word: (2 * 2.5 * 4 + 8 * .625 * 1) / 10 = 2.5 = .5 * 4 + .5 * 1.
    weights = row_weights(np.array([False, True, True]), np.array([2, 3, 5]), 0.5)
    assert weights.tolist() == [2.5, 0.625, 0.625]


def test_without_alpha_or_with_one_sort_of_rows_all_weights_are_one() -> None:
    some, subwords = np.array([False, True]), np.array([2, 3])
    assert row_weights(some, subwords, None).tolist() == [1, 1]
    assert row_weights(np.array([True, True]), subwords, 0.3).tolist() == [1, 1]
    assert row_weights(np.array([False, False]), subwords, 0.3).tolist() == [1, 1]
    # Alpha equal to the share of plain sub-words, 2/5, changes nothing.
    assert row_weights(some, subwords, 0.4) == pytest.approx([1, 1])


def test_a_pair_turned_round_is_numbered_by_its_new_source() -> None:
    source, target = "__SLOT0__ a __SLOT0__ __SLOT1__ b __SLOT1__", "__SLOT1__ y __SLOT1__ __SLOT0__ x __SLOT0__"
    done = turned(Pair(source, target, ("en", "de"), True))
    assert done.source == "__SLOT0__ y __SLOT0__ __SLOT1__ x __SLOT1__"
    assert done.target == "__SLOT1__ a __SLOT1__ __SLOT0__ b __SLOT0__"
    assert done.languages == ("de", "en") and done.marked
    assert renumbered("plain", "text") == ("plain", "text")


def test_the_files_of_a_tokenizer_are_all_that_is_needed(tokenizer: M2M100Tokenizer, tmp_path: Path) -> None:
    tokenizer.save_pretrained(tmp_path)
    again = M2M100Tokenizer.from_pretrained(tmp_path)
    assert again.tokenize("__SLOT3__ a b __SLOT3__") == tokenizer.tokenize("__SLOT3__ a b __SLOT3__")


def test_pairs_are_encoded_one_by_one_and_drawn_as_often_as_languages_want(tokenizer: M2M100Tokenizer) -> None:
    # Of 6 pairs, T without end: 3 of each language; the one pair of es comes three times.
    asked: list[str] = []

    def pairs() -> Iterator[Pair]:
        for source, language in (("a", "de"), ("b", "de"), ("c", "de"), ("d", "de"), ("h", "de"), ("e f", "es")):
            asked.append(source)
            yield Pair(source, "g", ("en", language), False)

    rows = encode_rows(tokenizer, pairs(), 64, None, temperature=1e9)
    assert asked == ["a", "b", "c", "d", "h", "e f"]
    assert len(rows.source) == len(rows.target) == 6
    assert rows.lengths().tolist() == [6, 6, 6, 7, 7, 7]
    spanish = tokenizer.get_lang_id("es")
    assert [ids[0] == spanish for ids in rows.target] == [False, False, False, True, True, True]
    assert rows.source[5].tolist() == rows.source[3].tolist()
