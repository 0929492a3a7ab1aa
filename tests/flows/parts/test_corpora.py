"""Corpora as a configuration names them: one file, several, a dataset."""

from pathlib import Path
from typing import Any

import datasets
import pytest

from artifacts.errors import InputError
from artifacts.inputs import DatasetFolder, HubDataset, InputFile
from artifacts.runtime import Runtime, running
from flows.parts.corpora import ParallelText, SourceCorpus, TargetCorpus, corpus_input, read_corpora
from flows.parts.corpus_checks import check_corpora
from flows.parts.translation import TranslationChoice
from flows.parts.translation_checks import check_translation
from tasks.corpus.corpus import Corpus, Part
from tasks.corpus.formats import CorpusFile
from tasks.words.labels import LabelConfig

LABELS = LabelConfig(types=("LOC", "PER"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "en.conll").write_text("Ana\tB-PER\n\nRio\tB-LOC\n")
    (tmp_path / "more.jsonl").write_text('{"tokens": ["Ida", "Koch"], "tags": ["B-PER", "I-PER"]}\n')
    (tmp_path / "de.conll").write_text("Ana\tB-PER\n\nUN\tO\n")
    tags = datasets.List(datasets.ClassLabel(names=["O", "B-PER"]))
    features = datasets.Features({"tokens": datasets.List(datasets.Value("string")), "ner_tags": tags})
    columns = {"tokens": [["Ana"], ["UN"]], "ner_tags": [[1], [0]]}
    datasets.Dataset.from_dict(columns, features=features).save_to_disk(tmp_path / "saved")
    return tmp_path


def corpora(path: Any, text: Any, gold: Any) -> tuple[SourceCorpus, TargetCorpus]:
    source = SourceCorpus.model_validate({"train": {"path": path}, "dev": {"path": "en.conll"}})
    return source, TargetCorpus.model_validate({"text": {"path": text}, "text_gold": {"path": gold}})


def test_a_path_is_a_file_or_a_dataset_or_several(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("artifacts.inputs._hub_commit", lambda name, revision, kind: f"{kind} {revision}")
    runtime = Runtime(data=str(folder))
    file, saved = InputFile(path=str(folder / "en.conll")), DatasetFolder(path=str(folder / "saved"), split="train")
    assert corpus_input(CorpusFile(path="en.conll"), runtime) == file
    assert corpus_input(CorpusFile(path=("en.conll",)), runtime) == file
    assert corpus_input(CorpusFile(path="hf:./saved:train"), runtime) == saved
    assert corpus_input(CorpusFile(path=("hf:./saved:train", "en.conll")), runtime) == (saved, file)
    hub = HubDataset(name="my/data", commit="dataset v2", config="de", split="test")
    assert corpus_input(CorpusFile(path="hf:my/data@v2:de:test"), runtime) == hub


def test_a_missing_file_of_several_is_named(folder: Path) -> None:
    with pytest.raises(InputError, match=r"corpus en.conl: .* did you mean en.conll\?"):
        corpus_input(CorpusFile(path=("more.jsonl", "en.conl")), Runtime(data=str(folder)))


def test_lists_and_datasets_are_checked_like_files(folder: Path) -> None:
    runtime = Runtime(data=str(folder))
    source, target = corpora(["en.conll", "more.jsonl"], "hf:./saved:train", "de.conll")
    train, text = check_corpora(source, target, LABELS, runtime)
    assert (len(train.words), train.types, text.words) == (3, ("LOC", "PER"), [["Ana"], ["UN"]])
    source, target = corpora("en.conll", "hf:./saved:train", ["de.conll", "de.conll"])
    with pytest.raises(InputError, match=r"text_gold de.conll, de.conll: it has 4 sentences, hf:./saved:train has 2"):
        check_corpora(source, target, LABELS, runtime)


def test_steps_take_lists_and_datasets(folder: Path) -> None:
    runtime = Runtime(data=str(folder), store=str(folder / "store"))
    source, target = corpora(["en.conll", "more.jsonl"], "hf:./saved:train", "hf:./saved:train")
    with running(runtime, planning=True) as run:
        read_corpora(source, target, (), LABELS, 1, runtime)
    assert [outcome.status for outcome in run.outcomes] == ["to run"] * 4


@pytest.mark.parametrize("method", ["marked", "words"])
def test_words_of_a_segmenter_do_not_meet_translations_in_characters(method: str) -> None:
    source = Corpus("en", [["Ida"]], types=("PER",), parts=(Part("en", "columns", "", "iob2", 1),))
    target = Corpus("zh", [["张伟"]], parts=(Part("zh", "text", "", None, 1, (), "jieba"),))
    parallel = (ParallelText(source="a", target="b"),)
    choice = TranslationChoice.model_validate({"method": method})
    with pytest.raises(InputError, match=r"target\.text: its words were found by jieba.*set target\.text\.segmenter"):
        check_translation(choice, parallel, LabelConfig(), source, target, Runtime())
