import shutil
from pathlib import Path
from typing import Any

import datasets
import pytest

from artifacts import inputs
from artifacts.errors import InputError
from artifacts.inputs import DatasetFolder, HubDataset
from artifacts.step import run_alone
from artifacts.store import Store
from tasks.corpus import hub
from tasks.corpus.corpus import Corpus, load_corpus
from tasks.corpus.formats import CorpusFormat
from tasks.corpus.read import read_labelled
from tasks.words.labels import LabelConfig

TRAIN = {"tokens": [["Ana", "in"], ["Rio"]], "ner_tags": [[1, 0], [2]]}
TEST = {"tokens": [["UN"]], "ner_tags": [[0]]}


@pytest.fixture(scope="module")
def splits() -> datasets.DatasetDict:
    tags = datasets.List(datasets.ClassLabel(names=["O", "B-PER", "B-LOC"]))
    features = datasets.Features({"tokens": datasets.List(datasets.Value("string")), "ner_tags": tags})
    made = {"train": TRAIN, "test": TEST}
    return datasets.DatasetDict({n: datasets.Dataset.from_dict(c, features=features) for n, c in made.items()})


@pytest.fixture(scope="module")
def saved(splits: datasets.DatasetDict, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `save_to_disk` writes of several splits."""
    folder = tmp_path_factory.mktemp("saved")
    splits.save_to_disk(folder)
    return folder


@pytest.fixture(scope="module")
def parquet(splits: datasets.DatasetDict, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of Parquet files, as the hub holds them."""
    folder = tmp_path_factory.mktemp("parquet")
    for name, split in splits.items():
        split.to_parquet(folder / f"{name}-00000-of-00001.parquet")
    return folder


def read(source: Any, *, with_tags: bool = True) -> Corpus:
    return load_corpus(source, CorpusFormat(), LabelConfig() if with_tags else None, "de")


def test_a_saved_dataset_is_read_with_the_names_of_its_tags(saved: Path) -> None:
    corpus = read(DatasetFolder(path=str(saved), split="train"))
    assert corpus.words == [["Ana", "in"], ["Rio"]]
    assert corpus.tags == [["B-PER", "O"], ["B-LOC"]]
    assert corpus.parts[0].format == "dataset"


def test_one_saved_split_is_read(saved: Path) -> None:
    assert read(DatasetFolder(path=str(saved / "test"), split="test"), with_tags=False).words == [["UN"]]


def test_rows_that_were_selected_are_those_that_are_read(splits: datasets.DatasetDict, tmp_path: Path) -> None:
    splits["train"].select([1]).save_to_disk(tmp_path / "part")
    assert read(DatasetFolder(path=str(tmp_path / "part"), split="train")).words == [["Rio"]]


def test_a_folder_of_parquet_files_is_read_by_split(parquet: Path) -> None:
    assert read(DatasetFolder(path=str(parquet), split="train")).tags == [["B-PER", "O"], ["B-LOC"]]
    assert read(DatasetFolder(path=str(parquet), split="test"), with_tags=False).words == [["UN"]]


def test_a_hub_dataset_is_loaded_at_its_commit(parquet: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    asked = []
    real = datasets.load_dataset_builder

    def local(place: str, config: str | None, **options: Any) -> Any:
        asked.append((place, config, options))
        return real(str(parquet), cache_dir=str(tmp_path))

    monkeypatch.setattr(datasets, "load_dataset_builder", local)
    source = HubDataset(name="wikiann", commit="c0ffee", config="de", split="train")
    assert read(source).words == [["Ana", "in"], ["Rio"]]
    assert asked == [("wikiann", "de", {"revision": "c0ffee"})]


@pytest.mark.parametrize("folder", ["saved", "parquet"])
def test_a_split_that_is_not_there_is_an_error(folder: str, request: pytest.FixtureRequest) -> None:
    path = request.getfixturevalue(folder)
    with pytest.raises(InputError, match=r"corpus hf:.*:dev: .*train"):
        read(DatasetFolder(path=str(path), split="dev"))


def test_a_damaged_dataset_is_an_error(saved: Path, parquet: Path, tmp_path: Path) -> None:
    shutil.copytree(saved, tmp_path / "saved")
    next((tmp_path / "saved" / "train").glob("*.arrow")).write_bytes(b"broken")
    shutil.copytree(parquet, tmp_path / "parquet")
    next((tmp_path / "parquet").glob("train*")).write_bytes(b"PAR1broken")
    for name in ("saved", "parquet"):
        with pytest.raises(InputError, match="library datasets cannot load it"):
            read(DatasetFolder(path=str(tmp_path / name), split="train"))


def test_other_kinds_of_files_and_empty_folders_are_errors(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot load it"):
        read(DatasetFolder(path=str(tmp_path), split="train"))
    (tmp_path / "train.txt").write_text("Ana\n")
    with pytest.raises(InputError, match="its files are of kind text; expected parquet, arrow, json"):
        read(DatasetFolder(path=str(tmp_path), split="train"))
    with pytest.raises(InputError, match="no such folder"):
        read(DatasetFolder(path=str(tmp_path / "none"), split="train"))


def test_a_format_makes_no_sense_for_a_dataset(saved: Path) -> None:
    with pytest.raises(InputError, match="format is jsonl, this is a dataset; leave format out"):
        load_corpus(DatasetFolder(path=str(saved), split="train"), CorpusFormat(format="jsonl"), None, "de")


def test_a_step_knows_a_dataset_by_its_content(saved: Path, tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    shutil.copytree(saved, tmp_path / "moved")
    here, there, other = (
        DatasetFolder(path=str(path), split=split)
        for path, split in ((saved, "train"), (tmp_path / "moved", "train"), (saved, "test"))
    )
    first = run_alone(store, read_labelled, here, CorpusFormat(), LabelConfig(), "de")
    assert store.table(first)["tags"].to_pylist() == [["B-PER", "O"], ["B-LOC"]]
    assert run_alone(store, read_labelled, there, CorpusFormat(), LabelConfig(), "de").key == first.key
    assert here.digest() != other.digest()


def test_the_key_of_a_hub_dataset_is_name_commit_configuration_and_split() -> None:
    one = HubDataset(name="wikiann", commit="c0ffee", config="de", split="train")
    changes = [{"name": "x"}, {"commit": "x"}, {"config": "x"}, {"split": "x"}]
    digests = {one.digest(), *(one.model_copy(update=change).digest() for change in changes)}
    assert len(digests) == 5


def test_without_a_hub_the_error_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    from huggingface_hub.errors import HTTPError

    def unreachable(*_: Any, **__: Any) -> None:
        raise HTTPError("no route")

    monkeypatch.setattr("huggingface_hub.HfApi.repo_info", unreachable)
    inputs._hub_commit.cache_clear()
    with pytest.raises(InputError, match=r"dataset 'no/such' \(revision main\): no route; .* hf:./folder:train"):
        HubDataset.resolve("no/such", "train")


def test_a_revision_is_resolved_to_a_commit(monkeypatch: pytest.MonkeyPatch) -> None:
    class Info:
        sha = "c0ffee"

    def found(*_: Any, **options: Any) -> Info:
        assert options == {"revision": "v2", "repo_type": "dataset"}
        return Info()

    monkeypatch.setattr("huggingface_hub.HfApi.repo_info", found)
    inputs._hub_commit.cache_clear()
    assert HubDataset.resolve("my/data", "train", "de", "v2").commit == "c0ffee"


def test_names_in_messages_are_as_in_configurations() -> None:
    assert hub.dataset_name(HubDataset(name="a/b", commit="c", config="de", split="train")) == "hf:a/b:de:train"
    assert hub.dataset_name(DatasetFolder(path="/x", split="train")) == "hf:/x:train"


@pytest.mark.parametrize("as_lists", [True, False])
def test_a_dataset_of_texts_with_entities_in_characters_is_read(tmp_path: Path, as_lists: bool) -> None:
    span = {
        "start": datasets.Value("int32"),
        "end": datasets.Value("int32"),
        "label": datasets.ClassLabel(names=["PER"]),
    }
    spans = datasets.Sequence(span) if as_lists else datasets.List(span)
    both = {"start": [0], "end": [3], "label": [0]}, {"start": [], "end": [], "label": []}
    rows = {
        "text": ["Ana ruft.", "In Rio"],
        "entities": both if as_lists else [[{"start": 0, "end": 3, "label": 0}], []],
    }
    features = datasets.Features({"text": datasets.Value("string"), "entities": spans})
    datasets.Dataset.from_dict(rows, features=features).save_to_disk(tmp_path / "saved")
    corpus = read(DatasetFolder(path=str(tmp_path / "saved"), split="train"))
    assert corpus.words == [["Ana", "ruft", "."], ["In", "Rio"]]
    assert corpus.tags == [["B-PER", "O", "O"], ["O", "O"]]
