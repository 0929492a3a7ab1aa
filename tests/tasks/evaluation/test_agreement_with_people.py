"""How far a model says what people corrected."""

from collections.abc import Callable

import numpy as np
import pytest

from artifacts.catalog import CORRECTIONS, PREDICTIONS
from artifacts.errors import InputError
from artifacts.reference import Reference
from artifacts.step import run_alone
from artifacts.store import Store
from tasks.evaluation.corrections import agreement_with_people, measure_corrections

LABELS = ["O", "B-PER", "I-PER"]


def test_words_and_entities_are_counted() -> None:
    # People: [Ada Koch] lebt | Ulm; the model: [Ada] Koch lebt | [Ulm]: 2 of 4 words, 0 of 1 and 2 entities.
    row = agreement_with_people(np.array([1, 2, 0, 0]), np.array([1, 0, 0, 1]), np.array([3, 1]), LABELS).to_pylist()[0]
    assert row == {"sentences": 2, "words": 4, "agreeing": 2, "accuracy": 0.5, "f1": 0.0} | {
        "gold": 1, "predicted": 2, "correct": 0
    }  # fmt: skip
    same = agreement_with_people(np.array([1, 2]), np.array([1, 2]), np.array([2]), LABELS).to_pylist()[0]
    assert (same["accuracy"], same["f1"], same["correct"]) == (1.0, 1.0, 1)


def test_a_model_is_measured_on_the_corrected_sentences(store: Store, put_table: Callable[..., Reference]) -> None:
    words = {"sentence_id": [4, 7], "words": [["Ada", "lebt"], ["Ulm"]]}
    said = {**words, "tags": [["B-PER", "O"], ["O"]], "before": [["O", "O"], ["O"]], "author": ["a", "b"]}
    about = {"language": "de", "labels": LABELS}
    people = put_table(CORRECTIONS, {**said, "made": ["", ""]}, about)
    model = put_table(PREDICTIONS, {**words, "tags": [["B-PER", "O"], ["B-PER"]]}, about)
    row = store.table(run_alone(store, measure_corrections, people, model)).to_pylist()[0]
    assert row["accuracy"] == pytest.approx(2 / 3) and row["f1"] == pytest.approx(2 / 3)
    others = put_table(PREDICTIONS, {"sentence_id": [4], "words": [["Ada", "lebt"]], "tags": [["O", "O"]]}, about)
    with pytest.raises(InputError, match="corrections and predictions: 2 and 1 sentences"):
        run_alone(store, measure_corrections, people, others)
