"""Forms of words, read from their sub-words, are those that Python reads from the words."""

import torch

from tasks.tagging.windows import collate_words, make_windows
from tasks.tagging.word_forms import FORMS, PIECE_COUNTS, piece_table, word_forms

# Sub-words of one letter, but for Paris and Anna; 1 is unknown to this tokenizer.
SENTENCES = [["ABC", "abc", "Abc", "aBc", ".", "Paris"], ["Anna"], ["A", "a.B", "ParisA", "1"]]


def forms(tokenizer, sentences, length=64):
    windows = make_windows(tokenizer, sentences, length, length // 4)
    import numpy as np

    batch = collate_words(windows, {}, np.arange(len(windows.starts)))
    table = piece_table(tokenizer, len(tokenizer))
    found = word_forms(table, batch["input_ids"], batch["word_rows"], batch["word_positions"])
    return [FORMS[i] for i in found.tolist()]


def test_forms_of_words_are_those_of_their_letters(tokenizer):
    assert forms(tokenizer, SENTENCES) == [
        *("upper", "lower", "title", "other", "other", "title"),
        "title",
        *("upper", "other", "other", "other"),  # the unknown sub-word has no letters
    ]


def test_a_sub_word_is_counted_by_its_characters_without_its_mark(tokenizer):
    table = piece_table(tokenizer, len(tokenizer) + 3)
    assert table.shape == (len(tokenizer) + 3, len(PIECE_COUNTS)) and table.dtype == torch.uint8
    known = {piece: table[i].tolist() for piece, i in tokenizer.get_vocab().items()}
    assert known["Paris"] == [1, 4, 0, 5, 1] and known["##B"] == [1, 0, 0, 1, 1] and known["."] == [0, 0, 0, 1, 0]
    assert known["[CLS]"] == known["[UNK]"] == [0] * 5
    assert table[-3:].sum() == 0


def test_digits_are_told_from_other_words():
    table = torch.tensor([[0, 0, 0, 0, 0], [0, 0, 2, 2, 0], [0, 0, 1, 2, 0], [0, 0, 3, 3, 0]], dtype=torch.uint8)
    table = torch.cat([table, torch.tensor([[0, 0, 1, 1, 0]], dtype=torch.uint8)])
    ids = torch.tensor([[0, 1, 3, 2, 0], [0, 1, 2, 0, 0], [0, 4, 0, 0, 0]])
    rows, positions = torch.tensor([0, 0, 1, 2]), torch.tensor([1, 3, 1, 1])
    # 2 + 3 digits; "1." ; "11" and "1." as one word; a single digit.
    assert [FORMS[i] for i in word_forms(table, ids, rows, positions)] == ["digit", "other", "other", "digit"]


def test_the_last_word_that_a_window_scores_has_what_stands_behind_it_in_the_window(tokenizer):
    # 8 places, 6 of them for letters. The cut falls between words; A of the first window is followed by small letters.
    told = forms(tokenizer, [["a", "b", "A", "a", "b", "c", "d", "e"]], length=8)
    assert told.count("lower") + told.count("title") + told.count("upper") == 8
    assert forms(tokenizer, [["a", "b", "A", "a"]]) == ["lower", "lower", "upper", "lower"]


def test_a_space_alone_before_a_word_changes_no_form():
    # 3 is the space, of no characters; 1 reads Vlaan, 2 deren.
    table = torch.tensor([[0] * 5, [1, 4, 0, 5, 1], [0, 5, 0, 5, 0], [0] * 5], dtype=torch.uint8)
    ids = torch.tensor([[0, 3, 1, 2, 3, 2, 0]])
    rows, positions = torch.tensor([0, 0]), torch.tensor([2, 5])
    assert [FORMS[i] for i in word_forms(table, ids, rows, positions)] == ["title", "lower"]


def test_no_word_has_no_form():
    nothing = torch.zeros(0, dtype=torch.int64)
    table = torch.zeros(3, 5, dtype=torch.uint8)
    assert word_forms(table, torch.zeros(1, 4, dtype=torch.int64), nothing, nothing).shape == (0,)
