"""A disk that is full while a training writes a checkpoint: told once, nothing half-written stays, a rerun goes on."""

import errno
import logging
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch

from artifacts.errors import StoreError
from artifacts.runtime import Runtime
from artifacts.store import Store
from flows.commands.methods import load

pytestmark = [pytest.mark.server, pytest.mark.usefixtures("server")]
SETTINGS = ("student.learning_rate=2e-3", "student.epochs=3", "iterations=1")


class Kept(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)


def test_a_full_disk_is_told_once_and_a_training_goes_on_from_the_checkpoint_before(
    data: Path, finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Path(shutil.copytree(finished, tmp_path / "store"))
    method, config = load(data / "tiny.yaml", SETTINGS)
    runtime = Runtime(store=str(store), data=str(data), device="cpu", checkpoint_minutes=0)
    save, saved = torch.save, []

    def save_until_full(state: Any, file: Any) -> None:
        if len(saved) == 3:
            file.write(b"half of it")
            raise OSError(errno.ENOSPC, "No space left on device")
        save(state, file)
        saved.append(state["update"])

    kept = Kept()
    logging.getLogger("prefect").addHandler(kept)
    try:
        with monkeypatch.context() as patch:
            patch.setattr(torch, "save", save_until_full)
            with pytest.raises(StoreError, match=r"disk is full during step train_student: .* needs more than") as told:
                method.flow(config, runtime)
    finally:
        logging.getLogger("prefect").removeHandler(kept)
    assert not [record for record in kept.records if record.exc_info], "tracebacks"
    assert [record.getMessage() for record in kept.records].count(str(told.value)) == 1
    (work,) = (store / ".unfinished").iterdir()
    assert [path.name for path in work.iterdir()] == ["checkpoint.pt"]
    before = {m.key for m in Store(store).manifests_of("tagger")}
    method.flow(config, runtime)
    (student,) = (m for m in Store(store).manifests_of("tagger") if m.key not in before)
    assert student.notes["resumed_at"] == saved[-1] == 3
    assert list((store / ".unfinished").iterdir()) == []
