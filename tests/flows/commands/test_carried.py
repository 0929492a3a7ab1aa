"""A configuration carried to other target languages: by `{target}`, by its list of targets, or not at all."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from artifacts.errors import InputError
from flows.commands.configuration import override, read_yaml
from flows.commands.deployments import with_files_here
from flows.commands.many import Grid, grid_of
from flows.commands.methods import load, load_values
from flows.commands.targets import carried

ROOT = Path(__file__).parents[3]


@pytest.fixture
def values(data: Path) -> dict[str, Any]:
    """Of a configuration that leaves its target language open."""
    settings: dict[str, Any] = yaml.safe_load((data / "tiny.yaml").read_text())
    settings["target"] = {
        "language": "{target}",
        "text": {"path": "{target}.txt", "format": "text"},
        "text_gold": {"path": "{target}.gold.conll"},
        "tests": [{"name": "test", "path": "{target}.test.conll"}],
    }
    settings["parallel"] = [{"source": "parallel.en", "target": "parallel.{target}"}]
    return settings


def test_the_language_stands_wherever_the_file_leaves_it_open(values: dict[str, Any], data: Path) -> None:
    assert carried(values, "de", "x.yaml") == yaml.safe_load((data / "tiny.yaml").read_text())
    _, config = load_values(carried(values, "nl", "x.yaml"), (), "x.yaml")
    assert (config.target.language, config.target.text.path) == ("nl", "nl.txt")
    assert config.parallel[0].target == "parallel.nl" and config.parallel[0].source == "parallel.en"


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("target.language=de", 'target language is de; expected language: "{target}"'),
        ("target.text.path=de.txt", "de.txt would be of every target language"),
        ("target.tests=[{name: test, path: de.test.conll}]", "de.test.conll would be of every target language"),
        ("target.text_gold.path=de.gold.conll", "de.gold.conll would be of every"),
        ("target.corrections=mine.jsonl", "mine.jsonl would be of every"),
        ("parallel=[{source: parallel.en, target: parallel.de}]", "parallel.de would be of every"),
        ("translation.test_lexicon=words.txt", "words.txt would be of every"),
    ],
)
def test_what_would_be_of_every_language_is_refused(values: dict[str, Any], setting: str, words: str) -> None:
    with pytest.raises(InputError, match=words.replace("{", r"\{")):
        carried(override(values, [setting]), "nl", "x.yaml")


def test_a_method_of_several_languages_keeps_the_one(data: Path) -> None:
    path = ROOT / "configs" / "wikineural-crop.yaml"
    placed = grid_of(Grid(configurations=(str(path),), targets=("es", "nl"), seeds=(2, 1)))
    found = [(each.name, [target.language for target in each.cell.config.targets]) for each in placed]
    assert found == [
        ("wikineural-crop, es, seed 2", ["es"]),
        ("wikineural-crop, es, seed 1", ["es"]),
        ("wikineural-crop, nl, seed 2", ["nl"]),
        ("wikineural-crop, nl, seed 1", ["nl"]),
    ]
    assert placed[2].cell.config.targets[0].text.path == "wikineural/nl/test.conllu"
    assert {(each.pool, each.data) for each in placed} == {("cpu", "path/to/data")}
    with pytest.raises(InputError, match=r"--targets fr: .* has the target de, es, nl and no"):
        grid_of(Grid(configurations=(str(path),), targets=("de", "fr")))


def test_a_file_per_language_needs_no_targets_and_takes_no_other(data: Path) -> None:
    files = tuple(str(ROOT / "configs" / f"wikineural-{each}.yaml") for each in ("de", "es"))
    placed = grid_of(Grid(configurations=files, seeds=(1, 2), pool="gpu", settings=("iterations=1",), data_folder="d"))
    assert [each.name for each in placed] == [
        "wikineural-de, seed 1", "wikineural-de, seed 2", "wikineural-es, seed 1", "wikineural-es, seed 2",
    ]  # fmt: skip
    assert {(each.pool, each.data, each.cell.config.iterations) for each in placed} == {("gpu", "d", 1)}
    with pytest.raises(InputError, match=r"--targets es: .*wikineural-de\.yaml has the target de and no"):
        grid_of(Grid(configurations=files, targets=("de", "es")))


@pytest.mark.parametrize("what", ["targets", "seeds", "configurations"])
def test_what_is_given_twice_is_refused(data: Path, what: str) -> None:
    given: dict[str, Any] = {"configurations": (str(data / "tiny.yaml"),)}
    given[what] = {"targets": ("de", "de"), "seeds": (1, 1), "configurations": given["configurations"] * 2}[what]
    with pytest.raises(InputError, match="given twice"):
        grid_of(Grid(**given))


def test_an_open_configuration_is_no_single_run(values: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "open.yaml"
    path.write_text(f"# crosstag many open.yaml --targets de\n{yaml.safe_dump(values)}")
    with pytest.raises(InputError, match="several languages: run it by `crosstag many"):
        load(path)
    with pytest.raises(InputError, match="several languages"):
        grid_of(Grid(configurations=(str(path),)))
    assert with_files_here([path]) == []
    assert read_yaml(path)["target"]["language"] == "{target}"
