"""The encoder that comes with Crosstag is the one that was frozen, says how it was made, and loads like any other."""

import hashlib
import json
from pathlib import Path

import pytest
import torch
from transformers import AutoModel, AutoTokenizer, BertForMaskedLM

from tasks.corpus.paths import bundled_folder, resolve
from tasks.encoding.bundled import PAIRS, PRETRAINING, TEXTS, bundled_text, checksums, make_bundled
from tasks.encoding.load import check_encoder_folder, copy_encoder
from tasks.encoding.pretrain import Pretraining

FOLDER = bundled_folder("bundled:encoder")
MEGABYTE = 1_000_000
SHA256SUMS = "f64a48d4e95ead009d5f1441fee350e7958c6243c60bd8c2f742ca2fb4f9634e"


def record() -> dict:
    return json.loads((FOLDER / "made.json").read_text(encoding="utf-8"))


def test_its_files_are_frozen() -> None:
    assert hashlib.sha256((FOLDER / "SHA256SUMS").read_bytes()).hexdigest() == SHA256SUMS
    assert (FOLDER / "SHA256SUMS").read_text(encoding="utf-8") == checksums(FOLDER)


def test_it_is_small() -> None:
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) < 15 * MEGABYTE


def test_it_was_made_with_the_settings_that_make_it_again() -> None:
    assert Pretraining.model_validate(record()["pretraining"]) == PRETRAINING


def test_it_was_made_from_the_corpora_that_come_along() -> None:
    names = [*TEXTS, *PAIRS]
    assert record()["corpora"] == {
        name: hashlib.sha256(resolve(f"bundled:{name}").read_bytes()).hexdigest() for name in names
    }


def test_it_saw_no_sentence_of_the_test_file() -> None:
    lines, pairs = bundled_text()
    seen = {"".join(text.split()) for text in [*lines, *(side for pair in pairs for side in pair)]}
    blocks = resolve("bundled:de.test.conll").read_text(encoding="utf-8").split("\n\n")
    held_out = {"".join(line.split("\t")[0] for line in block.splitlines()) for block in blocks}
    assert len(held_out) == 500 and not held_out & seen


def test_it_loads_as_any_encoder_in_float32(tmp_path: Path) -> None:
    check_encoder_folder(FOLDER)
    copy_encoder(FOLDER, tmp_path)
    model = AutoModel.from_pretrained(tmp_path)
    assert {weight.dtype for weight in model.state_dict().values()} == {torch.float32}
    assert model.config.max_position_embeddings == PRETRAINING.max_length_subwords
    assert model.config.vocab_size == len(AutoTokenizer.from_pretrained(tmp_path))


def test_its_masked_language_head_came_along() -> None:
    """It fills one gap in each sentence that it has not seen; a random head would be right once in 6,000 times."""
    tokenizer, model = AutoTokenizer.from_pretrained(FOLDER), BertForMaskedLM.from_pretrained(FOLDER).float().eval()
    blocks = resolve("bundled:de.test.conll").read_text(encoding="utf-8").split("\n\n")[:100]
    sentences = [[line.split("\t")[0] for line in block.splitlines()] for block in blocks]
    batch = tokenizer(sentences, is_split_into_words=True, return_tensors="pt", padding=True)
    rows, places = torch.arange(len(sentences)), batch["attention_mask"].sum(dim=1) // 2
    hidden = batch["input_ids"][rows, places].clone()
    batch["input_ids"][rows, places] = tokenizer.mask_token_id
    with torch.inference_mode():
        filled = model(**batch).logits[rows, places].argmax(dim=1)
    assert (filled == hidden).float().mean() > 0.25


def test_making_one_leaves_a_folder_that_says_how(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "tasks.encoding.bundled.bundled_text", lambda: (["Anna lives in Berlin ."] * 4, [("a b", "c d")])
    )
    tiny = Pretraining(
        epochs=2, vocabulary_size=64, layers=1, hidden_size=16, heads=2, intermediate_size=32, max_length_subwords=16
    )
    made = make_bundled(tmp_path, tiny)
    assert Pretraining.model_validate(made["pretraining"]) == tiny
    assert json.loads((tmp_path / "made.json").read_text(encoding="utf-8")) == made
    assert BertForMaskedLM.from_pretrained(tmp_path).config.num_hidden_layers == 1
