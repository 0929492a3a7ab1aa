"""Types of entities and their lengths, by hand; pictures of both."""

import numpy as np
import pytest

from artifacts.catalog import CURVE, GOLD, PREDICTIONS
from artifacts.errors import InputError
from artifacts.step import run_alone
from tasks.evaluation.entity_types import measure_reach, measure_types, reach_rows, share_rows
from tasks.evaluation.span_figures import draw_span_figures

LABELS = ["O", "B-LOC", "I-LOC", "B-PER", "I-PER"]
META = {"language": "de", "labels": LABELS}
TAGS = [["B-PER", "I-PER", "O", "B-LOC"], ["B-LOC", "I-LOC", "I-LOC"]]


@pytest.fixture
def gold(put_table):
    return put_table(GOLD, {"sentence_id": [0, 1], "tags": TAGS}, META)


def test_shares_are_of_all_entities_of_a_series():
    assert share_rows("gold", ["LOC", "PER"], np.array([0, 1, 0])) == [
        {"series": "gold", "type": "LOC", "entities": 2, "share": 2 / 3},
        {"series": "gold", "type": "PER", "entities": 1, "share": 1 / 3},
    ]
    assert share_rows("x", ["LOC"], np.array([], dtype=int)) == [
        {"series": "x", "type": "LOC", "entities": 0, "share": None}
    ]


def test_entities_longer_than_a_span_are_counted_by_type():
    table = reach_rows(["LOC", "PER"], np.array([0, 0, 1]), np.array([3, 2, 5]), 2)
    assert table.to_pydict() == {"type": ["overall", "LOC", "PER"], "entities": [3, 2, 1], "too_long": [2, 1, 1]}


def test_gold_labels_are_measured(store, gold):
    for most_words, too_long in ((1, [2, 1, 1]), (2, [1, 1, 0])):
        reach = run_alone(store, measure_reach, gold, most_words)
        assert store.table(reach).to_pydict() == {
            "type": ["overall", "LOC", "PER"], "entities": [3, 2, 1], "too_long": too_long,
        }  # fmt: skip
        assert store.metadata(reach) == {"most_words": most_words}


def test_gold_labels_and_predictions_stand_side_by_side(store, put_table, gold):
    columns = {"sentence_id": [0], "words": [["a", "b"]], "tags": [["B-PER", "B-PER"]]}
    said = put_table(PREDICTIONS, columns, META)
    shares = run_alone(store, measure_types, (gold, said), ("gold", "M_src"))
    rows = store.table(shares).to_pylist()
    assert [(row["series"], row["type"], row["entities"], row["share"]) for row in rows] == [
        ("gold", "LOC", 2, 2 / 3), ("gold", "PER", 1, 1 / 3), ("M_src", "LOC", 0, 0.0), ("M_src", "PER", 2, 1.0),
    ]  # fmt: skip
    other = put_table(GOLD, {"sentence_id": [0], "tags": [["O"]]}, {"language": "de", "labels": ["O", "B-X", "I-X"]})
    with pytest.raises(InputError, match="gold has O, B-LOC, I-LOC, B-PER, I-PER; other has O, B-X, I-X"):
        run_alone(store, measure_types, (gold, other), ("gold", "other"))
    with pytest.raises(InputError, match="1 labels, 2 names"):
        run_alone(store, measure_types, (gold,), ("gold", "other"))

    points = {"series": ["labels", "labels"], "x": [0.0, 1.0], "y": [0.5, 0.75]}
    curve = put_table(CURVE, points, {"title": "t", "x_name": "epoch", "y_name": "F1"})
    folder = store.folder(run_alone(store, draw_span_figures, curve, shares))
    assert sorted(path.name for path in folder.iterdir() if path.suffix in (".png", ".csv")) == [
        "glode-figure3-pseudo-labels.csv", "glode-figure3-pseudo-labels.png",
        "glode-figure4-types.csv", "glode-figure4-types.png",
    ]  # fmt: skip
    with pytest.raises(InputError, match="nothing to draw"):
        run_alone(store, draw_span_figures, None, None)
