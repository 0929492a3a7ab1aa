"""Checkpoints in a bucket: what another machine goes on from."""

import time
from pathlib import Path

import pytest
from bucket_service import Shelf

from artifacts.objects import objects_at
from artifacts.shared_work import shared_work

NAME = ".unfinished/work-tagger-ab12"


@pytest.fixture(autouse=True)
def _looking_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("artifacts.shared_work._LOOK_SECONDS", 0.02)


def save(folder: Path, name: str, text: str) -> None:
    """As a training writes: under another name first."""
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    temporary = (folder / name).with_suffix(".tmp")
    temporary.write_text(text)
    temporary.replace(folder / name)


def there(shelf: Shelf) -> dict[str, str]:
    objects = objects_at(shelf.url)
    return {each.name.removeprefix(f"{NAME}/"): objects.get(each.name)[0].decode() for each in objects.below(NAME)}


def wait_for(shelf: Shelf, expected: dict[str, str]) -> None:
    deadline = time.monotonic() + 60
    while there(shelf) != expected:
        assert time.monotonic() < deadline, there(shelf)
        time.sleep(0.02)


def killed_training(shelf: Shelf, folder: Path) -> None:
    """One that wrote two checkpoints, with a file of an epoch beside the second; its folder stays as it is."""
    with shared_work(objects_at(shelf.url), NAME, folder):
        save(folder, "checkpoint.pt", "first")
        wait_for(shelf, {"checkpoint.pt": "first"})
        save(folder, "epochs/0001.safetensors", "epoch")
        (folder / "epochs" / "0002.tmp").write_text("half")
        save(folder, "checkpoint.pt", "second")
        wait_for(shelf, {"checkpoint.pt": "second", "epochs/0001.safetensors": "epoch"})


def test_each_checkpoint_goes_to_the_bucket_behind_what_lies_beside_it(shelf: Shelf, tmp_path: Path) -> None:
    killed_training(shelf, tmp_path / "one")
    put = [path.partition("ab12/")[2] for method, path in shelf.service.requests if method == "PUT" and NAME in path]
    assert put[-2:] == ["epochs/0001.safetensors", "checkpoint.pt"]


def test_a_folder_without_a_checkpoint_stays_on_its_machine(shelf: Shelf, tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), shared_work(objects_at(shelf.url), NAME, tmp_path / "one"):
        save(tmp_path / "one", "text.txt", "what is written anew each time")
        raise KeyboardInterrupt
    assert there(shelf) == {}


def test_another_machine_has_it_and_puts_nothing_back_that_is_not_new(shelf: Shelf, tmp_path: Path) -> None:
    killed_training(shelf, tmp_path / "one")
    save(tmp_path / "two", "checkpoint.pt", "of an older try of this machine")
    shelf.service.requests.clear()
    with shared_work(objects_at(shelf.url), NAME, tmp_path / "two"):
        assert (tmp_path / "two" / "checkpoint.pt").read_text() == "second"
        assert (tmp_path / "two" / "epochs" / "0001.safetensors").read_text() == "epoch"
        time.sleep(0.2)
    assert not [path for method, path in shelf.service.requests if method == "PUT"]


def test_a_machine_goes_on_from_its_own_newer_checkpoint_if_nobody_came_between(shelf: Shelf, tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    killed_training(shelf, one)
    save(one, "checkpoint.pt", "third, when the bucket was out of reach")
    with shared_work(objects_at(shelf.url), NAME, one):
        assert (one / "checkpoint.pt").read_text().startswith("third")
        wait_for(shelf, {"checkpoint.pt": (one / "checkpoint.pt").read_text(), "epochs/0001.safetensors": "epoch"})
    with shared_work(objects_at(shelf.url), NAME, two):
        save(two, "checkpoint.pt", "fourth")
        wait_for(shelf, {"checkpoint.pt": "fourth", "epochs/0001.safetensors": "epoch"})
    save(one, "checkpoint.pt", "of a run that had lost its lease")
    with shared_work(objects_at(shelf.url), NAME, one):
        assert (one / "checkpoint.pt").read_text() == "fourth"


def test_the_checkpoint_of_a_training_that_is_stopped_is_taken_at_its_end(
    shelf: Shelf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("artifacts.shared_work._LOOK_SECONDS", 600)
    with pytest.raises(KeyboardInterrupt), shared_work(objects_at(shelf.url), NAME, tmp_path / "one"):
        save(tmp_path / "one", "checkpoint.pt", "last")
        raise KeyboardInterrupt
    assert there(shelf) == {"checkpoint.pt": "last"}


def test_a_bucket_out_of_reach_does_not_stop_a_training(
    shelf: Shelf, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    shelf.monkeypatch.setenv("CROSSTAG_RETRY_SECONDS", "0.1")
    with shared_work(objects_at(shelf.url), NAME, tmp_path / "one"):
        shelf.service.down = True
        save(tmp_path / "one", "checkpoint.pt", "first")
        deadline = time.monotonic() + 60
        while "a checkpoint stays on this machine for now" not in caplog.text:
            assert time.monotonic() < deadline
            time.sleep(0.02)
        shelf.service.down = False
        wait_for(shelf, {"checkpoint.pt": "first"})
