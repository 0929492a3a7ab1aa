"""The tiny CoLaDa configuration with the method exchanged, for each of the other methods; and a stand-in translator.

A translator that is trained in a second knows nothing, and nothing of CROP would match. So where translations are
searched, `Echo` takes its place.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

Values = dict[str, Any]


class Echo:
    """An engine whose output is its input."""

    def translate(self, texts: Sequence[str]) -> Iterator[tuple[np.ndarray, list[str]]]:
        yield np.arange(len(texts)), list(texts)


TRANSLATOR = {
    "epochs": 1,
    "vocabulary_size": 400,
    "encoder_layers": 1,
    "decoder_layers": 1,
    "hidden_size": 16,
    "heads": 2,
    "intermediate_size": 32,
}


def echo(*args: object, **kwargs: object) -> Echo:
    return Echo()


@contextmanager
def echoing() -> Iterator[None]:
    """Inside, translators say what they hear."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tasks.translation.machine.translating.make_engine", echo)
        yield


def without(tiny: Values, *keys: str) -> Values:
    return {key: value for key, value in tiny.items() if key not in keys}


def unitrans(tiny: Values, data: Path, folder: Path) -> Values:
    return {**without(tiny, "collaborator", "reliability", "iterations"), "method": "unitrans"}


def panel(tiny: Values, data: Path, folder: Path) -> Values:
    return {**without(tiny, "collaborator", "reliability", "iterations"), "method": "panel"}


def glode(tiny: Values, data: Path, folder: Path) -> Values:
    suited = {"sentences_per_batch": 16, "precision": "bf16_or_float32", "learning_rate": 5e-3}
    training = {**tiny["source_training"], **suited}
    return {
        **without(tiny, "collaborator", "reliability", "iterations", "translation"),
        "method": "glode",
        "source_training": {**training, "epochs": 3},
        "student": {**training, "epochs": 2},
        "denoising": {"neighbours": 20, "outside_share": 0.1, "dimensions": 16},
    }


def conner(tiny: Values, data: Path, folder: Path) -> Values:
    """The first word of each raw sentence is a span, and its own translation."""
    training = {**tiny["source_training"], "sentences_per_batch": 16}
    lines = (data / "de.txt").read_text(encoding="utf-8").split("\n")
    blocks = ["".join(f"{w}\t{int(i == 0)}\tO\n" for i, w in enumerate(line.split())) for line in lines if line.strip()]
    for name in ("unlabel.txt", "trans.txt"):
        (data / name).write_text("\n".join(blocks), encoding="utf-8")
    return {
        **without(tiny, "collaborator", "reliability", "iterations", "translation"),
        "method": "conner",
        "source_training": training,
        "student": training,
        "pairs": {"imported": {"original": "unlabel.txt", "translated": "trans.txt"}},
    }


def crop(tiny: Values, data: Path, folder: Path) -> Values:
    """Two target languages, one of which is German under another name."""
    learnt = {**tiny["source_training"], "epochs": 12, "learning_rate": 1e-2}
    de = {**tiny["target"], "parallel": tiny["parallel"]}
    nl = {**de, "language": "nl", "text": de["text_gold"], "tests": [{"name": "test", **de["text_gold"]}]}
    return {
        "method": "crop",
        **{name: tiny[name] for name in ("source", "labels", "encoder", "windows")},
        "targets": [{**de, "translation_tests": tiny["parallel"]}, nl],
        "translator": {"training": TRANSLATOR},
        "forward": {"language_filter": "off"},
        "reading": {"language_filter": "off"},
        "source_training": learnt,
        "multilingual_training": learnt,
        "final_training": learnt,
    }


METHODS: dict[str, Callable[[Values, Path, Path], Values]] = {
    "unitrans": unitrans,
    "panel": panel,
    "glode": glode,
    "conner": conner,
    "crop": crop,
}
