"""Figure 6 of CROP: a bar for each language, and the data beside it."""

from collections.abc import Callable

import pytest
from PIL import Image
from pyarrow import csv

from artifacts.catalog import SCORES
from artifacts.errors import InputError
from artifacts.reference import Reference
from artifacts.step import run_alone
from artifacts.store import Store
from tasks.evaluation.label_quality import draw_label_quality


def put_scores(put_table: Callable[..., Reference], f1: float) -> Reference:
    parts = {name: [f1, 0.0] for name in ("precision", "recall", "f1")}
    counts = {name: [1, 1] for name in ("gold", "predicted", "correct")}
    return put_table(SCORES, {"type": ["overall", "LOC"], **parts, **counts}, {"name": str(f1), "share_kept": f1 / 2})


def test_languages_stand_in_the_alphabets_order_with_their_overall_scores(
    store: Store, put_table: Callable[..., Reference]
) -> None:
    scores = tuple(put_scores(put_table, f1) for f1 in (0.5, 0.75, 0.25))
    arguments = (scores, ("nl", "de", "nl"), ("projected", "projected", "settled"))
    made = run_alone(store, draw_label_quality, *arguments)
    folder = store.folder(made)
    rows = csv.read_csv(folder / "crop-figure6-label-quality.csv").to_pylist()
    shown = [(row["labels"], row["language"], row["f1"], row["share_of_sentences"]) for row in rows]
    assert shown == [("projected", "de", 0.75, 0.375), ("projected", "nl", 0.5, 0.25), ("settled", "nl", 0.25, 0.125)]
    with Image.open(folder / "crop-figure6-label-quality.png") as picture:
        assert picture.width > picture.height > 200
    before = (folder / "crop-figure6-label-quality.png").read_bytes()
    again = run_alone(store, draw_label_quality, *arguments)
    assert (store.folder(again) / "crop-figure6-label-quality.png").read_bytes() == before


def test_nothing_to_draw_is_an_error(store: Store) -> None:
    with pytest.raises(InputError, match="at least one"):
        run_alone(store, draw_label_quality, (), (), ())
