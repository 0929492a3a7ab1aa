"""Encoders keep their masked-language head; one that has none gets one from its embeddings; taggers do not notice."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from torch.nn.functional import gelu, layer_norm
from transformers import AutoModel, AutoModelForMaskedLM, BertConfig, BertForMaskedLM, XLNetConfig, XLNetModel

from artifacts.catalog import ENCODER
from artifacts.inputs import InputFolder
from artifacts.reference import Reference
from artifacts.step import run_alone
from artifacts.store import Store
from tasks.encoding.load import copy_encoder, import_encoder
from tasks.encoding.randomise import randomise_encoder
from tasks.tagging.crf_head import CRF
from tasks.tagging.heads import LINEAR, Head
from tasks.tagging.known_heads import head_of
from tasks.tagging.span_head import SPANS
from tasks.tagging.tagger import load_tagger, new_tagger, save_tagger
from tests.tasks.conftest import tiny_tokenizer

IDS = torch.tensor([[2, 10, 11, 4, 3]])
WIDTH = 16


def masked_encoder(folder: Path, **settings: object) -> BertForMaskedLM:
    """A BERT with a masked-language head, all weights random; saved with its tokenizer."""
    tokenizer = tiny_tokenizer()
    shape = {"hidden_size": WIDTH, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32}
    config = BertConfig(vocab_size=len(tokenizer), max_position_embeddings=64, **shape, **settings)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(5)
        model = BertForMaskedLM(config).eval()
        for weight in model.parameters():
            torch.nn.init.normal_(weight, std=0.3)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return model


def scores(model: torch.nn.Module) -> torch.Tensor:
    with torch.inference_mode():
        return model.eval()(input_ids=IDS).logits[0]


def test_the_head_of_a_checkpoint_is_kept(tmp_path: Path) -> None:
    model = masked_encoder(tmp_path / "given")
    assert copy_encoder(tmp_path / "given", tmp_path / "kept") == "pretrained"
    assert torch.equal(scores(AutoModelForMaskedLM.from_pretrained(tmp_path / "kept")), scores(model))


@pytest.mark.parametrize("tied", [True, False])
def test_a_head_that_is_missing_is_made_from_the_embeddings(tmp_path: Path, tied: bool) -> None:
    model = masked_encoder(tmp_path / "given", tie_word_embeddings=tied)
    model.bert.save_pretrained(tmp_path / "headless")
    tiny_tokenizer().save_pretrained(tmp_path / "headless")
    assert not any(name.startswith("cls.") for name in load_file(tmp_path / "headless" / "model.safetensors"))
    assert copy_encoder(tmp_path / "headless", tmp_path / "made") == "made"
    made = AutoModelForMaskedLM.from_pretrained(tmp_path / "made")
    # The identity, BERT's GELU, a norm without scale and shift, then the product with each piece's embedding.
    with torch.inference_mode():
        hidden = model.bert(input_ids=IDS).last_hidden_state[0]
        expected = layer_norm(gelu(hidden), (WIDTH,), eps=1e-12) @ model.bert.embeddings.word_embeddings.weight.T
    torch.testing.assert_close(scores(made), expected)
    assert made.get_output_embeddings().weight is made.get_input_embeddings().weight
    copy_encoder(tmp_path / "headless", tmp_path / "again")
    files = [(tmp_path / name / "model.safetensors").read_bytes() for name in ("made", "again")]
    assert files[0] == files[1]


def test_an_architecture_without_such_a_head_is_an_encoder_all_the_same(tmp_path: Path) -> None:
    tokenizer = tiny_tokenizer()
    model = XLNetModel(XLNetConfig(vocab_size=len(tokenizer), d_model=WIDTH, n_layer=1, n_head=2, d_inner=32)).eval()
    model.save_pretrained(tmp_path / "given")
    tokenizer.save_pretrained(tmp_path / "given")
    assert copy_encoder(tmp_path / "given", tmp_path / "kept") == "none"
    loaded = AutoModel.from_pretrained(tmp_path / "kept").eval()
    with torch.inference_mode():
        assert torch.equal(loaded(input_ids=IDS).last_hidden_state, model(input_ids=IDS).last_hidden_state)


def test_a_tagger_is_the_same_with_and_without_the_head(tmp_path: Path) -> None:
    model = masked_encoder(tmp_path / "given")
    model.bert.save_pretrained(tmp_path / "headless")
    tiny_tokenizer().save_pretrained(tmp_path / "headless")
    states = [new_tagger(tmp_path / name, ["O", "B-LOC"], 0.1, 7)[0].state_dict() for name in ("given", "headless")]
    assert list(states[0]) == list(states[1])
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])


def test_an_encoder_says_where_its_head_comes_from(
    store: Store, make_encoder: Callable[..., Path], put_model: Callable[..., Reference], tmp_path: Path
) -> None:
    masked_encoder(tmp_path / "given")
    kept = run_alone(store, import_encoder, InputFolder(path=str(tmp_path / "given")))
    made = run_alone(store, import_encoder, InputFolder(path=str(make_encoder())))
    random = run_alone(store, randomise_encoder, put_model(ENCODER, make_encoder()), 1)
    said = [store.metadata(encoder)["masked_language_head"] for encoder in (kept, made, random)]
    assert said == ["pretrained", "made", "none"]


@pytest.mark.parametrize("head", [CRF, SPANS])
def test_a_students_encoder_brings_no_head_along(tmp_path: Path, head: Head) -> None:
    masked_encoder(tmp_path / "given")
    labels = ["O", "B-LOC", "I-LOC"]
    save_tagger(*new_tagger(tmp_path / "given", labels, 0.1, 0, head), tmp_path / "student")
    copy_encoder(tmp_path / "student", tmp_path / "encoder")
    assert "crosstag" not in (tmp_path / "encoder" / "config.json").read_text(encoding="utf-8")
    save_tagger(*new_tagger(tmp_path / "encoder", labels, 0.1, 0), tmp_path / "tagger")
    assert head_of(tmp_path / "tagger") is LINEAR
    assert LINEAR.labels(load_tagger(tmp_path / "tagger", LINEAR)[0]) == labels
