import io
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from artifacts.errors import InputError
from artifacts.inputs import DatasetFolder
from tasks.corpus import parquet
from tasks.corpus.corpus import Corpus, load_corpus
from tasks.corpus.formats import CorpusFormat
from tasks.corpus.parquet import class_names, is_parquet
from tasks.words.labels import LabelConfig

ROWS = {"id": ["a", "b"], "tokens": [["Ana", "in"], ["Rio"]], "ner_tags": [[1, 0], [2]]}
NAMES = ["O", "B-PER", "B-LOC"]
LABELS = {"feature": {"_type": "ClassLabel", "names": NAMES}, "_type": "List"}
FEATURES = {b"huggingface": json.dumps({"info": {"features": {"ner_tags": LABELS}}}).encode()}


def written(path: Path, columns: dict[str, Any], metadata: dict[bytes, bytes] | None = None) -> Path:
    pq.write_table(pa.table(columns).replace_schema_metadata(metadata), path)
    return path


def read(path: Path, *, with_tags: bool = True, **options: Any) -> Corpus:
    return load_corpus(path, CorpusFormat(**options), LabelConfig() if with_tags else None, "de")


@pytest.mark.parametrize("format", ["auto", "parquet"])
def test_numbers_are_named_by_what_the_file_brings_along(tmp_path: Path, format: str) -> None:
    corpus = read(written(tmp_path / "x", ROWS, FEATURES), format=format)
    assert corpus.words == [["Ana", "in"], ["Rio"]]
    assert corpus.tags == [["B-PER", "O"], ["B-LOC"]]
    assert corpus.parts[0].format == "parquet"


def test_names_of_the_configuration_come_first(tmp_path: Path) -> None:
    corpus = read(written(tmp_path / "x", ROWS, FEATURES), tag_names=("O", "B-X", "B-Y"))
    assert corpus.tags == [["B-X", "O"], ["B-Y"]]


def test_strings_need_no_names_and_spans_are_read(tmp_path: Path) -> None:
    assert read(written(tmp_path / "x", {**ROWS, "ner_tags": [["B-X", "O"], ["O"]]})).tags == [["B-X", "O"], ["O"]]
    # The second span ends behind the last word, so that ends are exclusive.
    spans = [[{"start": 0, "end": 1, "label": "PER"}], [{"start": 0, "end": 1, "label": "LOC"}]]
    columns = {"tokens": ROWS["tokens"], "entities": spans}
    assert read(written(tmp_path / "y", columns)).tags == [["B-PER", "O"], ["B-LOC"]]


def test_numbers_without_names_are_an_error_with_the_row(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"x, row 0: tag 0 of ner_tags is the number 1; .* tag_names"):
        read(written(tmp_path / "x", ROWS))


def test_a_missing_list_is_an_error_with_the_row(tmp_path: Path) -> None:
    path = written(tmp_path / "x", {"tokens": [["Ana"], None], "tags": [["O"], ["O"]]})
    with pytest.raises(InputError, match="x, row 1: tokens is missing"):
        read(path, with_tags=False)


def test_a_damaged_file_is_an_error(tmp_path: Path) -> None:
    path = written(tmp_path / "x.parquet", ROWS)
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(InputError, match=r"x.parquet: the Parquet file is damaged .* fetch it again"):
        read(path, format="parquet")


def test_many_equal_sentences_in_few_bytes_are_read(tmp_path: Path) -> None:
    columns = {"tokens": [["Ana"]] * 20_000, "tags": [["B-PER"]] * 20_000}
    path = written(tmp_path / "x", columns)
    assert path.stat().st_size < 20_000
    assert len(read(path).words) == 20_000


def test_more_values_than_any_corpus_has_are_not_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet, "_MOST_VALUES", 1000)
    path = written(tmp_path / "x", {"tokens": [["Ana"] * 1001], "tags": [["O"] * 1001]})
    with pytest.raises(InputError, match=r"1 rows, 1,001 values, .* expected at most 1,000 values"):
        read(path)


def test_text_is_no_parquet() -> None:
    buffer = io.BytesIO()
    pq.write_table(pa.table(ROWS), buffer)
    assert is_parquet(buffer.getvalue())
    assert not is_parquet(b"PAR1\tO\nPAR1\tO\nPAR1")
    assert not is_parquet(b"PAR1")


@pytest.mark.parametrize(
    "metadata", [None, {}, {b"huggingface": b"{"}, {b"huggingface": b"[]"}, {b"huggingface": b"1"}]
)
def test_names_that_are_not_there_are_none(metadata: dict[bytes, bytes] | None) -> None:
    assert class_names(pa.schema([], metadata), "ner_tags") is None


def test_names_are_found_inside_spans() -> None:
    inner = [{"label": {"_type": "ClassLabel", "names": ["LOC"]}, "start": {"_type": "Value"}}]
    schema = pa.schema([], {b"huggingface": json.dumps({"info": {"features": {"spans": inner}}}).encode()})
    assert class_names(schema, "spans") == ("LOC",)


SPANS = [[{"start": 0, "end": 3, "label": 0}], [{"start": 3, "end": 6, "label": 1}]]
TEXTS = {"id": [1, 2], "text": ["Ana ruft.", "In Rio"]}


def with_names(column: str) -> dict[bytes, bytes]:
    feature = {"feature": {"label": {"_type": "ClassLabel", "names": ["PER", "LOC"]}}, "_type": "List"}
    return {b"huggingface": json.dumps({"info": {"features": {column: feature}}}).encode()}


