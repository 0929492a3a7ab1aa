"""Every kind of the catalogue, written for others and read back."""

import csv
import json
import shutil
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from artifacts.catalog import (
    ENCODER,
    GOLD,
    LABELLED,
    LEXICON,
    PROJECTION,
    SOFT_LABELS,
    Dataset,
    ModelKind,
    catalogue,
)
from artifacts.errors import InputError
from artifacts.export import export
from artifacts.manifest import Recipe
from artifacts.reference import Reference
from artifacts.store import STORE_FORMAT, Store

DATASETS = [kind for kind in catalogue().values() if isinstance(kind, Dataset)]
FOLDERS = [kind for kind in catalogue().values() if isinstance(kind, ModelKind)]
LABELS = ["O", "B-PER", "I-PER"]
RECIPE = Recipe(step="test", parameters={}, inputs={}, code="", schemas={}, store_format=STORE_FORMAT)


def put(store: Store, kind: Dataset, rows: list[dict[str, Any]]) -> Reference:
    with store.writing(kind, "ab", RECIPE) as writer:
        writer.write(pa.Table.from_pylist(rows, schema=kind.schema), {"labels": LABELS})
    assert writer.reference is not None
    return writer.reference


def put_files(store: Store, kind: ModelKind) -> Reference:
    with store.writing(kind, "ab", RECIPE) as writer:
        (writer.folder / "vocabulary").mkdir()
        (writer.folder / "vocabulary" / "words.txt").write_text("Ulm\n")
        (writer.folder / "config.json").write_text("{}")
    assert writer.reference is not None
    return writer.reference


def value(type_: pa.DataType, number: int) -> Any:
    """A value of a column's type, another for each number; lists have two elements."""
    if pa.types.is_list(type_):
        return [value(type_.value_type, number)] * 2
    if pa.types.is_string(type_):
        return f'Ulm, "an der {number}"\nDonau'
    if pa.types.is_boolean(type_):
        return number == 1
    return number / 2 if pa.types.is_floating(type_) else number


def rows_of(kind: Dataset) -> list[dict[str, Any]]:
    return [{field.name: value(field.type, number) for field in kind.schema} for number in (1, 2)]


@pytest.mark.parametrize("kind", DATASETS, ids=lambda kind: kind.name)
def test_every_table_is_written_as_csv_json_lines_and_parquet(store: Store, kind: Dataset, tmp_path: Path) -> None:
    rows = rows_of(kind)
    reference = put(store, kind, rows)
    assert [export(store, reference, tmp_path / f"table.{ending}") for ending in ("csv", "jsonl", "parquet")] == [2] * 3
    assert pq.read_table(tmp_path / "table.parquet").to_pylist() == rows
    assert [json.loads(line) for line in (tmp_path / "table.jsonl").read_text().splitlines()] == rows
    with (tmp_path / "table.csv").open(newline="") as file:
        read = list(csv.DictReader(file))
    for field in kind.schema:
        cells = [row[field.name] for row in read]
        told = [json.loads(cell) for cell in cells] if pa.types.is_list(field.type) else cells
        wanted = [row[field.name] for row in rows]
        assert told == (wanted if pa.types.is_list(field.type) else [str(each) for each in wanted]), field.name


@pytest.mark.parametrize("kind", FOLDERS, ids=lambda kind: kind.name)
def test_every_folder_is_copied_without_what_belongs_to_the_store(
    store: Store, kind: ModelKind, tmp_path: Path
) -> None:
    reference = put_files(store, kind)
    (store.folder(reference) / "ref.json").write_text("{}")  # Prefect's record
    assert export(store, reference, tmp_path / "copy") is None
    found = {path.relative_to(tmp_path / "copy").as_posix() for path in (tmp_path / "copy").rglob("*.*")}
    assert found == {"config.json", "vocabulary/words.txt"}
    assert (tmp_path / "copy" / "vocabulary" / "words.txt").read_text() == "Ulm\n"


