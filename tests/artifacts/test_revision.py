"""Which commit the sources are of."""

import subprocess
from pathlib import Path

import pytest

from artifacts.revision import revision


def git(folder: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=a", "-c", "user.email=a@b.c"]
    return subprocess.run(
        ["git", *identity, "-C", str(folder), *arguments], capture_output=True, text=True, check=True
    ).stdout.strip()


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A file that is committed."""
    file = tmp_path / "sources" / "module.py"
    file.parent.mkdir()
    file.write_text("x = 1\n")
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "--quiet", "-m", "first")
    return file


def test_it_is_the_commit_and_a_plus_if_something_changed(source: Path) -> None:
    commit = git(source.parent, "rev-parse", "HEAD")
    assert len(commit) == 40 and revision(source) == commit
    (source.parent / "notes.txt").write_text("not tracked")
    assert revision(source) == commit
    source.write_text("x = 2\n")
    assert revision(source) == f"{commit}+"


def test_a_package_inside_somebody_elses_repository_has_none(source: Path) -> None:
    installed = source.parent / "site-packages" / "module.py"
    installed.parent.mkdir()
    installed.write_text("x = 1\n")
    assert revision(installed) is None


def test_without_a_repository_or_without_git_there_is_none(
    source: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    lonely = tmp_path_factory.mktemp("lonely") / "module.py"
    lonely.touch()
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(lonely.parents[1]))
    assert revision(lonely) is None
    monkeypatch.setenv("PATH", "")
    assert revision(source) is None