@pytest.mark.parametrize("column", ["entities", "spans", "label", "ner"])
def test_texts_with_entities_in_characters_are_read_as_json_lines_are(tmp_path: Path, column: str) -> None:
    corpus = read(written(tmp_path / "x", {**TEXTS, column: SPANS}, with_names(column)))
    assert corpus.words == [["Ana", "ruft", "."], ["In", "Rio"]]
    assert corpus.tags == [["B-PER", "O", "O"], ["O", "B-LOC"]]
    assert f"entities under {column!r}, offsets in characters, the end exclusive" in corpus.parts[0].layout
    assert read(tmp_path / "x", with_tags=False).words == corpus.words


def test_sentences_are_the_same_with_and_without_their_labels(tmp_path: Path) -> None:
    # A line's end inside an entity is no sentence's end; and spans that count words stand beside words.
    broken = {"text": ["Ana\nLima ruft.\nJa.", "Rio"], "entities": [[{"start": 0, "end": 8, "label": "PER"}], []]}
    corpus = read(written(tmp_path / "x", broken))
    assert corpus.words == [["Ana", "Lima", "ruft", "."], ["Ja", "."], ["Rio"]]
    assert corpus.tags is not None and corpus.tags[0][:2] == ["B-PER", "I-PER"]
    assert read(tmp_path / "x", with_tags=False).words == corpus.words
    counted = [[{"start": 0, "end": 1, "label": "PER"}, {"start": 1, "end": 4, "label": "LOC"}]]
    corpus = read(
        written(tmp_path / "y", {"text": ["Ana Lima, Rio"], "tokens": [["Ana", "Lima", "/", "Rio"]], "spans": counted})
    )
    assert corpus.tags == [["B-PER", "B-LOC", "I-LOC", "I-LOC"]]
    assert read(tmp_path / "y", with_tags=False).words == corpus.words


def test_labels_that_are_no_entities_stand_beside_raw_text(tmp_path: Path) -> None:
    words = [["Ana", "ruft", "."], ["In", "Rio"]]
    assert read(written(tmp_path / "x", {**TEXTS, "label": [3, 1]}), with_tags=False).words == words
    rows = [{"text": text, "label": "sports"} for text in TEXTS["text"]]
    (tmp_path / "y.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    assert read(tmp_path / "y.jsonl", with_tags=False).words == words


def test_entities_kept_as_one_list_per_field_are_the_same(tmp_path: Path) -> None:
    # The Hugging Face library writes a list of objects so.
    lists = [{"start": [0], "end": [3], "label": ["PER"]}, {"start": [3], "end": [6], "label": ["LOC"]}]
    assert read(written(tmp_path / "x", {**TEXTS, "entities": lists})).tags == [["B-PER", "O", "O"], ["O", "B-LOC"]]


def test_entities_in_a_table_are_held_to_the_same_rules(tmp_path: Path) -> None:
    wrong = [[{"start": 0, "end": 30, "label": "PER"}], []]
    with pytest.raises(InputError, match=r"x, row 0: the entity 'PER' from character 0 to 30 does not lie in the text"):
        read(written(tmp_path / "x", {**TEXTS, "entities": wrong}))
    with pytest.raises(InputError, match=r"its keys are 'text'; expected entities under label"):
        read(written(tmp_path / "y", {"text": ["Ana ruft."]}))


def test_words_with_tags_come_before_a_text_beside_them(tmp_path: Path) -> None:
    corpus = read(written(tmp_path / "x", {**ROWS, "text": ["Ana in", "Rio"]}, FEATURES))
    assert corpus.words == [["Ana", "in"], ["Rio"]] and corpus.tags == [["B-PER", "O"], ["B-LOC"]]


@pytest.mark.parametrize("row", [{"text": "Ida ruft"}, {"tokens": ["Ida", "ruft"], "tags": ["B-PER", "O"]}])
def test_refused_records_are_left_out_of_every_sort_of_file(tmp_path: Path, row: dict[str, Any]) -> None:
    spans = {"spans": [{"start": 0, "end": 3, "label": "PER"}]} if "text" in row else {}
    rows = [{**row, **spans, "answer": answer} for answer in ("accept", "reject", "ignore", None)]
    (tmp_path / "folder").mkdir()
    lines = tmp_path / "folder" / "train.jsonl"
    lines.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    table = written(tmp_path / "x.parquet", {key: [each[key] for each in rows] for key in rows[0]})
    for source in (lines, table, DatasetFolder(path=str(tmp_path / "folder"), split="train")):
        corpus = load_corpus(source, CorpusFormat(), LabelConfig(), "de")
        assert (corpus.words, corpus.tags) == ([["Ida", "ruft"]] * 2, [["B-PER", "O"]] * 2)
        assert corpus.parts[0].remarks == ("2 records whose answer is reject or ignore were left out",)


@pytest.mark.parametrize("reverse", [False, True])
def test_entities_in_several_columns_are_an_error(tmp_path: Path, reverse: bool) -> None:
    marks = [[{"start": 0, "end": 3, "label": "PER"}], []][:: -1 if reverse else 1]
    path = written(tmp_path / "x", {"text": ["Ida ruft", "Uwe ruht"], "label": marks, "entities": marks[::-1]})
    with pytest.raises(InputError, match=r"several keys .records with some: 1 under .*, 1 under"):
        read(path)
    one = written(tmp_path / "y", {"text": ["Ida ruft", "Uwe ruht"], "label": [[], []], "entities": marks})
    assert read(one).entity_count == 1
