import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest
import sentencepiece
from transformers import M2M100Tokenizer

from artifacts.errors import InputError
from tasks.translation.machine.subword_model import model_vocabulary_size, save_tokenizer, train_subwords

LINES = [
    "Ada lives in Zürich near the river Aare.",
    "Ada wohnt in Zürich an der Aare.",
    "Müller went to Москва in 1996, and Bob to Straße 12.",
] * 20


@pytest.fixture(scope="module")
def model() -> bytes:
    return train_subwords(LINES, 400)


@pytest.fixture(scope="module")
def tokenizer(model: bytes, tmp_path_factory: pytest.TempPathFactory) -> M2M100Tokenizer:
    folder = tmp_path_factory.mktemp("tokenizer")
    save_tokenizer(model, folder, 128)
    return M2M100Tokenizer.from_pretrained(folder)


def test_another_process_trains_the_same_bytes(model: bytes) -> None:
    code = (
        "import hashlib; from tasks.translation.machine.subword_model import train_subwords; "
        f"print(hashlib.sha256(train_subwords({LINES!r}, 400)).hexdigest())"
    )
    environment = {**os.environ, "PYTHONHASHSEED": "7", "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", code]
    printed = subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout
    assert printed.strip() == hashlib.sha256(model).hexdigest()


def test_a_marker_is_one_piece_and_comes_back_between_spaces(tokenizer: M2M100Tokenizer) -> None:
    text = "__SLOT0__ Ada __SLOT0__ lives in __SLOT9__ Zürich __SLOT9__ ."
    pieces = tokenizer.tokenize(text)
    assert [piece for piece in pieces if "SLOT" in piece] == ["▁__SLOT0__"] * 2 + ["▁__SLOT9__"] * 2
    assert tokenizer.convert_tokens_to_string(pieces) == text


@pytest.mark.parametrize("text", ["Ünü Ж", "中文 and 🙂", "½ ² ﬁ … \u00a0x", "1996"])
def test_no_character_is_lost(tokenizer: M2M100Tokenizer, text: str) -> None:
    ids = tokenizer.convert_tokens_to_ids(tokenizer.tokenize(text))
    assert tokenizer.unk_token_id not in ids
    assert tokenizer.convert_tokens_to_string(tokenizer.convert_ids_to_tokens(ids)) == text


def test_digits_stand_alone(tokenizer: M2M100Tokenizer) -> None:
    assert tokenizer.tokenize("1996") == ["▁", "1", "9", "9", "6"]


def test_ids_are_those_of_m2m100(model: bytes, tokenizer: M2M100Tokenizer) -> None:
    assert [tokenizer.bos_token_id, tokenizer.pad_token_id, tokenizer.eos_token_id, tokenizer.unk_token_id] == [
        0,
        1,
        2,
        3,
    ]
    pieces = sentencepiece.SentencePieceProcessor(model_proto=model).get_piece_size()
    assert tokenizer.get_lang_id("af") == pieces  # The first of 100 languages follows the pieces, zu is the last.
    assert tokenizer.get_lang_id("zu") == pieces + 99 < model_vocabulary_size(pieces) == pieces + 108


def test_the_tokenizers_files_name_no_folder(model: bytes, tmp_path: Path) -> None:
    save_tokenizer(model, tmp_path, 64)
    assert str(tmp_path) not in (tmp_path / "tokenizer_config.json").read_text(encoding="utf-8")
    assert M2M100Tokenizer.from_pretrained(tmp_path).model_max_length == 64


def test_a_vocabulary_too_small_and_an_empty_text_are_told() -> None:
    with pytest.raises(InputError, match="vocabulary_size is 200"):
        train_subwords(LINES, 200)
    with pytest.raises(InputError, match="empty"):
        train_subwords(["", " "], 400)
