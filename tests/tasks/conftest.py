"""A tiny encoder with a real tokenizer, made from nothing."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import torch
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import BertConfig, BertForMaskedLM, BertModel, PreTrainedTokenizerFast

from artifacts.catalog import Dataset, ModelKind
from artifacts.digest import text_digest
from artifacts.manifest import Recipe
from artifacts.reference import Reference
from artifacts.store import STORE_FORMAT, Store

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.,"


def tiny_tokenizer() -> PreTrainedTokenizerFast:
    """Word pieces of one letter, and a few whole words: `abc` has three sub-words, `Paris` one."""
    pieces = [*SPECIAL, *LETTERS, *(f"##{letter}" for letter in LETTERS), "Paris", "Berlin", "Anna", "lives", "in"]
    backend = Tokenizer(models.WordPiece({piece: i for i, piece in enumerate(pieces)}, unk_token="[UNK]"))
    backend.normalizer = normalizers.BertNormalizer(lowercase=False)
    backend.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    backend.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", SPECIAL.index("[CLS]")), ("[SEP]", SPECIAL.index("[SEP]"))]
    )
    names = dict(zip(("pad_token", "unk_token", "cls_token", "sep_token", "mask_token"), SPECIAL, strict=True))
    return PreTrainedTokenizerFast(tokenizer_object=backend, **names)


@pytest.fixture(scope="session")
def tokenizer() -> PreTrainedTokenizerFast:
    return tiny_tokenizer()


@pytest.fixture(scope="session")
def make_encoder(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Makes encoder folders: `make_encoder(layers=2, positions=64, spread=0.02, seed=0, masked=False)`."""

    def make(layers: int = 2, positions: int = 64, spread: float = 0.02, seed: int = 0, masked: bool = False) -> Path:
        folder = tmp_path_factory.mktemp("encoder")
        made = tiny_tokenizer()
        config = BertConfig(
            vocab_size=len(made),
            hidden_size=16,
            num_hidden_layers=layers,
            num_attention_heads=2,
            intermediate_size=32,
            max_position_embeddings=positions,
            initializer_range=spread,
        )
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            model = BertForMaskedLM(config) if masked else BertModel(config, add_pooling_layer=False)
            model.save_pretrained(folder)
        made.save_pretrained(folder)
        return folder

    return make


@pytest.fixture(scope="session")
def tiny_encoder(make_encoder: Callable[..., Path]) -> Path:
    """A BERT of 2 layers, 16 wide, 64 positions, with random weights."""
    return make_encoder()


@pytest.fixture(scope="session")
def sharp_encoder(make_encoder: Callable[..., Path]) -> Path:
    """The same with weights of about 0.5, those of new heads, too, so that no label is as probable as another."""
    return make_encoder(spread=0.5, seed=1)


@pytest.fixture(scope="session")
def sharp_masked_encoder(make_encoder: Callable[..., Path]) -> Path:
    """A sharp encoder that has a masked-language head."""
    return make_encoder(spread=0.5, seed=1, masked=True)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


@pytest.fixture
def put_table(store: Store) -> Callable[..., Reference]:
    """Writes a table into `store` as if a step had: `put_table(LABELLED, {"sentence_id": ...}, {"labels": ...})`."""

    def put(kind: Dataset, columns: dict[str, list[Any]], metadata: dict[str, Any] | None = None) -> Reference:
        with store.writing(kind, _key(kind, columns, metadata), _recipe()) as writer:
            writer.write(pa.table(columns, schema=kind.schema), metadata)
        assert writer.reference is not None
        return writer.reference

    return put


@pytest.fixture
def put_model(store: Store) -> Callable[..., Reference]:
    """Copies a folder into `store` as if a step had made it: `put_model(TAGGER, folder, {"labels": ...})`."""

    def put(kind: ModelKind, folder: Path, metadata: dict[str, Any] | None = None) -> Reference:
        with store.writing(kind, _key(kind, folder), _recipe()) as writer:
            shutil.copytree(folder, writer.folder, dirs_exist_ok=True)
            writer.describe(metadata or {})
        assert writer.reference is not None
        return writer.reference

    return put


def _key(kind: Dataset | ModelKind, *content: Any) -> str:
    return text_digest(repr((kind.name, content)))[:16]


def _recipe() -> Recipe:
    return Recipe(step="test", parameters={}, inputs={}, code="", schemas={}, store_format=STORE_FORMAT)
