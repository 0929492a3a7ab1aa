"""A corpus is read once, and again whenever something about it is another."""

from pathlib import Path

import pytest

import tasks.corpus.corpus as corpus_module
from artifacts.inputs import InputFile
from tasks.corpus.corpus import load_corpus
from tasks.corpus.formats import CorpusFormat
from tasks.corpus.once import forget_readings, once, reading_once
from tasks.words.labels import LabelConfig


@pytest.fixture
def parsed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the files that were parsed."""
    told: list[str] = []
    parse = corpus_module.parse_source

    def parse_source(source: InputFile, *arguments: object, **options: object) -> object:
        told.append(Path(source.path).name)
        return parse(source, *arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(corpus_module, "parse_source", parse_source)
    return told


@pytest.fixture
def file(tmp_path: Path) -> InputFile:
    (tmp_path / "a.conll").write_text("Ada\tB-PER\nging\tO\n\n", encoding="utf-8")
    return InputFile(path=str(tmp_path / "a.conll"))


def test_the_same_reading_is_made_once_inside_and_each_time_outside(file: InputFile, parsed: list[str]) -> None:
    with reading_once():
        first = load_corpus(file, CorpusFormat(), LabelConfig(), "de")
        assert load_corpus(file, CorpusFormat(), LabelConfig(), "de") is first
    assert load_corpus(file, CorpusFormat(), LabelConfig(), "de") == first
    load_corpus(file, CorpusFormat(), LabelConfig(), "de")
    assert len(parsed) == 3


def test_whatever_changes_the_result_is_another_reading(file: InputFile, parsed: list[str], tmp_path: Path) -> None:
    (tmp_path / "b.conll").write_bytes(Path(file.path).read_bytes())
    other = InputFile(path=str(tmp_path / "b.conll"))
    drop = LabelConfig(types=("LOC",), other_types="drop")
    with reading_once():
        for source, format, labels, language in (
            (file, CorpusFormat(), LabelConfig(), "de"),
            (file, CorpusFormat(), None, "de"),
            (file, CorpusFormat(), drop, "de"),
            (file, CorpusFormat(max_sentences=1), LabelConfig(), "de"),
            (file, CorpusFormat(), LabelConfig(), "nl"),
            ((file, file), CorpusFormat(), LabelConfig(), "de"),
            (other, CorpusFormat(), LabelConfig(), "de"),  # its messages name another file
        ):
            before = len(parsed)
            load_corpus(source, format, labels, language)
            assert len(parsed) > before


def test_a_file_that_was_edited_meanwhile_is_read_again(file: InputFile, parsed: list[str]) -> None:
    with reading_once():
        load_corpus(file, CorpusFormat(), LabelConfig(), "de")
        Path(file.path).write_text("Ulm\tB-LOC\n\n", encoding="utf-8")
        assert load_corpus(file, CorpusFormat(), LabelConfig(), "de").words == [["Ulm"]]


def test_what_was_forgotten_is_read_again_and_an_error_is_not_kept() -> None:
    calls: list[int] = []

    def read() -> int:
        calls.append(1)
        if len(calls) == 1:
            raise ValueError("torn")
        return len(calls)

    with reading_once():
        with pytest.raises(ValueError, match="torn"):
            once("a", read)
        assert [once("a", read), once("a", read)] == [2, 2]
        with reading_once():
            assert once("a", read) == 2
        assert once("a", read) == 2, "an inner `with` ends nothing"
        forget_readings()
        assert once("a", read) == 3
    assert once("a", read) == 4
