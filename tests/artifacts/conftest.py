"""The toy project, whose source a test may edit."""

import sys
from pathlib import Path

import pytest
from toy import Toy, forget_modules, write_project


@pytest.fixture
def toy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Toy:
    """A three-step flow in a project of its own, with a store that is empty."""
    project = write_project(tmp_path / "project")
    monkeypatch.setattr("artifacts.code.sources.PROJECT_PACKAGES", ("toysteps",))
    monkeypatch.setattr(sys, "path", [str(project), *sys.path])
    monkeypatch.setattr(sys, "dont_write_bytecode", True)  # an edit within a second must be seen
    monkeypatch.setenv("TOY_TRACE", str(tmp_path / "trace.txt"))
    forget_modules()
    yield Toy(project, tmp_path / "store", tmp_path / "trace.txt")
    forget_modules()
