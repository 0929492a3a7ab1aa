"""Small checkpoints of every family, as their own classes save them, with sentencepiece models trained here."""

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from sentencepiece import SentencePieceProcessor, SentencePieceTrainer
from tokenizers import Tokenizer
from tokenizers.models import BPE
from tokenizers.pre_tokenizers import Metaspace
from tokenizers.trainers import BpeTrainer
from transformers import (
    M2M100Config,
    M2M100ForConditionalGeneration,
    MarianConfig,
    MarianMTModel,
    MarianTokenizer,
    NllbTokenizer,
    T5Config,
    T5ForConditionalGeneration,
)

SHAPE = {
    "d_model": 16,
    "encoder_layers": 2,
    "decoder_layers": 2,
    "encoder_attention_heads": 2,
    "decoder_attention_heads": 2,
    "encoder_ffn_dim": 32,
    "decoder_ffn_dim": 32,
    "max_position_embeddings": 128,
    "init_std": 0.2,
}
RANDOM = np.random.default_rng(0)
LETTERS = list("aaabcdeeefghiijklmnoopqrstuvwxyzABDLMP.,?")
LINES = [" ".join("".join(RANDOM.choice(LETTERS, 5)) for _ in range(8)) for _ in range(200)]
LINES += ["Anna lives in Paris and Berlin .", "__SLOT0__ Anna __SLOT0__ and __SLOT1__ Paris __SLOT1__"] * 20


def pieces_of(**options: Any) -> bytes:
    """A sentencepiece model of few letters."""
    model = io.BytesIO()
    SentencePieceTrainer.train(
        sentence_iterator=iter(LINES),
        model_writer=model,
        vocab_size=200,
        num_threads=1,
        minloglevel=2,
        **{"model_type": "bpe", **options},
    )
    return model.getvalue()


def save(model: torch.nn.Module, folder: Path) -> Path:
    """Saves a model whose outputs depend on what it reads, and which does not repeat one piece for ever."""
    made: Any = model
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        decoder = made.get_decoder()
        norm = getattr(decoder, "layer_norm", None) or getattr(decoder, "final_layer_norm", None)
        if norm is not None:
            norm.weight.data.normal_()
        for layer in getattr(decoder, "layers", ()):
            layer.encoder_attn.v_proj.weight.data.mul_(20)
    made.save_pretrained(folder)
    return folder


def seeded(make: Callable[[], torch.nn.Module]) -> torch.nn.Module:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return make()


@pytest.fixture(scope="session")
def tiny_nllb(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("nllb")
    trained = Tokenizer(BPE(unk_token="<unk>"))
    trained.pre_tokenizer = Metaspace(prepend_scheme="always")
    special = ["<s>", "<pad>", "</s>", "<unk>"]
    trained.train_from_iterator(LINES, BpeTrainer(vocab_size=200, special_tokens=special, show_progress=False))
    learnt = json.loads(trained.to_str())["model"]
    pieces, merges = learnt["vocab"], [tuple(pair) for pair in learnt["merges"]]
    tokenizer = NllbTokenizer(vocab=pieces, merges=merges)
    tokenizer.save_pretrained(folder)
    size = len(tokenizer) + 2  # Rows without a piece, as the published one has.
    model: Any = seeded(lambda: M2M100ForConditionalGeneration(M2M100Config(vocab_size=size, **SHAPE)))
    model.model.shared.weight.data[len(pieces) :] *= 0.3  # Languages are rarely written.
    return save(model, folder)


def make_marian(folder: Path, source: str, target: str, *codes: str) -> Path:
    """An OPUS-MT model of a direction; with codes one that writes several languages."""
    folder.mkdir(parents=True, exist_ok=True)
    for side in ("source", "target"):
        (folder / f"{side}.spm").write_bytes(pieces_of(model_type="unigram"))
    pieces = SentencePieceProcessor(model_file=str(folder / "source.spm"))
    names = ["</s>", "<unk>", *codes, *(pieces.id_to_piece(i) for i in range(3, len(pieces))), "<pad>"]
    (folder / "vocab.json").write_text(json.dumps({name: row for row, name in enumerate(names)}), encoding="utf-8")
    files = (str(folder / name) for name in ("source.spm", "target.spm", "vocab.json"))
    MarianTokenizer(*files, source_lang=source, target_lang=target).save_pretrained(folder)
    last = len(names) - 1
    config = MarianConfig(
        vocab_size=len(names), decoder_vocab_size=len(names), pad_token_id=last, decoder_start_token_id=last,
        eos_token_id=0, forced_eos_token_id=None, activation_function="swish", scale_embedding=True, **SHAPE,
    )  # fmt: skip
    return save(seeded(lambda: MarianMTModel(config)), folder)


@pytest.fixture(scope="session")
def tiny_marian(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_marian(tmp_path_factory.mktemp("marian") / "opus-mt-en-de", "en", "de")


@pytest.fixture(scope="session")
def tiny_madlad(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("madlad")
    codes = [f"<2{code}>" for code in ("en", "de", "iw", "zh")]
    (folder / "spiece.model").write_bytes(pieces_of(model_type="unigram", user_defined_symbols=codes))
    config = T5Config(
        vocab_size=208, d_model=16, d_kv=8, d_ff=32, num_layers=2, num_decoder_layers=2, num_heads=2,
        feed_forward_proj="gated-gelu", tie_word_embeddings=False, pad_token_id=1, eos_token_id=2,
        decoder_start_token_id=0, initializer_factor=2.0,
    )  # fmt: skip
    model: Any = seeded(lambda: T5ForConditionalGeneration(config))
    # As in the published one, what is written has an embedding of its own.
    model.lm_head.weight = torch.nn.Parameter(model.shared.weight.detach().flip(0) * 0.5)
    return save(model, folder)


@pytest.fixture(scope="session")
def tiny_small100(tiny_translator: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """SMaLL-100 is an M2M100 with another tokenizer, whose code lies beside the weights."""
    folder = tmp_path_factory.mktemp("models") / "small100"
    folder.mkdir()
    for file in tiny_translator.iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    about = json.loads((folder / "tokenizer_config.json").read_text())
    (folder / "tokenizer_config.json").write_text(json.dumps({**about, "tokenizer_class": "SMALL100Tokenizer"}))
    (folder / "tokenization_small100.py").write_text("raise SystemExit('nobody runs this')\n")
    return folder
