"""A student's card names the encoder that it was fine-tuned from."""

from pathlib import Path

import pytest
import yaml

from artifacts.settings import Settings
from flows.commands.methods import load
from flows.parts.cards import student_card
from flows.parts.corpora import SourceCorpus, TargetCorpus
from flows.parts.encoder import EncoderChoice
from tasks.distillation.export_student import StudentCard
from tasks.tagging.decoding import Decoding
from tasks.tagging.windows import WindowConfig


@pytest.mark.parametrize(
    ("checkpoint", "said"),
    [
        ("bundled:encoder", "encoder: bundled:encoder"),
        ("/home/me/encoders/mini", "encoder: mini"),
        ("xlm-roberta-base", "encoder: xlm-roberta-base"),
        ("pretrain", "encoder: pretrained on these texts"),
    ],
)
def test_a_card_names_the_encoder_without_its_place(checkpoint: str, said: str) -> None:
    source = SourceCorpus.model_validate({"train": {"path": "data/en.conll"}})
    target = TargetCorpus.model_validate({"text": {"path": "data/de.txt"}})
    card = student_card("CoLaDa", Settings(), source, (target,), (), EncoderChoice(checkpoint=checkpoint))
    assert card.data == ("labels: en.conll", "unlabelled text: de.txt", said)


def test_a_card_has_the_windows_and_the_decoding_of_its_run() -> None:
    class Configuration(Settings):
        windows: WindowConfig = WindowConfig(max_length_subwords=256, overlap_subwords=8)
        decoding: Decoding = Decoding(method="argmax")

    source = SourceCorpus.model_validate({"train": {"path": "data/en.conll"}})
    target = TargetCorpus.model_validate({"text": {"path": "data/de.txt"}})
    card = student_card("CoLaDa", Configuration(), source, (target,), (), EncoderChoice(checkpoint="xlm-roberta-base"))
    assert card.windows == WindowConfig(max_length_subwords=256, overlap_subwords=8)
    assert card.decoding == Decoding(method="argmax")


def card_of(name: str, *settings: str) -> StudentCard:
    _, config = load(Path("configs") / name, list(settings))
    return student_card("X", config, config.source, (config.target,), config.parallel, config.encoder)


def external(command: str, more: str = "") -> str:
    said = f"command: {command}, version: v/1, languages: [en, de]{more}"
    return f"translation.marked.translator.external={{{said}}}"


def test_a_card_tells_of_a_translator_its_version_and_of_paths_their_names() -> None:
    asked = "'python tr.py http://10.0.0.5:8000/v1 --key SECRET'"
    card = card_of("quickstart-marked.yaml", external(asked), "encoder.checkpoint=/home/ada/models/xlmr/")
    shown = yaml.safe_load(card.config_text)
    assert shown["translation"]["marked"]["translator"]["external"] == {"version": "v/1", "languages": ["en", "de"]}
    assert shown["encoder"] == {"checkpoint": "xlmr"}
    assert shown["iterations"] == 3
    assert "SECRET" not in str(card) and "/home" not in str(card)
    same = external("./other", more=", tries: 9, per_minute: 7")
    assert card_of("quickstart-marked.yaml", same, "encoder.checkpoint=../xlmr") == card
    assert card_of("quickstart-marked.yaml", same, "encoder.checkpoint=../xlmr2") != card
    assert card_of("quickstart-marked.yaml", same.replace("v/1", "v/2"), "encoder.checkpoint=../xlmr") != card


def test_a_card_tells_of_labellers_their_versions_and_types() -> None:
    asked = "{command: ask --key SECRET, version: llm, types: {PER: persons, LOC: places, ORG: firms, MISC: others}}"
    shown = yaml.safe_load(card_of("quickstart-panel.yaml", f"labellers=[{asked}]").config_text)
    types = {"PER": "persons", "LOC": "places", "ORG": "firms", "MISC": "others"}
    assert shown["labellers"] == [{"types": dict(sorted(types.items())), "version": "llm"}]


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("translation={method: import, imported: {path: conll/en2es/train.txt}}", "train.txt"),
        ("translation={method: import, imported: {path: 'hf:/home/ada/es:train'}}", "es:train"),
        ("translation={method: import, imported: {path: 'hf:ada/es:train'}}", "hf:ada/es:train"),
        ("translation={method: import, imported: {path: [/a/b.conll, ~/c.conll]}}", ["b.conll", "c.conll"]),
    ],
)
def test_a_card_tells_the_names_of_imported_files(given: str, told: object) -> None:
    shown = yaml.safe_load(card_of("quickstart.yaml", given).config_text)
    assert shown["translation"] == {"method": "import", "imported": {"path": told}}


def test_a_card_names_checkpoints_on_the_hub_and_files_of_vectors() -> None:
    vectors = "translation.vectors={source_file: /home/ada/en.vec, target_file: ~/de.vec}"
    shown = yaml.safe_load(card_of("quickstart.yaml", vectors, "encoder.checkpoint=org/model").config_text)
    assert shown["encoder"] == {"checkpoint": "org/model"}
    assert shown["translation"]["vectors"] == {"source_file": "en.vec", "target_file": "de.vec"}
