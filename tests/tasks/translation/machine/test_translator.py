"""Taking over a translator."""

import json
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from artifacts.errors import InputError
from artifacts.inputs import InputFolder
from artifacts.step import run_alone
from artifacts.store import Store
from tasks.translation.machine.languages import known_language, m2m100_languages
from tasks.translation.machine.translator import check_translator_folder, import_translator, load_translator


@pytest.fixture
def folder(tiny_translator: Path, tmp_path: Path) -> Path:
    return shutil.copytree(tiny_translator, tmp_path / "mine")


def test_a_translator_is_copied_in_float32_whatever_it_was_saved_in(store: Store, folder: Path) -> None:
    model, _ = load_translator(folder)
    model.half().save_pretrained(folder)
    kept = store.folder(run_alone(store, import_translator, (InputFolder(path=str(folder)),), (), None))
    check_translator_folder(kept)
    assert {weights.dtype for weights in load_file(kept / "model.safetensors").values()} == {torch.float32}
    copy, tokenizer = load_translator(kept)
    assert torch.equal(copy.model.shared.weight, model.model.shared.weight.float())
    assert tokenizer.get_lang_id("de") == tokenizer.encoder_size + m2m100_languages().index("de")


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        ("config.json", "no config.json; found .*; expected config.json, model.safetensors"),
        ("model.safetensors", "no weights; found config.json"),
        ("vocab.json", "no vocab.json; found"),
        ("sentencepiece.bpe.model", "no sentencepiece.bpe.model; found"),
    ],
)
def test_a_missing_file_is_named(folder: Path, damage: str, message: str) -> None:
    (folder / damage).unlink()
    with pytest.raises(InputError, match=message):
        check_translator_folder(folder)


def test_another_family_and_a_torn_config_are_refused(folder: Path, tiny_encoder: Path) -> None:
    with pytest.raises(InputError, match="model_type is 'bert', expected one of m2m_100, marian, t5"):
        check_translator_folder(tiny_encoder)
    (folder / "config.json").write_text('{"model_type"')
    with pytest.raises(InputError, match="not JSON"):
        check_translator_folder(folder)
    with pytest.raises(InputError, match="no such folder"):
        check_translator_folder(folder / "nothing")


def test_torn_weights_and_weights_of_another_vocabulary_are_refused(folder: Path) -> None:
    whole = (folder / "model.safetensors").read_bytes()
    (folder / "model.safetensors").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match="transformers cannot load it"):
        load_translator(folder)
    (folder / "model.safetensors").write_bytes(whole)
    vocabulary = json.loads((folder / "vocab.json").read_text())
    vocabulary |= {f"more{i}": len(vocabulary) + i for i in range(50)}
    (folder / "vocab.json").write_text(json.dumps(vocabulary))
    with pytest.raises(InputError, match=r"weights for \d+ sub-words, expected at least \d+"):
        load_translator(folder)


@pytest.mark.parametrize(
    ("code", "known"),
    [("de", "de"), ("DE", "de"), ("zh-cn", "zh"), ("zh_CN", "zh"), ("nb", "no"), ("nn-NO", "no"), ("pt-BR", "pt")],
)
def test_common_spellings_of_a_language_are_understood(code: str, known: str) -> None:
    assert known_language(code) == known


def test_an_unknown_language_is_answered_with_near_codes() -> None:
    with pytest.raises(InputError, match=r"language 'deu': .* near codes are .*de"):
        known_language("deu")
    with pytest.raises(InputError, match="near codes are none; it knows 1, such as de"):
        known_language("q", ("de",))
