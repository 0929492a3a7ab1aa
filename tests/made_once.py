"""Folders that one of the processes that run tests side by side fills, for all of them."""

import fcntl
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest


@dataclass(frozen=True)
class MadeOnce:
    """Gives a folder by its name, filled by a function: `made_once("name", fill)`.

    The first process fills it; the others wait, and each gets a copy of its own.
    """

    folders: pytest.TempPathFactory
    side_by_side: bool

    def __call__(self, name: str, fill: Callable[[Path], object]) -> Path:
        folder = self.folders.mktemp(name)
        if not self.side_by_side:
            fill(folder)
            return folder
        first = self.folders.getbasetemp().parent / f"made-once-{name}"
        with Path(f"{first}.lock").open("wb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not first.exists():
                fill(folder)
                shutil.copytree(folder, Path(f"{first}.unfinished"))
                Path(f"{first}.unfinished").rename(first)
                return folder
        shutil.copytree(first, folder, dirs_exist_ok=True)
        return folder
