"""Spans by first word and length: which there are, what IOB2 labels make of them, and back."""

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from tasks.tagging.span_grid import (
    NO_SPAN,
    class_names,
    iob2_of_classes,
    label_ids,
    span_cells,
    span_classes,
    torch_cells,
    window_cells,
)
from tasks.tagging.span_head import classes_of_labels
from tasks.tagging.windows import make_windows
from tasks.words.spans import entity_spans

LABELS = ["O", "B-LOC", "I-LOC", "B-PER", "I-PER"]


def test_spans_end_with_their_sentence():
    # Sentences of 3 and 1 words, spans of at most 2: (0, 1) (1, 2) (2), and the one word alone.
    cells = span_cells(np.array([0, 0, 0, 4]), 2)
    assert cells.tolist() == [[True, True], [True, True], [True, False], [True, False]]
    assert torch_cells(torch.tensor([5, 5, 5, 2]), 2).tolist() == cells.tolist()
    assert torch_cells(torch.tensor([5, 5, 2, 2]), 2).tolist() == span_cells(np.array([0, 0, 1, 1]), 2).tolist()
    assert torch_cells(torch.tensor([7]), 2).tolist() == [[True, False]]
    assert torch_cells(torch.tensor([], dtype=torch.int64), 2).shape == span_cells(np.array([]), 2).shape == (0, 2)


def test_a_span_across_a_cut_is_none(tokenizer):
    # Room for 6 sub-words, each a word; 8 words are two windows, and some pair of neighbours is scored by both.
    windows = make_windows(tokenizer, [["a"] * 8, ["b", "b"]], 8, 2)
    cells = window_cells(windows, 2)
    cut = int(windows.scored[1]) - 1
    assert 0 < cut < 7 and len(windows.scored) == 4
    assert np.flatnonzero(~cells[:, 1]).tolist() == [cut, 7, 9]


def test_entities_become_classes_and_those_that_are_no_span_are_counted():
    # PER of two words, LOC of one, and a LOC of three words, one more than a span may have.
    ids = np.array([3, 4, 1, 0, 1, 2, 2])
    spans = entity_spans(ids, np.array([7]), LABELS)
    cells = span_cells(np.zeros(7, dtype=int), 2)
    classes, too_long, elsewhere = span_classes(spans, cells)
    assert classes.tolist() == [[0, 2], [0, 0], [1, 0], [0, 0], [0, 0], [0, 0], [0, NO_SPAN]]
    assert (too_long, elsewhere) == (1, 0)
    # Cut behind the first word, the PER is in no window.
    classes, too_long, elsewhere = span_classes(spans, span_cells(np.array([0, 1, 1, 1, 1, 1, 1]), 2))
    assert (classes[0].tolist(), too_long, elsewhere) == ([0, NO_SPAN], 1, 1)


def test_classes_are_named_by_the_types():
    assert class_names(LABELS) == ["O", "LOC", "PER"]
    assert iob2_of_classes(["O", "LOC", "PER"]) == LABELS


def test_spans_become_labels_by_hand():
    # Words 1-2 are class 2 (PER), word 3 class 1, right behind it.
    assert label_ids(5, np.array([1, 3]), np.array([2, 1]), np.array([2, 1])).tolist() == [0, 3, 4, 1, 0]
    nothing = np.array([], dtype=np.int64)
    assert label_ids(2, nothing, nothing, nothing).tolist() == [0, 0]


@given(st.lists(st.lists(st.integers(0, 4), min_size=1, max_size=7), min_size=1, max_size=4), st.integers(1, 4))
def test_labels_and_their_classes_say_the_same(sentences, most_words):
    flat, lengths = np.concatenate([np.array(each) for each in sentences]), np.array(list(map(len, sentences)))
    rows = np.repeat(np.arange(len(lengths)), lengths)
    cells = span_cells(rows, most_words)
    spans = entity_spans(flat, lengths, LABELS)
    classes, too_long, elsewhere = span_classes(spans, cells)
    # In a batch as in a corpus.
    batch = classes_of_labels(torch.from_numpy(flat), torch.from_numpy(rows), torch.from_numpy(cells))
    assert batch.tolist() == classes.tolist()
    # And back: entities that are short enough, as valid IOB2.
    starts, places = np.nonzero(classes > 0)
    back = entity_spans(label_ids(len(flat), starts, places + 1, classes[starts, places]), lengths, LABELS)
    short = spans.lengths <= most_words
    assert (too_long, elsewhere) == (np.count_nonzero(~short), 0)
    for name in ("rows", "starts", "ends", "types"):
        assert getattr(back, name).tolist() == getattr(spans, name)[short].tolist()
