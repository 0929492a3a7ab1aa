"""Files and folders from outside: known by content, which is what a step reads, whatever happens meanwhile."""

import os
from pathlib import Path

import pytest

from artifacts.errors import InputError
from artifacts.inputs import InputFile, InputFolder
from artifacts.step import run_alone
from artifacts.store import Store
from tasks.corpus import readers
from tasks.corpus.formats import CorpusFormat
from tasks.corpus.read import read_sentences


@pytest.fixture
def linked(tmp_path: Path) -> Path:
    """A folder whose only file lies in a folder elsewhere, to which it has a link."""
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "data.arrow").write_text("one")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "train").symlink_to(tmp_path / "elsewhere")
    return tmp_path / "folder"


def test_a_linked_folder_counts_by_what_is_in_it(linked: Path) -> None:
    before = InputFolder(path=str(linked)).digest()
    (linked / "train" / "data.arrow").write_text("other")
    after = InputFolder(path=str(linked)).digest()
    assert before != after
    os.unlink(linked / "train")
    (linked / "train").mkdir()
    (linked / "train" / "data.arrow").write_text("other")
    assert InputFolder(path=str(linked)).digest() == after


def test_names_and_bytes_count_and_hidden_files_do_not(linked: Path) -> None:
    (linked / "a").write_text("x")
    before = InputFolder(path=str(linked)).digest()
    (linked / ".cache").mkdir()
    (linked / ".cache" / "a").write_text("x")
    (linked / "train" / ".lock").write_text("x")
    assert InputFolder(path=str(linked)).digest() == before
    (linked / "a").rename(linked / "b")
    assert InputFolder(path=str(linked)).digest() != before


def test_a_link_to_a_folder_around_it_is_refused(linked: Path) -> None:
    (linked / "train" / "back").symlink_to(linked)
    with pytest.raises(InputError, match="train/back: this link leads back to a folder around it"):
        InputFolder(path=str(linked)).digest()


def test_a_file_that_changes_between_its_key_and_its_reading_leaves_no_artifact(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "de.txt"
    file.write_text("Eins .\n")
    read = readers.read_content

    def saved_meanwhile(path: Path) -> bytes:
        path.write_text("Eins . Zwei .\n")
        return read(path)

    given = (InputFile(path=str(file)), CorpusFormat(format="text", tokenized=True), "de")
    monkeypatch.setattr(readers, "read_content", saved_meanwhile)
    with pytest.raises(InputError, match=r"de\.txt: it was changed while it was read; run again"):
        run_alone(store, read_sentences, *given)
    monkeypatch.setattr(readers, "read_content", read)
    file.write_text("Eins .\n")
    assert store.table(run_alone(store, read_sentences, *given))["words"].to_pylist() == [["Eins", "."]]
