"""The short form: it says what the file says, changes what it changes, and tells of it."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from artifacts.errors import InputError
from flows.commands.configuration import read_yaml
from flows.commands.form import Form, form_of
from flows.commands.form_changes import changes
from flows.commands.from_form import form_schema
from flows.commands.methods import METHODS, load, load_values
from flows.parts.corpora import ParallelFiles

ROOT = Path(__file__).parents[3]
CONFIGS = sorted((ROOT / "configs").glob("*.yaml"))


def quickstart() -> dict[str, Any]:
    return read_yaml(ROOT / "configs/quickstart.yaml")


def changed(values: dict[str, Any], form: Form) -> Any:
    """The configuration that a form gives."""
    return load_values(values, changes(values, form)[0], "x")[1]


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_an_unchanged_form_is_the_file(path: Path) -> None:
    values = read_yaml(path)
    assert changes(values, form_of(values, "data", "cuda")) == ([], [])


def test_the_form_has_few_fields() -> None:
    schema = Form.model_json_schema()
    fields = [name for part in (schema, *schema["$defs"].values()) for name in part["properties"]]
    assert len(fields) <= 20
    assert fields.index("data_folder") < fields.index("source_corpus") < fields.index("targets") < fields.index("seed")


def test_fields_that_a_method_has_not_are_not_shown() -> None:
    fields = {name: form_schema(name)["definitions"]["Form"]["properties"] for name in METHODS}
    assert [name for name, shown in fields.items() if "iterations" in shown] == ["colada"]
    assert {name: shown["targets"].get("maxItems") for name, shown in fields.items()} == {
        "colada": 1,
        "unitrans": 1,
        "crop": None,
        "conner": 1,
        "glode": 1,
        "panel": 1,
    }


def test_changes_are_settings_as_the_command_line_takes_them() -> None:
    values = quickstart()
    form = form_of(values, ".")
    target = form.targets[0].model_copy(update={"text": ("mine: 1.conll",)})
    more = {"targets": (target,), "seed": 7, "iterations": 2, "types": ("PER",), "settings": ("student.epochs=4",)}
    settings, given_up = changes(values, form.model_copy(update=more))
    assert settings == [
        "labels.types=[PER]",
        "target.text={path: 'mine: 1.conll'}",
        "seed=7",
        "iterations=2",
        "student.epochs=4",
    ]
    assert given_up == ["target.text: the file's format: text belonged to another path"]
    _, config = load(ROOT / "configs/quickstart.yaml", settings)
    assert (config.target.text.path, config.target.text.format) == ("mine: 1.conll", "auto")
    assert config.target.tests == load(ROOT / "configs/quickstart.yaml")[1].target.tests
    assert (config.seed, config.iterations, config.student.epochs, config.labels.types) == (7, 2, 4, ("PER",))


def test_other_settings_have_the_last_word() -> None:
    form = form_of(quickstart(), ".").model_copy(update={"seed": 7, "settings": ("seed=9",)})
    assert changed(quickstart(), form).seed == 9


def test_other_languages_and_encoders_reach_the_configuration() -> None:
    form = form_of(quickstart(), ".")
    target = form.targets[0].model_copy(update={"language": "nl", "gold": (), "tests": ("a.conll", "b.conll")})
    more = {"targets": (target,), "source_dev": (), "encoder": "xlm-roberta-base", "types": ()}
    config = changed(quickstart(), form.model_copy(update=more))
    assert config.target.language == "nl" and config.target.text_gold is None and config.labels.types is None
    assert [(test.name, test.path) for test in config.target.tests] == [("a", "a.conll"), ("b", "b.conll")]
    assert config.source.dev is None and config.encoder.checkpoint == "xlm-roberta-base"


def test_a_test_set_of_the_file_keeps_its_name_beside_a_new_one() -> None:
    values = read_yaml(ROOT / "configs/wikineural-de.yaml")
    form = form_of(values, ".")
    target = form.targets[0].model_copy(update={"tests": (form.targets[0].tests[1], "new/de.conll")})
    config = changed(values, form.model_copy(update={"targets": (target,)}))
    assert [(test.name, test.path) for test in config.target.tests] == [
        ("europarl", "europarl/de-europarl.test.conll02"),
        ("de", "new/de.conll"),
    ]


def test_a_parallel_text_of_the_file_keeps_how_many_pairs_are_drawn_beside_a_new_one() -> None:
    values = quickstart()
    values["parallel"] = [{**values["parallel"][0], "max_pairs": 50, "seed": 3}]
    form = form_of(values, ".")
    assert changed(values, form).parallel[0].max_pairs == 50
    (target,) = form.targets
    more = ParallelFiles(source="more.en", target="more.de")
    both = target.model_copy(update={"parallel": (more, *target.parallel)})
    config = changed(values, form.model_copy(update={"targets": (both,)}))
    assert [(each.max_pairs, each.seed) for each in config.parallel] == [(None, 0), (50, 3)]


def test_crop_takes_several_languages_with_their_parallel_text() -> None:
    values = read_yaml(ROOT / "configs/quickstart-crop.yaml")
    form = form_of(values, ".")
    more = form.targets[0].model_copy(update={"language": "nl", "text": ("nl.txt",), "gold": (), "tests": ()})
    config = changed(values, form.model_copy(update={"targets": (*form.targets, more)}))
    assert config.languages == ("de", "nl")
    assert config.targets[1].parallel == config.targets[0].parallel
    assert config.targets[0] == load(ROOT / "configs/quickstart-crop.yaml")[1].targets[0]


def test_a_language_that_takes_anothers_place_takes_none_of_its_settings() -> None:
    values = read_yaml(ROOT / "configs/wikineural-crop.yaml")
    form = form_of(values, ".")
    taken_as = {target["language"]: target.get("translated_as") for target in values["targets"]}
    assert taken_as["nl"] == "de"
    new = [t.model_copy(update={"language": "sv"}) if t.language == "nl" else t for t in form.targets]
    config = changed(values, form.model_copy(update={"targets": tuple(new)}))
    assert {target.language: target.translated_as for target in config.targets}["sv"] in ("", None)
    old = load(ROOT / "configs/wikineural-crop.yaml")[1]
    assert [t for t in config.targets if t.language != "sv"] == [t for t in old.targets if t.language != "nl"]


def test_a_language_beside_a_new_one_keeps_how_its_text_is_read() -> None:
    values = read_yaml(ROOT / "configs/quickstart-crop.yaml")
    values["targets"][0]["text"] = {"path": "de.txt", "format": "text", "max_sentences": 50}
    values["targets"][0]["text_gold"] = {"path": "de.conll", "tag_column": 3}
    form = form_of(values, ".")
    new = form.targets[0].model_copy(update={"language": "nl", "text": ("nl.txt",), "gold": (), "tests": ()})
    kept = form.targets[0].model_copy(update={"tests": ("more.conll",), "gold": ("other.conll",)})
    both = form.model_copy(update={"targets": (kept, new)})
    config = changed(values, both)
    assert (config.targets[0].text.format, config.targets[0].text.max_sentences) == ("text", 50)
    assert config.targets[1].text.max_sentences is None and config.targets[0].text_gold.tag_column is None
    assert changes(values, both)[1] == ["targets.0.text_gold: the file's tag_column: 3 belonged to another path"]


def test_what_a_method_has_not_is_refused() -> None:
    values = quickstart()
    form = form_of(values, ".")
    two = form.model_copy(update={"targets": (form.targets[0], form.targets[0].model_copy(update={"language": "nl"}))})
    with pytest.raises(InputError, match="colada takes one, found 2"):
        changes(values, two)
    other = yaml.safe_load((ROOT / "configs/quickstart-unitrans.yaml").read_text(encoding="utf-8"))
    with pytest.raises(InputError, match="Iterations: unitrans has none"):
        changes(other, form_of(other, ".").model_copy(update={"iterations": 3}))


def test_settings_of_the_machine_are_in_the_whole_form() -> None:
    form = form_of(quickstart(), ".").model_copy(update={"settings": ("runtime.threads=2",)})
    with pytest.raises(InputError, match=r"Other settings: runtime\.threads=2: .* whose name ends with -expert"):
        changes(quickstart(), form)


def test_other_settings_are_checked_as_those_of_the_command_line() -> None:
    form = form_of(quickstart(), ".").model_copy(update={"settings": ("student.epoch=3",)})
    with pytest.raises(InputError, match=r"student\.epoch: unknown key; did you mean student\.epochs\?"):
        changed(quickstart(), form)
