"""Figure 4 of CROP: which sentences are shown, where they lie, and that a picture stands beside its data."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import csv

from artifacts.catalog import FIGURES, PROJECTION, TRANSLATOR
from artifacts.errors import InputError
from artifacts.reference import Reference
from artifacts.step import run_alone
from artifacts.store import Store
from tasks.evaluation.gather_figures import gather_figures
from tasks.evaluation.text_map import TextMap, clouds, draw_text_map, drawn_rows, flattened, plain_text
from tasks.translation.machine.subword_model import save_tokenizer, train_subwords
from tasks.translation.machine.train_translator import TranslatorTraining, make_model

Put = Callable[..., Reference]
NAME = "crop-figure4-text-map"


@pytest.fixture
def translator(put_model: Put, tmp_path: Path) -> Reference:
    folder = tmp_path / "translator"
    folder.mkdir()
    pieces = save_tokenizer(train_subwords(["Ada lebt in Ulm", "Ada vive en Jaen"] * 5, 300), folder, 64)
    shape = TranslatorTraining(encoder_layers=1, decoder_layers=1, hidden_size=16, heads=2, intermediate_size=32)
    make_model(shape, pieces).save_pretrained(folder)
    return put_model(TRANSLATOR, folder)


def projection(put_table: Put, language: str, outputs: list[str]) -> Reference:
    rows = [
        {
            **{name: [] for name in PROJECTION.schema.names},
            "sentence_id": 10 * number,
            "words": ["Ada", "lebt"],
            "forward": "",
            "output": output,
            "reason": "",
        }
        for number, output in enumerate(outputs)
    ]
    columns = {name: [row[name] for row in rows] for name in PROJECTION.schema.names}
    return put_table(PROJECTION, columns, {"language": language})


def test_a_back_translation_is_shown_without_its_markers() -> None:
    assert plain_text("__SLOT1__ Bad Ems __SLOT1__ und  __slot 0__ Ulm .") == "Bad Ems und Ulm ."


def test_sentences_are_drawn_from_those_that_were_translated_back() -> None:
    outputs = pa.chunked_array([["a", "", "b", " ", "c"]])
    assert drawn_rows(outputs, 9, 0).tolist() == [0, 2, 4]
    found = [tuple(drawn_rows(outputs, 2, seed).tolist()) for seed in range(30)]
    assert set(found) == {(0, 2), (0, 4), (2, 4)}


def test_what_lies_together_among_the_representations_does_so_on_the_map() -> None:
    # Two clouds a hundred of their widths apart, and the same seed gives the same map.
    noise = np.random.default_rng(0).normal(size=(40, 8)).astype(np.float32)
    vectors = np.concatenate([noise[:20], noise[20:] + 100])
    places = flattened(vectors, 5, 1)
    assert places.shape == (40, 2)
    middles = places[:20].mean(axis=0), places[20:].mean(axis=0)
    widths = [np.linalg.norm(part - part.mean(axis=0), axis=1).max() for part in (places[:20], places[20:])]
    assert np.linalg.norm(middles[0] - middles[1]) > sum(widths)
    assert np.array_equal(places, flattened(vectors, 5, 1))


def test_each_language_has_a_cloud_in_both_panels() -> None:
    columns = {"text": ["raw", "raw", "back", "back"], "language": ["de", "es", "de", "es"]}
    data = pa.table({**columns, "x": [1.0, 2.0, 3.0, 4.0], "y": [5.0, 6.0, 7.0, 8.0]})
    titles, panels = clouds(data)
    assert titles == ["(a) raw sentences", "(b) back-translations"]
    shown = [[(cloud.name, cloud.x.tolist(), cloud.y.tolist()) for cloud in panel] for panel in panels]
    assert shown == [[("de", [1.0], [5.0]), ("es", [2.0], [6.0])], [("de", [3.0], [7.0]), ("es", [4.0], [8.0])]]


def test_the_picture_stands_beside_its_data(store: Store, put_table: Put, translator: Reference) -> None:
    german = projection(put_table, "de", ["Ada __SLOT0__ Ulm __SLOT0__", "", "Ada lebt", "in Ulm"])
    basque = projection(put_table, "eu", ["vive Ada", "en Jaen"])
    made = run_alone(store, draw_text_map, translator, (german, basque), ("de", "es"), TextMap(sentences=2))
    data = csv.read_csv(store.folder(made) / f"{NAME}.csv")
    assert data.column_names == ["text", "language", "sentence_id", "x", "y"]
    assert data["text"].to_pylist() == (["raw"] * 2 + ["back"] * 2) * 2
    assert data["language"].to_pylist() == ["de"] * 4 + ["eu"] * 4
    ids = data["sentence_id"].to_pylist()
    assert ids[:2] == ids[2:4] and 10 not in ids[:4] and ids[4:] == [0, 10] * 2
    assert np.isfinite(data["x"].to_numpy()).all()
    assert (store.folder(made) / f"{NAME}.png").read_bytes().startswith(b"\x89PNG")
    assert list(store.metadata(made)["figures"]) == [NAME]


def test_without_a_back_translation_there_is_nothing_to_draw(
    store: Store, put_table: Put, translator: Reference
) -> None:
    nothing = projection(put_table, "de", ["", " "])
    with pytest.raises(InputError, match="0 sentences were translated back, expected at least 2"):
        run_alone(store, draw_text_map, translator, (nothing,), ("de",), TextMap())


def test_figures_of_several_steps_come_together(store: Store, put_model: Put, tmp_path: Path) -> None:
    parts = []
    for name in ("one", "two"):
        folder = tmp_path / name
        folder.mkdir()
        for ending in ("png", "csv"):
            (folder / f"{name}.{ending}").write_text(f"{name} {ending}")
        parts.append(put_model(FIGURES, folder, {"figures": {name: f"What {name} shows"}}))
    made = run_alone(store, gather_figures, tuple(parts))
    assert store.metadata(made) == {"figures": {"one": "What one shows", "two": "What two shows"}}
    found = sorted(path.name for path in store.folder(made).glob("*.???"))
    assert found == ["one.csv", "one.png", "two.csv", "two.png"]
    assert (store.folder(made) / "two.csv").read_text() == "two csv"
