import io
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from sentencepiece import SentencePieceProcessor, SentencePieceTrainer
from transformers import M2M100Config, M2M100ForConditionalGeneration, M2M100Tokenizer

from artifacts.inputs import InputFile
from artifacts.reference import Reference
from artifacts.step import run_alone
from artifacts.store import Store
from tasks.translation.vector_files import VectorFile, load_vectors


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


@pytest.fixture
def text_file(tmp_path: Path) -> Callable[[str, str], InputFile]:
    def write(name: str, content: str) -> InputFile:
        (tmp_path / name).write_text(content, encoding="utf-8")
        return InputFile(path=str(tmp_path / name))

    return write


@pytest.fixture
def vectors_of(store: Store, text_file: Callable[[str, str], InputFile]) -> Callable[..., Reference]:
    """A VECTORS artifact of given words."""

    def make(language: str, words: list[str], vectors: np.ndarray) -> Reference:
        lines = [f"{len(words)} {vectors.shape[1]}"]
        lines += [f"{word} {' '.join(map(str, row))}" for word, row in zip(words, vectors.tolist(), strict=True)]
        file = text_file(f"{language}.vec", "\n".join(lines) + "\n")
        return run_alone(store, load_vectors, file, language, VectorFile())

    return make


def tiny_subword_model(markers: int) -> bytes:
    """Pieces of few letters, and so many markers as symbols of their own."""
    random = np.random.default_rng(0)
    letters = list("aaabcdeeefghiijklmnoopqrstuvwxyzABDLMP.,?")
    lines = [" ".join("".join(random.choice(letters, 5)) for _ in range(8)) for _ in range(200)]
    model = io.BytesIO()
    SentencePieceTrainer.train(
        sentence_iterator=iter([*lines, *["Anna lives in Paris and Berlin ."] * 20]),
        model_writer=model,
        vocab_size=200,
        model_type="bpe",
        user_defined_symbols=[f"__SLOT{i}__" for i in range(markers)],
        num_threads=1,
        minloglevel=2,
    )
    return model.getvalue()


@pytest.fixture(scope="session")
def tiny_translator(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An M2M100 of 2 + 2 layers, 16 wide, with random weights: it writes nonsense up to the longest length."""
    return make_tiny_translator(tmp_path_factory.mktemp("translator"), markers=10)


@pytest.fixture(scope="session")
def plain_translator(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same, but with a tokenizer that spells markers in pieces."""
    return make_tiny_translator(tmp_path_factory.mktemp("plain-translator"), markers=0)


def make_tiny_translator(folder: Path, markers: int) -> Path:
    """Writes a translator into a folder."""
    (folder / "sentencepiece.bpe.model").write_bytes(tiny_subword_model(markers))
    pieces = SentencePieceProcessor(model_file=str(folder / "sentencepiece.bpe.model"))
    # M2M100's own order of the special tokens; sentencepiece's has <unk> first.
    names = ["<s>", "<pad>", "</s>", "<unk>", *(pieces.id_to_piece(i) for i in range(3, len(pieces)))]
    (folder / "vocab.json").write_text(json.dumps({name: i for i, name in enumerate(names)}), encoding="utf-8")
    tokenizer = M2M100Tokenizer(str(folder / "vocab.json"), str(folder / "sentencepiece.bpe.model"))
    config = M2M100Config(
        vocab_size=len(names) + 100 + 8,
        d_model=16,
        encoder_layers=2,
        decoder_layers=2,
        encoder_attention_heads=2,
        decoder_attention_heads=2,
        encoder_ffn_dim=32,
        decoder_ffn_dim=32,
        max_position_embeddings=128,
        init_std=0.2,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = M2M100ForConditionalGeneration(config)
        # Or every piece would repeat itself, input and output sharing their embeddings.
        model.model.decoder.layer_norm.weight.data.normal_()
    for layer in model.model.decoder.layers:
        layer.encoder_attn.v_proj.weight.data.mul_(20)
    model.model.shared.weight.data[len(names) :] *= 0.3  # languages are rarely written
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder
