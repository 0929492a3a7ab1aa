"""A tagger of another's bottom layers has its states up to there, and its head."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from artifacts.catalog import TAGGER
from artifacts.errors import InputError
from artifacts.reference import Reference
from artifacts.step import run_alone
from artifacts.store import Store
from tasks.tagging.heads import LINEAR
from tasks.tagging.keep_tagger_layers import keep_bottom_layers_of_tagger
from tasks.tagging.tagger import load_tagger, new_tagger, save_tagger

LABELS = ["O", "B-LOC", "I-LOC"]


def test_the_head_stands_on_the_kept_layers(
    make_encoder: Callable[..., Path], put_model: Callable[..., Reference], store: Store, tmp_path: Path
) -> None:
    whole, tokenizer = new_tagger(make_encoder(layers=3, spread=0.5), LABELS, dropout=0.0, seed=4)
    save_tagger(whole, tokenizer, tmp_path / "tagger")
    kept = run_alone(store, keep_bottom_layers_of_tagger, put_model(TAGGER, tmp_path / "tagger", {"labels": LABELS}), 2)
    assert store.metadata(kept) == {"labels": LABELS, "kept_layers": 2}
    model, tokenizer = load_tagger(store.folder(kept), LINEAR)
    assert (model.config.num_hidden_layers, LINEAR.labels(model)) == (2, LABELS)
    batch = tokenizer([["Anna", "lives", "."]], is_split_into_words=True, return_tensors="pt")
    with torch.inference_mode():
        second = whole.eval()(**batch, output_hidden_states=True).hidden_states[2]
        assert torch.equal(model(**batch).logits, whole.classifier(second))
    with pytest.raises(InputError, match="student_layers is 3, but the encoder has 2 layers"):
        run_alone(store, keep_bottom_layers_of_tagger, kept, 3)
