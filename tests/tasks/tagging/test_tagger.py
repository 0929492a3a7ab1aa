import json

import pytest
import torch
from transformers import (
    AlbertConfig,
    AutoModel,
    AutoModelForMaskedLM,
    DebertaV2Config,
    DistilBertConfig,
    ModernBertConfig,
)

from artifacts.errors import InputError
from tasks.encoding.masked_text import MaskedLanguageHead
from tasks.tagging.crf_head import CRF
from tasks.tagging.heads import LINEAR
from tasks.tagging.span_head import SPANS
from tasks.tagging.tagger import (
    check_window_fits,
    load_tagger,
    new_tagger,
    save_tagger,
    usable_positions,
)

LABELS = ["O", "B-LOC", "I-LOC"]
SIZES = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32}
CONFIGS = {
    "distilbert": DistilBertConfig(dim=16, n_layers=2, n_heads=2, hidden_dim=32, max_position_embeddings=64),
    "albert": AlbertConfig(embedding_size=8, max_position_embeddings=64, **SIZES),
    "deberta-v2": DebertaV2Config(max_position_embeddings=64, **SIZES),
    "modernbert": ModernBertConfig(max_position_embeddings=64, **SIZES),
}


@pytest.fixture(params=CONFIGS)
def other_encoder(request, tokenizer, tmp_path):
    """An encoder whose configuration has other names for its dropouts than BERT's."""
    config = CONFIGS[request.param]
    config.vocab_size, config.pad_token_id = len(tokenizer), tokenizer.pad_token_id
    with torch.random.fork_rng(devices=[]):
        AutoModel.from_config(config).save_pretrained(tmp_path / "encoder")
    tokenizer.save_pretrained(tmp_path / "encoder")
    return tmp_path / "encoder"


def test_the_head_depends_on_the_seed_alone_and_the_generator_is_left_alone(tiny_encoder):
    before = torch.random.get_rng_state()
    one, again, other = (new_tagger(tiny_encoder, LABELS, 0.1, seed)[0].classifier.weight for seed in (1, 1, 2))
    assert torch.equal(one, again)
    assert not torch.equal(one, other)
    assert torch.equal(before, torch.random.get_rng_state())


def test_a_saved_tagger_comes_back_with_its_labels_and_names_no_path(tiny_encoder, tmp_path):
    model, tokenizer = new_tagger(tiny_encoder, LABELS, 0.1, seed=0)
    save_tagger(model, tokenizer, tmp_path)
    assert {"config.json", "model.safetensors", "tokenizer.json"} <= {path.name for path in tmp_path.iterdir()}
    for path in tmp_path.glob("*.json"):
        assert str(tiny_encoder) not in path.read_text(encoding="utf-8")
    loaded, _ = load_tagger(tmp_path, LINEAR)
    assert LINEAR.labels(loaded) == LABELS
    for name, weight in model.state_dict().items():
        assert torch.equal(weight, loaded.state_dict()[name])


def test_the_dropout_reaches_every_layer(tiny_encoder, tmp_path):
    model, tokenizer = new_tagger(tiny_encoder, LABELS, 0.25, seed=0)
    assert {module.p for module in model.modules() if isinstance(module, torch.nn.Dropout)} == {0.25}
    save_tagger(model, tokenizer, tmp_path)
    again, _ = load_tagger(tmp_path, LINEAR, dropout=0.0)
    assert {module.p for module in again.modules() if isinstance(module, torch.nn.Dropout)} == {0.0}


@pytest.mark.parametrize("head", [LINEAR, CRF, SPANS], ids=lambda head: head.name)
def test_encoders_of_other_kinds_take_every_head_and_the_dropout(other_encoder, head, tmp_path):
    model, tokenizer = new_tagger(other_encoder, LABELS, 0.25, seed=0, head=head)
    rates = {module.p for module in model.modules() if isinstance(module, torch.nn.Dropout)}
    assert rates == {0.25}
    save_tagger(model, tokenizer, tmp_path / "tagger")
    again, _ = load_tagger(tmp_path / "tagger", head, dropout=0.0)
    assert {module.p for module in again.modules() if isinstance(module, torch.nn.Dropout)} == {0.0}
    ids = torch.tensor([[2, 40, 41, 3]])
    places = {"word_rows": torch.tensor([0, 0]), "word_positions": torch.tensor([1, 2])}
    batch = {"input_ids": ids, "attention_mask": torch.ones_like(ids), **places}
    with torch.no_grad():
        torch.testing.assert_close(head.outputs(model, batch), head.outputs(again, batch))


def test_distilberts_masked_language_head_lies_over_given_states(tokenizer, tmp_path):
    config = CONFIGS["distilbert"]
    config.vocab_size, config.pad_token_id = len(tokenizer), tokenizer.pad_token_id
    whole = AutoModelForMaskedLM.from_config(config).eval()
    whole.save_pretrained(tmp_path)
    ids = torch.tensor([[2, 40, 41, 3]])
    with torch.no_grad():
        states = whole.base_model(ids).last_hidden_state[0]
        torch.testing.assert_close(MaskedLanguageHead(tmp_path, whole.base_model)(states), whole(ids).logits[0])


def test_a_window_longer_than_the_encoder_is_refused(tiny_encoder):
    model, _ = new_tagger(tiny_encoder, LABELS, 0.1, seed=0)
    check_window_fits(model, 64)
    with pytest.raises(InputError, match="max_length_subwords is 65, but the encoder has 64 positions"):
        check_window_fits(model, 65)


def test_roberta_uses_its_first_positions_otherwise():
    class Config:
        model_type, max_position_embeddings, pad_token_id = "xlm-roberta", 514, 1

    assert usable_positions(Config()) == 512


def test_a_folder_without_weights_is_a_clear_error(tiny_encoder, tmp_path):
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "bert"}), encoding="utf-8")
    with pytest.raises(InputError, match=r"expected config\.json, model\.safetensors"):
        load_tagger(tmp_path, LINEAR)


def test_xlnet_has_positions_without_end():
    from transformers import XLNetConfig

    assert usable_positions(XLNetConfig()) is None
