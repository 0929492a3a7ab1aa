from pathlib import Path

import pytest

from artifacts.errors import InputError
from tasks.corpus import paths
from tasks.corpus.paths import HubName, parse_hub_name, resolve


@pytest.fixture
def data(tmp_path: Path) -> Path:
    (tmp_path / "de").mkdir()
    (tmp_path / "de" / "test.conllu").write_text("a\tO\n")
    return tmp_path


@pytest.fixture
def bundled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stands for the sample corpus, so that this test does not depend on its files."""
    for name in ("en.train.conll", "de.raw.txt", "README.md"):
        (tmp_path / name).write_text("a\n")
    monkeypatch.setattr(paths.resources, "files", lambda package: tmp_path)
    return tmp_path


def test_a_relative_path_starts_from_the_data_folder(data: Path) -> None:
    assert resolve("de/test.conllu", data) == data / "de" / "test.conllu"
    assert resolve("de/test.conllu", str(data)).is_absolute()


def test_an_absolute_path_is_taken_as_it_is(data: Path) -> None:
    assert resolve(str(data / "de" / "test.conllu"), "/elsewhere") == data / "de" / "test.conllu"


def test_without_a_data_folder_paths_start_from_the_current_one(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(data)
    assert resolve("de/test.conllu") == data / "de" / "test.conllu"


def test_a_missing_file_names_its_nearest_neighbour(data: Path) -> None:
    with pytest.raises(InputError, match=r"corpus de/tset.conllu: there is no file .*; did you mean test.conllu\?"):
        resolve("de/tset.conllu", data)


def test_a_missing_folder_points_to_the_data_option(data: Path) -> None:
    with pytest.raises(InputError, match=r"check the path, or the folder it starts from \(--data\)"):
        resolve("fr/test.conllu", data)


def test_a_folder_is_no_corpus(data: Path) -> None:
    with pytest.raises(InputError, match=r"is a folder, without brat.*; expected a file"):
        resolve("de", data)


def test_a_bundled_file_is_found(bundled: Path) -> None:
    assert resolve("bundled:en.train.conll", "/elsewhere") == bundled / "en.train.conll"


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("en.trian.conll", r"did you mean bundled:en.train.conll\?"),
        ("README.md", "there are de.raw.txt, en.train.conll"),
        ("../secret.txt", "there are de.raw.txt, en.train.conll"),
    ],
)
def test_a_bundled_file_that_does_not_exist_is_an_error(bundled: Path, name: str, hint: str) -> None:
    with pytest.raises(InputError, match=f"no such file comes with Crosstag; {hint}"):
        resolve(f"bundled:{name}")


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("hf:wikiann:de:train", HubName("wikiann", "train", "de")),
        ("hf:my/data:test", HubName("my/data", "test")),
        ("hf:my/data@v2:de:test", HubName("my/data", "test", "de", "v2")),
        ("hf:./a@b:test", HubName("./a@b", "test")),
    ],
)
def test_a_dataset_is_named_by_repository_configuration_and_split(path: str, name: HubName) -> None:
    assert parse_hub_name(path) == name


def test_a_folder_begins_as_in_a_shell() -> None:
    found = [parse_hub_name(f"hf:{name}:train") for name in ("./a", "/a", "~/a", "../a", "a", "a/b")]
    assert [each.is_folder for each in found if each] == [True, True, True, True, False, False]


def test_other_paths_name_no_dataset() -> None:
    assert parse_hub_name("bundled:en.train.conll") is None
    assert parse_hub_name("hf.conll") is None


@pytest.mark.parametrize("path", ["hf:wikiann", "hf:a:b:c:d", "hf::train", "hf:a:", "hf:a:train[:10]"])
def test_a_dataset_without_a_split_is_an_error(path: str) -> None:
    with pytest.raises(InputError, match="expected hf:NAME:SPLIT or hf:NAME:CONFIG:SPLIT"):
        parse_hub_name(path)
