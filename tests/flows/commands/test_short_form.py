"""The short form: it says what the file says, changes what it changes, and tells of it."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from artifacts.errors import InputError
from flows.commands.configuration import read_yaml
from flows.commands.form import Form, filled_in, form_of
from flows.commands.methods import load, load_values

ROOT = Path(__file__).parents[3]
CONFIGS = sorted((ROOT / "configs").glob("*.yaml"))


def quickstart() -> dict[str, Any]:
    return read_yaml(ROOT / "configs/quickstart.yaml")


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_an_unchanged_form_is_the_file(path: Path) -> None:
    values = read_yaml(path)
    form = form_of(values, "data")
    changed, told = filled_in(values, form)
    assert told == []
    assert load_values(changed, (), str(path))[1] == load(path)[1]


def test_the_form_has_few_fields() -> None:
    schema = Form.model_json_schema()
    fields = [name for part in (schema, *schema["$defs"].values()) for name in part["properties"]]
    assert len(fields) <= 20
    assert fields.index("data_folder") < fields.index("source_corpus") < fields.index("targets") < fields.index("seed")


def test_a_changed_path_is_read_anew_and_told() -> None:
    values = quickstart()
    form = form_of(values, ".")
    target = form.targets[0].model_copy(update={"text": ("mine.conll",)})
    changed, told = filled_in(values, form.model_copy(update={"targets": (target,), "seed": 7, "iterations": 2}))
    assert changed["target"]["text"] == {"path": "mine.conll"}, "format: text belonged to the file that was there"
    assert changed["target"]["tests"] == values["target"]["tests"]
    assert (changed["seed"], changed["iterations"]) == (7, 2)
    assert told == ["target.text: mine.conll (format found from the file)", "seed: 7", "iterations: 2"]
    assert quickstart() == values, "the file's values are left alone"


def test_other_languages_and_encoders_reach_the_configuration() -> None:
    values = quickstart()
    form = form_of(values, ".")
    target = form.targets[0].model_copy(update={"language": "nl", "gold": (), "tests": ("a.conll", "b.conll")})
    form = form.model_copy(update={"targets": (target,), "source_dev": (), "encoder": "xlm-roberta-base"})
    _, config = load_values(filled_in(values, form)[0], (), "x")
    assert config.target.language == "nl" and config.target.text_gold is None
    assert [(test.name, test.path) for test in config.target.tests] == [("a", "a.conll"), ("b", "b.conll")]
    assert config.source.dev is None and config.encoder.checkpoint == "xlm-roberta-base"


def test_crop_takes_several_languages_with_their_parallel_text() -> None:
    values = read_yaml(ROOT / "configs/quickstart-crop.yaml")
    form = form_of(values, ".")
    more = form.targets[0].model_copy(update={"language": "nl", "text": ("nl.txt",), "gold": (), "tests": ()})
    changed, told = filled_in(values, form.model_copy(update={"targets": (*form.targets, more)}))
    _, config = load_values(changed, (), "x")
    assert config.languages == ("de", "nl")
    assert config.targets[1].parallel == config.targets[0].parallel
    assert config.targets[0] == load(ROOT / "configs/quickstart-crop.yaml")[1].targets[0]
    assert "targets.1.language: nl" in told


def test_what_a_method_has_not_is_refused() -> None:
    values = quickstart()
    form = form_of(values, ".")
    two = form.model_copy(update={"targets": (form.targets[0], form.targets[0].model_copy(update={"language": "nl"}))})
    with pytest.raises(InputError, match="colada takes one, found 2"):
        filled_in(values, two)
    other = yaml.safe_load((ROOT / "configs/quickstart-unitrans.yaml").read_text(encoding="utf-8"))
    with pytest.raises(InputError, match="Iterations: unitrans has none"):
        filled_in(other, form_of(other, ".").model_copy(update={"iterations": 3}))


def test_other_settings_are_checked_as_those_of_the_command_line() -> None:
    with pytest.raises(InputError, match=r"student\.epoch: unknown key; did you mean student\.epochs\?"):
        load_values(quickstart(), ("student.epoch=3",), "configs/quickstart.yaml")
