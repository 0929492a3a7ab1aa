from pathlib import Path

import pytest

from artifacts.errors import InputError
from flows.commands.cli.running import systems as print_all
from flows.commands.methods import METHODS
from flows.commands.systems import System, find_systems, print_systems, shared_steps

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def systems() -> list[System]:
    return find_systems(ROOT / "configs")


def test_every_method_has_a_paper_and_an_example_whose_run_ends_with_a_student(systems: list[System]) -> None:
    assert [system.method.name for system in systems] == list(METHODS)
    for system in systems:
        assert system.configuration.exists() and system.method.paper
        # GLoDe ships a tagger of words beside its student of spans.
        assert system.steps["export_student", "student"] == (2 if system.method.name == "glode" else 1)


def test_steps_that_all_share_come_first_with_how_often_each_run_has_them(systems: list[System]) -> None:
    rows = shared_steps(systems)
    shared_by = [sum(count > 0 for count in counts) for _, _, counts in rows]
    assert shared_by == sorted(shared_by, reverse=True) and shared_by[0] == len(METHODS)
    counts = {step: times for step, _, times in rows}
    names = [system.method.name for system in systems]
    collaborators = dict(zip(names, counts["train_collaborator"], strict=True))
    assert collaborators.pop("colada") == 3 and not any(collaborators.values())  # One in each of its 3 iterations.


def test_both_tables_are_printed(systems: list[System], capsys: pytest.CaptureFixture[str]) -> None:
    print_systems(systems)
    printed = capsys.readouterr().out
    assert "CoLaDa, Ma et al., ACL 2023" in printed and "configs/quickstart-unitrans.yaml" in printed
    assert next(line.split() for line in printed.splitlines() if line.startswith("vote_labels"))[1:] == ["votes", "1"]


def test_a_method_without_an_example_is_refused(tmp_path: Path) -> None:
    (tmp_path / "quickstart.yaml").write_text((ROOT / "configs/quickstart.yaml").read_text())
    with pytest.raises(InputError, match="is of the method unitrans"):
        find_systems(tmp_path)


def test_without_configurations_the_methods_are_told_and_that_there_are_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    print_all()
    printed = capsys.readouterr().out
    rows = [line.split()[0] for line in printed.splitlines()[1 : 1 + len(METHODS)]]
    assert rows == list(METHODS) and f"there is no folder {tmp_path / 'configs'}" in printed
    assert "Ma et al." in printed and "steps, and how often" not in printed
