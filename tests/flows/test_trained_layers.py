"""What an encoder lacks is told before the run: layers to train, layers to compare words by, a head for hidden text."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from tiny_methods import METHODS
from transformers import XLNetConfig, XLNetModel

from artifacts.errors import InputError
from artifacts.runtime import Runtime
from flows import colada, conner, crop, glode, panel, unitrans
from flows.parts.encoder import EncoderChoice
from flows.parts.encoder_checks import EncoderShape, check_trainings, encoder_shape
from tasks.corpus.paths import bundled_folder

FILES: dict[str, Any] = {
    "colada": colada.Colada,
    "unitrans": unitrans.Unitrans,
    "conner": conner.Conner,
    "crop": crop.Crop,
    "glode": glode.Glode,
    "panel": panel.Panel,
}
MODULES: dict[str, Any] = {
    "colada": colada, "unitrans": unitrans, "conner": conner, "crop": crop, "glode": glode, "panel": panel
}  # fmt: skip
BUNDLED = {"language": "de", "text": {"path": "bundled:de.raw.txt", "format": "text"}}
Checked = Callable[..., None]


@pytest.fixture
def runtime_(data: Path, tmp_path: Path) -> Runtime:
    return Runtime(store=str(tmp_path / "store"), data=str(data), device="cpu")


@pytest.fixture
def checked(data: Path, tmp_path: Path, runtime_: Runtime) -> Checked:
    """Checks the tiny configuration of a method, whose encoder has so many layers, with other settings."""

    def check(method: str, layers: int, **changes: Any) -> None:
        values: dict[str, Any] = yaml.safe_load((data / "tiny.yaml").read_text(encoding="utf-8"))
        values = METHODS[method](values, data, tmp_path) if method in METHODS else values
        values["encoder"]["pretraining"]["layers"] = layers
        del values["method"]
        for key, change in changes.items():
            whole = {**values.get(key, {}), **change} if isinstance(change, dict) else change
            values[key] = whole
        MODULES[method].check(FILES[method].model_validate(values), runtime_)

    return check


@pytest.mark.parametrize("method", ["colada", "unitrans", "crop", "panel"])
def test_the_papers_frozen_layers_are_refused_for_the_bundled_encoder(method: str, runtime_: Runtime) -> None:
    target = {"targets": [BUNDLED]} if method == "crop" else {"target": BUNDLED}
    source = {"language": "en", "train": {"path": "bundled:en.train.conll"}}
    config = FILES[method].model_validate({"source": source, **target})
    with pytest.raises(
        InputError, match=r"source_training.frozen_layers: 3 layers .* the encoder has 3, .* expected fewer"
    ):
        MODULES[method].check(config, runtime_)


@pytest.mark.parametrize(
    ("method", "training"),
    [
        *(("colada", name) for name in ("source_training", "collaborator", "student")),
        *(("crop", name) for name in ("source_training", "multilingual_training", "final_training")),
        *((method, name) for method in ("unitrans", "conner", "glode") for name in ("source_training", "student")),
    ],
)
def test_each_training_trains_a_layer_at_least(checked: Checked, method: str, training: str) -> None:
    with pytest.raises(InputError, match=f"{training}.frozen_layers: 2 layers .* the encoder has 2"):
        checked(method, 2, **{training: {"frozen_layers": 2}})
    checked(method, 3, **{training: {"frozen_layers": 2}})


def test_a_panels_trainings_are_those_of_its_teachers(checked: Checked) -> None:
    linear, crf = {"learns": "source"}, {"learns": "source", "head": "crf"}
    spans = {"learns": "translation", "head": "spans"}
    for teacher, training in ((linear, "source_training"), (crf, "crf_training"), (spans, "span_training")):
        frozen = {training: {"frozen_layers": 2}}
        with pytest.raises(InputError, match=f"{training}.frozen_layers: 2 layers .* the encoder has 2"):
            checked("panel", 2, teachers=[teacher], **frozen)
        checked("panel", 2, teachers=[crf if teacher is linear else linear], **frozen)


def test_a_panels_student_trains_one_of_the_layers_that_it_has(checked: Checked) -> None:
    frozen = {"student": {"frozen_layers": 3}}
    checked("panel", 4, **frozen)
    with pytest.raises(InputError, match=r"student.frozen_layers: 3 layers .* the encoder has 2"):
        checked("panel", 4, student_layers=2, **frozen)
    own = {"checkpoint": "pretrain", "pretraining": {"layers": 3}}
    with pytest.raises(InputError, match=r"student.frozen_layers: 3 layers .* the encoder has 3"):
        checked("panel", 4, student_encoder=own, **frozen)
    checked("panel", 1, student_encoder={**own, "pretraining": {"layers": 4}}, **frozen)


def test_words_are_compared_by_a_layer_that_there_is(checked: Checked) -> None:
    for layers in (3, -4):
        wanted = {"reliability": {"layers": layers, "neighbours": 10}}
        for method in ("colada", "panel"):
            with pytest.raises(InputError, match=rf"reliability.layers: layer {layers} .* the encoder has 2"):
                checked(method, 2, **wanted)
        checked("colada", 2, ablation="no_collaboration", **wanted)
    checked("colada", 2, reliability={"layers": -3})
    compared = {"analysis": {"compare": [{"neighbours": 5}, {"neighbours": 5, "layers": 3}]}}
    with pytest.raises(InputError, match=r"analysis.compare.1.layers: layer 3 .* the encoder has 2"):
        checked("colada", 2, **compared)


def test_hidden_text_is_learnt_with_a_head_that_there_is(checked: Checked, tmp_path: Path, runtime_: Runtime) -> None:
    XLNetModel(XLNetConfig(vocab_size=40, d_model=8, n_layer=2, n_head=2, d_inner=16)).save_pretrained(tmp_path / "e")
    (tmp_path / "e" / "tokenizer.json").write_text("{}", encoding="utf-8")
    shape = encoder_shape(EncoderChoice(checkpoint=str(tmp_path / "e")), runtime_)
    assert shape == EncoderShape(None, 2, False)
    encoder = {"checkpoint": str(tmp_path / "e")}
    with pytest.raises(InputError, match=r"source_training.mlm_weight: .* without a masked-language head"):
        checked("glode", 1, encoder=encoder)
    checked("glode", 1, encoder=encoder, ablation="language_agnostic")
    with pytest.raises(InputError, match=r"student.mlm_weight: .* without a masked-language head"):
        checked("panel", 1, encoder=encoder, student={"mlm_weight": 0.1})
    checked("panel", 1, encoder=encoder)


def test_the_bundled_encoder_and_one_of_unknown_depth(runtime_: Runtime) -> None:
    assert encoder_shape(EncoderChoice(checkpoint=str(bundled_folder("bundled:encoder"))), runtime_) == EncoderShape(
        128, 3, True
    )
    unknown = EncoderShape(None, None, True)
    check_trainings({"source_training": colada.Colada.model_fields["source_training"].default}, unknown)
    assert unknown.cut(0) == unknown and unknown.cut(2).layers == 2
    assert EncoderShape(None, 3, True).cut(5).layers == 3
