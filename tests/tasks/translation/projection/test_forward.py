from collections.abc import Callable

import numpy as np
import pytest

from artifacts.catalog import MACHINE_TRANSLATION
from artifacts.errors import InputError
from artifacts.reference import Reference
from artifacts.step import run_alone
from artifacts.store import Store
from tasks.corpus.text import translation_splitter
from tasks.translation.projection.forward import ForwardReading, split_outputs, split_translation

PutTable = Callable[..., Reference]
ENGLISH = "The old town hall stands in the middle of the village."
GERMAN = "Das alte Rathaus steht in der Mitte des kleinen Dorfes."


def put(put_table: PutTable, outputs: list[str], language: str = "en") -> Reference:
    columns = {"sentence_id": [3 * n for n in range(len(outputs))], "source": ["?"] * len(outputs), "output": outputs}
    return put_table(MACHINE_TRANSLATION, columns, {"source_language": "de", "target_language": language})


def test_translations_are_split_into_words_and_keep_their_ids(store: Store, put_table: PutTable) -> None:
    made = run_alone(store, split_translation, put(put_table, ["Ada (1815) lived.", "", " ", "Bo."]), ForwardReading())
    table = store.table(made)
    assert table["sentence_id"].to_pylist() == [0, 9]
    assert table["words"].to_pylist() == [["Ada", "(", "1815", ")", "lived", "."], ["Bo", "."]]
    assert store.metadata(made) == {"language": "en"}


def test_marks_of_direction_are_no_words(store: Store, put_table: PutTable) -> None:
    translation = put(put_table, ["\u200f", "\u200eAda lived \u200f in Ulm.", "\ufeff \u200e"])
    table = store.table(run_alone(store, split_translation, translation, ForwardReading()))
    assert table.to_pylist() == [{"sentence_id": 3, "words": ["Ada", "lived", "in", "Ulm", "."]}]


def test_a_translation_in_a_wrong_language_has_no_row(store: Store, put_table: PutTable) -> None:
    translation = put(put_table, [ENGLISH, GERMAN])
    for mode, ids in (("all", [0]), ("pair", [0]), ("off", [0, 3])):
        made = run_alone(store, split_translation, translation, ForwardReading(language_filter=mode))
        assert store.table(made)["sentence_id"].to_pylist() == ids


def test_chinese_japanese_and_thai_are_split_into_characters(store: Store, put_table: PutTable) -> None:
    config = ForwardReading(language_filter="off")
    made = run_alone(store, split_translation, put(put_table, ["他住在哥德堡。"], "zh"), config)
    assert store.table(made)["words"].to_pylist() == [["他", "住", "在", "哥", "德", "堡", "。"]]


@pytest.mark.parametrize(
    ("language", "text", "words"),
    [
        ("ru", "Анна живёт в Москве.", ["Анна", "живёт", "в", "Москве", "."]),
        ("ar", "تعيش ليلى في دبي.", ["تعيش", "ليلى", "في", "دبي", "."]),
    ],
)
def test_other_scripts_are_split_at_spaces_and_full_stops(language: str, text: str, words: list[str]) -> None:
    split = translation_splitter(language)
    assert split_outputs(np.array([7]), [text], lambda _: True, split).to_pylist() == [
        {"sentence_id": 7, "words": words}
    ]


def test_nothing_left_is_an_error(store: Store, put_table: PutTable) -> None:
    with pytest.raises(InputError, match="none of 2 outputs is a sentence in en"):
        run_alone(store, split_translation, put(put_table, ["", GERMAN]), ForwardReading())
    assert not list((store.root / "sentences").glob("*/manifest.json"))
