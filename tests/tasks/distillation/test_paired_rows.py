"""Pairs of sentences of two corpora, by hand."""

from itertools import chain

import numpy as np
import pytest

from tasks.distillation.paired_rows import MASKED, SOURCE, TARGET, by_length, pair_rows, stretched
from tasks.tagging.windows import make_windows


@pytest.fixture
def source(tokenizer):
    # 2 sentences with words of 1 and 3 sub-words, and an empty one between.
    return make_windows(tokenizer, [["a", "b", "c"], [], ["d"]], 32, 4)


@pytest.fixture
def target(tokenizer):
    # The second is cut into windows.
    return make_windows(tokenizer, [["a"], ["b"] * 9, ["c", "d"], ["a", "b", "c"]], 8, 2)


def test_numbers_are_stretched_evenly():
    assert stretched(2, 5).tolist() == [0, 0, 0, 1, 1] and stretched(5, 2).tolist() == [0, 2]
    assert stretched(3, 3).tolist() == [0, 1, 2]
    assert np.bincount(stretched(3, 10)).tolist() == [4, 3, 3]


def test_sentences_with_words_are_sorted_by_length(source, target, tokenizer):
    starts, counts, subwords = by_length(source)
    assert (starts.tolist(), counts.tolist(), subwords.tolist()) == ([1, 0], [1, 1], [3, 5])  # [CLS] and [SEP] count
    starts, counts, _ = by_length(make_windows(tokenizer, [[], ["a", "b"], ["c"]], 32, 4))
    assert (starts.tolist(), counts.tolist()) == ([1, 0], [1, 1])
    _, counts, _ = by_length(target)
    assert counts.tolist() == [1, 1, 1, np.count_nonzero(target.sentences == 1)]


def test_each_sentence_of_the_larger_corpus_comes_once_and_short_ones_are_together(source, target):
    rows, shuffled = pair_rows(source, target, None)
    assert len(shuffled) == 0 and rows.choices.tolist() == [1] * len(rows.kinds)
    of = [(rows.pairs[rows.kinds == kind], rows.windows[rows.kinds == kind]) for kind in (SOURCE, TARGET)]
    # 4 pairs: the source's short sentence (window 1) twice, then its long one (window 0).
    assert of[0][1].tolist() == [1, 1, 0, 0] and of[0][0].tolist() == [0, 1, 2, 3]
    # All windows of every target sentence, the cut one's in one pair, the last.
    assert sorted(of[1][1].tolist()) == list(range(len(target.starts)))
    assert of[1][0].tolist() == [0, 1, 2] + [3] * (len(target.starts) - 3)
    assert (np.diff(rows.pairs) >= 0).all()
    for kind, windows in ((SOURCE, source), (TARGET, target)):
        mine = rows.kinds == kind
        assert rows.lengths[mine].tolist() == windows.lengths[rows.windows[mine]].tolist()


def test_without_target_sentences_an_epoch_goes_through_the_source(source, target):
    rows, shuffled = pair_rows(source, None, target)
    masked = rows.kinds == MASKED
    assert rows.windows[~masked].tolist() == [1, 0] and masked.sum() == 2
    # All windows of the text can be drawn, each for one pair, and a row is as long as the longest of them.
    drawn = [
        shuffled[first : first + count].tolist()
        for first, count in zip(rows.windows[masked], rows.choices[masked], strict=True)
    ]
    assert sorted(chain(*drawn)) == list(range(len(target.starts)))
    assert rows.lengths[masked].tolist() == [max(target.lengths[each]) for each in drawn]


def test_a_text_of_fewer_windows_than_pairs_is_masked_several_times(source, target):
    rows, shuffled = pair_rows(target, None, source)
    masked = rows.kinds == MASKED
    assert rows.windows[masked].tolist() == [0, 0, 1, 1] and rows.choices[masked].tolist() == [1] * 4
    assert shuffled.tolist() == [1, 0]
