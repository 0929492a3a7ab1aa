"""Mean label consistency of clean and noisy words, by type and layer."""

from collections.abc import Callable

import numpy as np
import pytest

from artifacts.catalog import GOLD, RELIABILITY, SOFT_LABELS
from artifacts.errors import InputError
from artifacts.reference import Reference
from artifacts.step import run_alone
from artifacts.store import Store
from tasks.evaluation.consistency import mean_consistency, measure_consistency
from tasks.tagging.decoding import Decoding

LABELS = ["O", "B-LOC", "I-LOC", "B-PER", "I-PER"]


def test_means_of_clean_and_noisy_words_by_hand() -> None:
    # LOC: B right .8, I right .6 -> clean .7; B instead of I .3 -> noisy .3. O: one noisy word .9. PER: no word.
    rows = mean_consistency(
        agreement=np.array([0.8, 0.6, 0.3, 0.9]),
        ids=np.array([1, 2, 1, 0]),
        gold=np.array([1, 2, 2, 3]),
        labels=LABELS,
        layer=4,
    )
    found = {(row.type, row.clean): (row.words, row.mean_agreement) for row in rows}
    assert list(found) == [(name, clean) for name in ("O", "LOC", "PER") for clean in (True, False)]
    assert found["LOC", True] == (2, pytest.approx(0.7))
    assert found["LOC", False] == (1, pytest.approx(0.3))
    assert found["O", True] == (0, None) and found["O", False] == (1, 0.9)
    assert found["PER", True] == found["PER", False] == (0, None)
    assert {row.layer for row in rows} == {4}


def layer(put_table: Callable[..., Reference], agreement: float, neighbours: int = 2) -> Reference:
    columns = {"sentence_id": [0], "agreement": [[agreement]], "weight": [[0.5]]}
    return put_table(RELIABILITY, columns, {"labels": LABELS, "neighbours": neighbours})


def test_layers_are_numbered_from_the_embeddings_and_must_have_one_k(
    store: Store, put_table: Callable[..., Reference]
) -> None:
    facts = {"language": "de", "labels": LABELS}
    probabilities = [[[0.0, 1.0, 0.0, 0.0, 0.0]]]
    soft = put_table(SOFT_LABELS, {"sentence_id": [0], "words": [["Ulm"]], "probabilities": probabilities}, facts)
    gold = put_table(GOLD, {"sentence_id": [0], "tags": [["B-LOC"]]}, facts)
    layers = (layer(put_table, 0.25), layer(put_table, 0.5))
    made = run_alone(store, measure_consistency, soft, layers, gold, Decoding())
    seen = [
        (r["layer"], r["type"], r["clean"], r["mean_agreement"]) for r in store.table(made).to_pylist() if r["words"]
    ]
    assert seen == [(0, "LOC", True, 0.25), (1, "LOC", True, 0.5)]
    assert store.metadata(made) == {"neighbours": 2}
    with pytest.raises(InputError, match="layers with 2, 3 neighbours"):
        run_alone(store, measure_consistency, soft, (*layers, layer(put_table, 0.5, 3)), gold, Decoding())
    with pytest.raises(InputError, match="found no layer"):
        run_alone(store, measure_consistency, soft, (), gold, Decoding())
