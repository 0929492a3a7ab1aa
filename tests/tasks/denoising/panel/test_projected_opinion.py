"""Projected labels as an opinion: certain where a sentence has them, silent where it was left out."""

import pyarrow as pa
import pytest

from artifacts.catalog import ALIGNED_TRANSLATION, SENTENCES
from artifacts.errors import InputError
from artifacts.step import run_alone
from tasks.denoising.panel.projected_opinion import opinion_of, projected_opinion

LABELS = ["O", "B-PER", "I-PER"]
RAW = {"sentence_id": [3, 4, 7, 9], "words": [["Anna", "Berg"], ["Ja", "!"], [], ["So"]]}
PLACED = {
    "sentence_id": [4, 3, 7],
    "words": [["Ja", "!"], ["Anna", "Berg"], []],
    "tags": [[], ["B-PER", "I-PER"], []],
}


def test_words_of_sentences_that_kept_their_labels_are_certain():
    rows = opinion_of(pa.table(RAW), pa.table(PLACED), LABELS)
    assert rows["sentence_id"].to_pylist() == RAW["sentence_id"] and rows["words"].to_pylist() == RAW["words"]
    assert rows["probabilities"].to_pylist() == [[[0, 1, 0], [0, 0, 1]], [[0, 0, 0]] * 2, [], [[0, 0, 0]]]
    assert rows["labelled"].to_pylist() == [[True, True], [False, False], [], [False]]


def test_labels_of_later_sentences_stand_by_their_own_words():
    """Behind a sentence that was left out, and one without words."""
    placed = {"sentence_id": [9, 4], "words": [["So"], ["Ja", "!"]], "tags": [["B-PER"], ["O", "O"]]}
    rows = opinion_of(pa.table(RAW), pa.table(placed), LABELS)
    assert rows["probabilities"].to_pylist() == [[[0, 0, 0]] * 2, [[1, 0, 0]] * 2, [], [[0, 1, 0]]]
    assert rows["labelled"].to_pylist() == [[False, False], [True, True], [], [True]]


def test_labels_of_other_words_and_no_labels_at_all_are_refused():
    other = {**PLACED, "words": [["Ja", "!"], ["Anna", "Burg"], []]}
    with pytest.raises(
        InputError, match="panel: projected labels: 3 sentences have places for labels, and not the words of the 4"
    ):
        opinion_of(pa.table(RAW), pa.table(other), LABELS)
    nothing = {**PLACED, "tags": pa.array([[], [], []], pa.list_(pa.string()))}
    with pytest.raises(InputError, match="none of 4 sentences has projected labels"):
        opinion_of(pa.table(RAW), pa.table(nothing), LABELS)


def test_the_step_counts_what_is_left_unlabelled_and_why(store, put_table):
    raw = put_table(SENTENCES, RAW, {"language": "de"})
    empty = {"source_words": [[]] * 3, "source_tags": [[]] * 3, "starts": [[]] * 3, "ends": [[]] * 3}
    empty |= {"shares": [[]] * 3, "similarities": [[]] * 3, "reasons": [[]] * 3, "reason": ["split", "", ""]}
    about = {"language": "de", "labels": LABELS, "dropped": {"split": 1}}
    placed = put_table(ALIGNED_TRANSLATION, {**PLACED, **empty}, about)
    said = run_alone(store, projected_opinion, raw, placed)
    assert store.metadata(said) == {
        "language": "de",
        "labels": LABELS,
        "words": 5,
        "labelled": 2,
        "without_probability": 2,
        "refused": {},
        "unlabelled": {"split": 1, "untranslated": 1},
    }
