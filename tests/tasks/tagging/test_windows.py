import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from artifacts.errors import InputError
from tasks.tagging.windows import WindowConfig, make_windows

WORDS = st.text(alphabet="abc", min_size=1, max_size=14)


def letters(tokenizer, windows, window):
    pieces = tokenizer.convert_ids_to_tokens(windows.subwords[windows.starts[window] : windows.ends[window]].tolist())
    return "".join(piece.removeprefix("##") for piece in pieces)


def test_a_short_sentence_is_one_window_as_the_tokenizer_would_encode_it(tokenizer):
    sentences = [["Anna", "lives", "in", "Paris", "."], ["abc", "in"]]
    windows = make_windows(tokenizer, sentences, 16, 4)
    ids, mask = windows.inputs(np.array([0, 1]))
    expected = tokenizer(sentences, is_split_into_words=True, padding=True)
    assert ids.tolist() == expected["input_ids"]
    assert mask.tolist() == expected["attention_mask"]
    # [CLS] a ##b ##c in [SEP]: `in` is the fifth sub-word, at place 4.
    assert windows.scored_words(np.array([1]))[2].tolist() == [1, 4]


def test_a_long_sentence_is_cut_so_that_words_have_context_on_both_sides(tokenizer):
    # Ten words of one sub-word each; windows of 6 sub-words, 2 of them special, share 2: a-d, c-f, e-h, g-j.
    windows = make_windows(tokenizer, [list("abcdefghij")], 6, 2)
    assert [letters(tokenizer, windows, w) for w in range(4)] == ["abcd", "cdef", "efgh", "ghij"]
    # In the first window c has 1 sub-word behind it (and the sentence's beginning before it), in the second none
    # before it: the first scores it. For d it is 0 against 1: the second does.
    assert windows.scored.tolist() == [0, 3, 5, 7, 10]


def test_the_last_window_is_moved_back_to_be_full(tokenizer):
    windows = make_windows(tokenizer, [list("abcdefg")], 6, 0)
    assert [letters(tokenizer, windows, w) for w in range(2)] == ["abcd", "defg"]


def test_a_word_longer_than_a_window_is_cut_off_but_scored(tokenizer):
    windows = make_windows(tokenizer, [["in", "a" * 50, "Paris"]], 10, 3)
    assert windows.words == 3
    assert windows.lengths.max() == 10
    assert windows.word_pieces.tolist() == [1, 8, 1]


def test_words_without_a_subword_become_the_unknown_one(tokenizer):
    windows = make_windows(tokenizer, [["in", "\u200d", "Paris"], ["\x07"]], 16, 4)
    unknown, inside, paris = tokenizer.unk_token_id, *tokenizer.convert_tokens_to_ids(["in", "Paris"])
    assert windows.subwords.tolist() == [inside, unknown, paris, unknown]
    assert windows.word_pieces.tolist() == [1, 1, 1, 1]


def test_an_empty_sentence_has_no_window_and_keeps_its_row(tokenizer):
    windows = make_windows(tokenizer, [[], ["Paris"], []], 16, 4)
    assert windows.word_counts.tolist() == [0, 1, 0]
    assert windows.word_sentences.tolist() == [1]
    assert make_windows(tokenizer, [], 16, 4).words == 0


@settings(max_examples=60, deadline=None)
@given(
    sentences=st.lists(st.lists(WORDS, max_size=25), max_size=6),
    length=st.integers(4, 24),
    data=st.data(),
)
def test_every_word_is_scored_exactly_once_at_its_first_subword(tokenizer, sentences, length, data):
    overlap = data.draw(st.integers(0, (length - 1) // 2))
    windows = make_windows(tokenizer, sentences, length, overlap)
    rows = np.arange(len(windows.lengths))
    assert (windows.lengths <= length).all()
    if len(rows) == 0:
        assert sum(map(len, sentences)) == 0
        return
    words, batch_rows, positions = windows.scored_words(rows)
    assert words.tolist() == list(range(sum(map(len, sentences))))
    ids, mask = windows.inputs(rows)
    first = tokenizer.convert_ids_to_tokens(ids[batch_rows, positions].tolist())
    assert first == [word[0] for sentence in sentences for word in sentence]
    assert mask[batch_rows, positions].all()


def test_settings_that_leave_no_room_are_refused(tokenizer):
    with pytest.raises(ValidationError, match="less than half"):
        WindowConfig(max_length_subwords=32, overlap_subwords=16)
    with pytest.raises(InputError, match="room for at least one"):
        make_windows(tokenizer, [["in"]], 2, 0)


def test_a_slow_tokenizer_is_refused():
    class Slow:
        is_fast = False

    with pytest.raises(InputError, match="Slow is a slow one"):
        make_windows(Slow(), [["in"]], 16, 0)
