from collections.abc import Callable

import pytest

from artifacts.errors import InputError
from artifacts.inputs import InputFile
from artifacts.step import run_alone
from artifacts.store import Store
from tasks.corpus.formats import CorpusFormat
from tasks.translation.imported import import_translation
from tasks.words.labels import LabelConfig


def test_a_labelled_file_becomes_a_translation(store: Store, text_file: Callable[[str, str], InputFile]) -> None:
    file = text_file("de.conll", "Ada B-PER\nwohnt O\nin O\nUlm B-LOC\n\nSie O\n")
    made = run_alone(store, import_translation, file, CorpusFormat(), LabelConfig(), "de")
    table = store.table(made)
    assert table["words"].to_pylist() == [["Ada", "wohnt", "in", "Ulm"], ["Sie"]]
    assert table["tags"].to_pylist() == [["B-PER", "O", "O", "B-LOC"], ["O"]]
    assert table["source_words"].to_pylist() == [[], []]
    assert table["origin"].to_pylist() == [["import"] * 4, ["import"]]
    assert table["corpus"].to_pylist() == ["import"] * 2
    assert table["source_sentence_id"].to_pylist() == [0, 1]
    assert store.metadata(made) == {"language": "de", "labels": ["O", "B-LOC", "I-LOC", "B-PER", "I-PER"]}


def test_a_file_without_tags_is_refused(store: Store, text_file: Callable[[str, str], InputFile]) -> None:
    file = text_file("de.txt", "Ada wohnt in Ulm .\nSie auch .\n")
    with pytest.raises(InputError):
        run_alone(store, import_translation, file, CorpusFormat(format="text"), LabelConfig(), "de")