def test_a_folder_whose_copying_is_stopped_is_not_there_at_all(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, copy = put_files(store, ENCODER), shutil.copyfile

    def stopped(source: Path, target: Path) -> None:
        copy(source, target)
        raise KeyboardInterrupt

    monkeypatch.setattr(shutil, "copyfile", stopped)
    with pytest.raises(KeyboardInterrupt):
        export(store, model, tmp_path / "model")
    assert [path.name for path in tmp_path.iterdir()] == ["store"]
    monkeypatch.undo()
    export(store, model, tmp_path / "model")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["model", "store"]


def test_whatever_has_words_and_labels_is_a_column_file() -> None:
    labelled = [k.name for k in DATASETS if {"words", "tags"} <= set(k.schema.names) or k is SOFT_LABELS]
    assert len(labelled) == 10
    assert [kind.name for kind in DATASETS if kind.text is not None and kind is not LEXICON] == labelled


def test_a_column_file_has_a_word_and_its_tag_on_each_line(store: Store, tmp_path: Path) -> None:
    rows = [
        {"sentence_id": 0, "words": ["Ada", "Ulm"], "tags": ["B-PER", "O"]},
        {"sentence_id": 1, "words": ["Ja"], "tags": ["O"]},
    ]
    assert export(store, put(store, LABELLED, rows), tmp_path / "a.conll") == 2
    assert (tmp_path / "a.conll").read_text() == "Ada\tB-PER\nUlm\tO\n\nJa\tO\n\n"


def test_soft_labels_give_each_word_its_most_probable_label(store: Store, tmp_path: Path) -> None:
    rows = [{"sentence_id": 0, "words": ["Ada", "Ulm"], "probabilities": [[0.2, 0.5, 0.3], [0.6, 0.1, 0.3]]}]
    assert export(store, put(store, SOFT_LABELS, rows), tmp_path / "soft") == 1
    assert (tmp_path / "soft").read_text() == "Ada\tB-PER\nUlm\tO\n\n"


def test_dropped_sentences_have_no_place_in_a_column_file(store: Store, tmp_path: Path) -> None:
    texts = {"forward": "", "output": "", "source_words": [], "source_tags": [], "entities": [], "entity_types": []}
    kept = {"sentence_id": 0, "words": ["Ada"], "tags": ["B-PER"], "matches": [0], "reason": "", **texts}
    dropped = {"sentence_id": 1, "words": ["Ulm"], "tags": [], "matches": [], "reason": "no_output", **texts}
    assert export(store, put(store, PROJECTION, [kept, dropped]), tmp_path / "a.conll") == 1
    assert (tmp_path / "a.conll").read_text() == "Ada\tB-PER\n\n"


def test_a_word_that_would_break_a_column_file_is_told_and_leaves_none(store: Store, tmp_path: Path) -> None:
    reference = put(store, LABELLED, [{"sentence_id": 4, "words": ["a\tb"], "tags": ["O"]}])
    with pytest.raises(InputError, match=r"sentence 4 has the word 'a\\tb'.*\.jsonl"):
        export(store, reference, tmp_path / "a.conll")
    assert list(tmp_path.glob("*.conll*")) == [] and list(tmp_path.glob(".a*")) == []


def test_a_table_without_a_text_form_names_the_endings_that_it_has(store: Store, tmp_path: Path) -> None:
    reference = put(store, GOLD, [{"sentence_id": 0, "tags": ["O"]}])
    with pytest.raises(InputError, match=r"gold has no text form.*\.csv, \.jsonl, \.parquet"):
        export(store, reference, tmp_path / "gold.txt")


@pytest.mark.parametrize("ending", [".conll", ".txt", ".tsv", ".bio", ".iob", ".iob2", ".TSV", ""])
def test_endings_of_text_are_column_files(store: Store, tmp_path: Path, ending: str) -> None:
    reference = put(store, LABELLED, [{"sentence_id": 0, "words": ["Ada"], "tags": ["B-PER"]}])
    export(store, reference, tmp_path / f"a{ending}")
    assert (tmp_path / f"a{ending}").read_text() == "Ada\tB-PER\n\n"


@pytest.mark.parametrize("ending", [".docx", ".json", ".conllu", ".gz"])
def test_an_ending_of_no_format_is_refused_before_anything_is_written(
    store: Store, tmp_path: Path, ending: str
) -> None:
    reference = put(store, LABELLED, rows_of(LABELLED))
    before = sorted(tmp_path.iterdir())
    with pytest.raises(InputError, match=rf"ending \{ending} of .* expected \.csv, \.jsonl, \.parquet, .* \.conll"):
        export(store, reference, tmp_path / f"a{ending}")
    assert sorted(tmp_path.iterdir()) == before


def test_nothing_is_written_over_and_no_folder_is_made(store: Store, tmp_path: Path) -> None:
    table, model = put(store, LABELLED, rows_of(LABELLED)), put_files(store, ENCODER)
    (tmp_path / "there").mkdir()
    for reference in (table, model):
        with pytest.raises(InputError, match="is there already"):
            export(store, reference, tmp_path / "there")
        with pytest.raises(InputError, match="there is no folder"):
            export(store, reference, tmp_path / "none" / "a.csv")
