"""Reading configurations: what is wrong is said with its key, what was found, and what is valid."""

from typing import Literal

import pytest
from pydantic import Field

from artifacts.errors import InputError
from artifacts.settings import Settings
from flows.commands.configuration import checked, checked_file, override, read_yaml
from tasks.corpus.formats import CorpusFile


class Inner(Settings):
    learning_rate: float = Field(0.1, gt=0, le=1)
    epochs: int = 3


class Outer(Settings):
    student: Inner = Inner()
    tests: tuple[Inner, ...] = ()
    iterations: int = Field(2, ge=1)


def test_settings_on_the_command_line_reach_nested_keys_and_lists():
    values = {"student": {"epochs": 1}, "tests": [{"epochs": 1}, {"epochs": 2}]}
    changed = override(values, ["student.learning_rate=1e-2", "tests.1.epochs=7", "iterations=5"])
    config = checked(Outer, changed, "x.yaml")
    assert config.student == Inner(learning_rate=0.01, epochs=1)
    assert [t.epochs for t in config.tests] == [1, 7]
    assert config.iterations == 5
    assert values == {"student": {"epochs": 1}, "tests": [{"epochs": 1}, {"epochs": 2}]}


class Spoken(Settings):
    language: str
    filter: Literal["all", "off"] = "all"
    cut: bool = False


def test_off_and_no_are_words_and_a_switch_takes_them_too(tmp_path):
    path = tmp_path / "x.yaml"
    path.write_text("language: no\nfilter: off\ncut: yes\n")
    spoken = Spoken(language="no", filter="off", cut=True)
    assert checked(Spoken, read_yaml(path), "x") == spoken
    assert checked(Spoken, override({}, ["language=no", "filter=off", "cut=true"]), "x") == spoken
    assert checked(Spoken, override({"language": "no"}, ["cut=false"]), "x") == Spoken(language="no")


def test_a_key_that_is_not_in_the_file_is_added_with_its_parents():
    assert checked(Outer, override({}, ["student.epochs=9"]), "x").student.epochs == 9


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"student": {"learning_rat": 1}}, ["student.learning_rat", "unknown key", "student.learning_rate"]),
        ({"iteration": 3}, ["iteration", "did you mean iterations"]),
        ({"zzz": 3}, ["zzz", "valid keys are student, tests, iterations"]),
        ({"iterations": 0}, ["iterations", "greater than or equal to 1", "found 0"]),
        ({"student": {"epochs": "many"}}, ["student.epochs", "integer", "'many'"]),
        (
            {"student": "s.txt"},
            ["student: found 's.txt'", "expected keys below it", "did you mean student.learning_rate?"],
        ),
        ({"tests": [{"epochs": 1}, {"epoch": 2}]}, ["tests.1.epoch", "did you mean tests.1.epochs"]),
    ],
)
def test_an_invalid_configuration_names_the_key_and_the_nearest_valid_one(values, words):
    with pytest.raises(InputError) as error:
        checked(Outer, values, "quick.yaml")
    for word in ["quick.yaml", *words]:
        assert word in str(error.value)


def test_every_fault_is_told_at_once():
    with pytest.raises(InputError) as error:
        checked(Outer, {"iterations": 0, "student": {"epochs": "x"}}, "x")
    assert "iterations" in str(error.value) and "student.epochs" in str(error.value)


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("iterations", "expected path.to.key=value"),
        ("=3", "expected path.to.key=value"),
        ("iterations.deeper=3", "has no keys below it"),
        ("tests.5.epochs=3", "no position in a list of 1"),
        ("iterations=[1", "not valid YAML"),
        ("student={epochs: 1, epochs: 2}", "not valid YAML"),
        ("iterations=2026-13-45", "not valid YAML"),
        ("tests.².epochs=3", "no position in a list of 1"),
    ],
)
def test_a_malformed_setting_is_refused(setting, words):
    with pytest.raises(InputError, match=words):
        override({"iterations": 2, "tests": [{}]}, [setting])


def test_a_key_that_stands_twice_is_refused_at_its_line_and_an_anchor_is_no_key(tmp_path):
    path = tmp_path / "twice.yaml"
    path.write_text("student:\n  epochs: 1\n  learning_rate: 0.1\n  epochs: 5\n")
    with pytest.raises(InputError, match=r"twice\.yaml, line 4: the key epochs stands there twice"):
        read_yaml(path)
    path.write_text("a: &a {epochs: 1, rate: 2}\nb: {c: &c {<<: *a, epochs: 3}}\nd: {<<: [*a, *c], rate: 4}\n")
    values = read_yaml(path)
    assert values["b"] == {"c": {"epochs": 3, "rate": 2}} and values["d"] == {"epochs": 1, "rate": 4}


def test_a_missing_file_names_the_nearest_one(tmp_path):
    (tmp_path / "quickstart.yaml").write_text("a: 1")
    with pytest.raises(InputError, match=r"quickstart\.yaml"):
        read_yaml(tmp_path / "quikstart.yaml")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"a: [1", "line"),
        (b"- 1\n", "found list"),
        (b"a: \xff", "UTF-8"),
        (b"", "the file is empty"),
        (b"# a: 1\n", "the file is empty"),
    ],
)
def test_a_file_that_is_no_mapping_says_where(tmp_path, content, words):
    path = tmp_path / "x.yaml"
    path.write_bytes(content)
    with pytest.raises(InputError, match=words):
        read_yaml(path)


def test_what_a_file_should_be_is_told_with_examples(tmp_path):
    (tmp_path / "x.yaml").write_text("")
    for name in ("x.yaml", "there_is_none.yaml"):
        with pytest.raises(InputError, match=rf"^labeller .*{name}: .*; docs/labellers.md"):
            read_yaml(tmp_path / name, "labeller", "docs/labellers.md has some")


@pytest.mark.parametrize("name", ["conll", "iob", "bio"])
def test_a_column_file_by_another_name_is_told_its_own(name):
    with pytest.raises(InputError, match=rf"^x: format: found '{name}'; .* are 'columns' here"):
        checked(CorpusFile, {"path": "a", "format": name}, "x")
    with pytest.raises(InputError, match=rf"^corpus: --format: found '{name}'"):
        checked_file({"path": "a", "format": name}, "corpus", {"format": "--format"})
    with pytest.raises(InputError, match=r"^corpus: --set tag_column: "):
        checked_file({"path": "a", "tag_column": 0}, "corpus", {"format": "--format"})
