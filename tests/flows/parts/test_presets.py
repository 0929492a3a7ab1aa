from typing import Any

import pytest

from flows.colada import Colada
from flows.conner import Conner
from flows.crop import Crop
from flows.glode import Glode
from flows.parts.presets import filled_in
from flows.unitrans import Unitrans

SOURCE: dict[str, Any] = {"train": {"path": "a"}}
TARGET: dict[str, Any] = {"text": {"path": "b"}}


def test_a_preset_fills_in_what_is_not_said() -> None:
    given = {"a": {"said": 1}, "source": {"train": {"path": "x"}}}
    preset = {"a.said": 2, "a.not_said": 3, "b.c": 4, "d": 5, "source.train.only": 6, "source.dev.only": 7}
    preset |= {"translation.imported.only": 8}
    wanted = {"a": {"said": 1, "not_said": 3}, "source": {"train": {"path": "x", "only": 6}}, "b": {"c": 4}, "d": 5}
    assert filled_in(given, preset) == wanted
    assert given == {"a": {"said": 1}, "source": {"train": {"path": "x"}}}


def test_what_an_anchor_shares_is_filled_in_one_by_one() -> None:
    shared = {"epochs": 2}
    filled = filled_in({"collaborator": shared, "student": shared}, {"student.targets": "viterbi"})
    assert filled == {"collaborator": {"epochs": 2}, "student": {"epochs": 2, "targets": "viterbi"}}


@pytest.mark.parametrize("method", [Colada, Unitrans, Crop, Conner])
def test_a_preset_is_known_to_its_method_and_departs_from_the_paper_in_every_setting(method: Any) -> None:
    gold = {**TARGET, "text_gold": {"path": "c"}, "dev": {"path": "d"}}
    corpora: dict[str, Any] = {"source": SOURCE, **({"targets": [gold]} if method is Crop else {"target": gold})}
    if method is Colada:
        corpora["translation"] = {"imported": {"path": "e"}}
    paper = method.model_validate(corpora)
    upstream = method.model_validate({**corpora, "preset": "upstream"})

    def at(config: Any, path: str) -> Any:
        for name in path.split("."):
            config = getattr(config, name)
        return config

    for path, value in method.upstream.items():
        assert at(upstream, path) == value != at(paper, path), path
    changed = [name for name in type(paper).model_fields if getattr(paper, name) != getattr(upstream, name)]
    assert set(changed) == {path.split(".")[0] for path in method.upstream} | {"preset"}


def test_the_configurations_own_settings_count() -> None:
    own = {"student": {"targets": "soft"}, "checkpoint": "last", "seed": 5}
    config = Colada.model_validate({"source": SOURCE, "target": TARGET, "preset": "upstream", **own})
    assert (config.student.targets, config.student.loss_mean, config.seed) == ("soft", "word", 5)
    assert config.target.text_gold is None


@pytest.mark.parametrize(
    ("method", "name", "own", "expected"),
    [
        (Glode, "student", {"warmup_fraction": 0.06}, (0.06, None)),
        (Glode, "student", {"warmup_fraction": None}, (None, 50)),
        (Glode, "student", {}, (None, 50)),
        (Conner, "student", {"warmup_updates": 7}, (None, 7)),
        (Conner, "source_training", {}, (0.0, None)),
    ],
)
def test_a_warmup_of_ones_own_is_not_beside_that_of_the_preset(
    method: Any, name: str, own: dict[str, Any], expected: tuple[float | None, int | None]
) -> None:
    config = method.model_validate({"source": SOURCE, "target": TARGET, "preset": "upstream", name: own})
    training = getattr(config, name)
    assert (training.warmup_fraction, training.warmup_updates) == expected


def test_updates_of_so_many_sentences_are_not_of_the_presets_passes_too() -> None:
    for own, passes in ((16, 1), (None, 8)):
        translator = {"training": {"sentences_per_batch": own}}
        corpora = {"source": SOURCE, "targets": [TARGET], "translator": translator, "checkpoint": "last"}
        config = Crop.model_validate({**corpora, "preset": "upstream"})
        training = config.translator.training
        assert (training.sentences_per_batch, training.passes_per_update) == (own, passes)


@pytest.mark.parametrize("given", [{}, {"translation": {"method": "words", "imported": None}}])
def test_a_preset_names_no_translation_that_the_configuration_has_not(given: dict[str, Any]) -> None:
    corpora = {"source": SOURCE, "target": TARGET, "preset": "upstream", "checkpoint": "last"}
    assert Colada.model_validate({**corpora, **given}).translation.imported is None


def test_the_published_checkpoint_needs_a_dev_set_of_the_target() -> None:
    with pytest.raises(ValueError, match=r"checkpoint is target_dev and target\.dev is empty"):
        Colada.model_validate({"source": SOURCE, "target": TARGET, "preset": "upstream"})
