"""Entities as spans of words, worked by hand."""

import numpy as np

from tasks.words.spans import entity_spans, spans_of

LABELS = ["O", "B-LOC", "I-LOC", "B-PER", "I-PER"]


def test_an_entity_ends_before_the_next_one_and_before_o() -> None:
    assert spans_of(["B-PER", "I-PER", "B-PER", "O", "B-LOC"]) == [(0, 2, "PER"), (2, 3, "PER"), (4, 5, "LOC")]
    assert spans_of(["O", "O"]) == []
    assert spans_of([]) == []


def test_spans_of_several_sentences_count_words_over_all_of_them() -> None:
    # B-PER I-PER | (no words) | I-PER B-LOC: the I-PER of the third sentence continues nothing.
    found = entity_spans(np.array([3, 4, 4, 1]), np.array([2, 0, 2]), LABELS)
    assert (found.rows.tolist(), found.starts.tolist(), found.ends.tolist()) == ([0, 2], [0, 3], [2, 4])
    assert found.types.tolist() == [1, 0]
    assert found.lengths.tolist() == [2, 1]
    assert len(found) == 2


def test_an_inside_label_of_another_type_ends_an_entity_and_belongs_to_none() -> None:
    found = entity_spans(np.array([1, 4, 2]), np.array([3]), LABELS)
    assert (found.starts.tolist(), found.ends.tolist(), found.types.tolist()) == ([0], [1], [0])
