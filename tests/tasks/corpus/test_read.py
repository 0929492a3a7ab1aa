import json
from pathlib import Path

import pytest

from artifacts.errors import InputError
from artifacts.inputs import InputFile
from artifacts.step import run_alone
from artifacts.store import Store
from tasks.corpus.formats import CorpusFormat
from tasks.corpus.read import read_gold, read_labelled, read_parallel, read_sentences
from tasks.words.labels import LabelConfig

TEXT = "0\tAna\tB-PER\n1\tKoch\tI-PER\n\n0\tRio\tB-LOC\n\n0\tRio\tO\n\n0\tUN\tB-ORG\n"


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


def written(path: Path, text: str = TEXT) -> InputFile:
    path.write_text(text, encoding="utf-8")
    return InputFile(path=str(path))


def test_labelled_sentences_are_written_with_their_label_list(store: Store, tmp_path: Path) -> None:
    file = written(tmp_path / "de.conll")
    reference = run_alone(store, read_labelled, file, CorpusFormat(), LabelConfig(), "de")
    assert store.table(reference)["tags"].to_pylist() == [["B-PER", "I-PER"], ["B-LOC"], ["O"], ["B-ORG"]]
    labels = ["O", "B-LOC", "I-LOC", "B-ORG", "I-ORG", "B-PER", "I-PER"]
    assert store.metadata(reference) == {"language": "de", "labels": labels}


def test_sentences_and_gold_have_the_same_rows(store: Store, tmp_path: Path) -> None:
    file, format = written(tmp_path / "de.conll"), CorpusFormat(remove_duplicates=True)
    sentences = store.table(run_alone(store, read_sentences, file, format, "de"))
    gold = store.table(run_alone(store, read_gold, file, format, LabelConfig(), "de"))
    assert sentences.column_names == ["sentence_id", "words"]
    assert gold.column_names == ["sentence_id", "tags"]
    assert sentences["sentence_id"].to_pylist() == gold["sentence_id"].to_pylist() == [0, 1, 2]
    assert [len(words) for words in sentences["words"].to_pylist()] == [2, 1, 1]
    assert [len(tags) for tags in gold["tags"].to_pylist()] == [2, 1, 1]


def test_a_moved_file_is_the_same_artifact(store: Store, tmp_path: Path) -> None:
    first = run_alone(store, read_sentences, written(tmp_path / "a.conll"), CorpusFormat(), "de")
    second = run_alone(store, read_sentences, written(tmp_path / "b.txt"), CorpusFormat(), "de")
    assert first.key == second.key


def test_tags_do_not_reach_the_sentences(store: Store, tmp_path: Path) -> None:
    first = run_alone(store, read_sentences, written(tmp_path / "a"), CorpusFormat(), "de")
    second = run_alone(store, read_sentences, written(tmp_path / "b", TEXT.replace("PER", "LOC")), CorpusFormat(), "de")
    assert first.digest == second.digest


def test_parallel_text_is_written_in_pairs(store: Store, tmp_path: Path) -> None:
    source, target = written(tmp_path / "x.en", "Yes.\n\nNo.\n"), written(tmp_path / "x.de", "Ja.\nLeer\nNein.\n")
    reference = run_alone(store, read_parallel, source, target, "en", "de")
    assert store.table(reference)["target"].to_pylist() == ["Ja.", "Nein."]
    assert store.metadata(reference) == {"source_language": "en", "target_language": "de", "skipped_pairs": 1}


def test_bad_input_leaves_no_artifact(store: Store, tmp_path: Path) -> None:
    file = written(tmp_path / "bad.conll", "Ana\tB-PER\nKoch\n")
    with pytest.raises(InputError, match=r"bad.conll, line 2: 1 column"):
        run_alone(store, read_labelled, file, CorpusFormat(), LabelConfig(), "de")
    assert not list((tmp_path / "store").rglob("*.parquet"))


def test_remarks_of_the_21st_file_and_those_behind_it_are_summed(store: Store, tmp_path: Path) -> None:
    sources = []
    for number in range(23):
        # Of the two entities that overlap the longer one counts; from the 21st file on there are such.
        marks = [[0, 8, "PER"], *[[0, 3, "PER"]] * (number >= 20), *[[4, 8, "a b"]] * (number == 22)]
        line = f'{{"text": "Ida Koch ruft {number}", "label": {json.dumps(marks)}}}\n'
        sources.append(written(tmp_path / f"{number:02}.jsonl", line))
    reference = run_alone(store, read_labelled, tuple(sources), CorpusFormat(), LabelConfig(), "de")
    manifest = store.manifest(reference.kind, reference.key)
    assert manifest is not None
    notes = manifest.notes
    assert len(notes["understood"]) == 20 and not any(part["remarks"] for part in notes["understood"])
    assert notes["files"] == 23
    assert notes["more_remarks"] == [
        "3 more files: 4 entities inside, or over the edge of, a longer one were left out",
        "1 more files: spaces in types became underscores",
    ]
