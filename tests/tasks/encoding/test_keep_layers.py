"""An encoder of another's bottom layers is the same up to there."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from transformers import AutoModel, AutoModelForMaskedLM, AutoTokenizer

from artifacts.catalog import ENCODER
from artifacts.errors import InputError
from artifacts.reference import Reference
from artifacts.step import run_alone
from artifacts.store import Store
from tasks.encoding.keep_layers import copy_bottom, keep_bottom_layers


def test_states_of_the_kept_layers_are_those_of_the_whole(make_encoder: Callable[..., Path], tmp_path: Path) -> None:
    source, target = make_encoder(layers=3, masked=True), tmp_path / "bottom"
    assert copy_bottom(source, target, 2) == "pretrained"
    tokenizer = AutoTokenizer.from_pretrained(target)
    batch = tokenizer([["Anna", "lives", "."]], is_split_into_words=True, return_tensors="pt")
    with torch.inference_mode():
        whole = AutoModel.from_pretrained(source).eval()(**batch, output_hidden_states=True).hidden_states
        kept = AutoModel.from_pretrained(target).eval()(**batch, output_hidden_states=True).hidden_states
    assert len(whole) == 4 and len(kept) == 3
    for one, other in zip(whole, kept, strict=False):
        assert torch.equal(one, other)
    heads = [AutoModelForMaskedLM.from_pretrained(folder).cls.state_dict() for folder in (source, target)]
    assert all(torch.equal(heads[0][name], heads[1][name]) for name in heads[0])


def test_the_step_keeps_an_encoder(
    make_encoder: Callable[..., Path], put_model: Callable[..., Reference], store: Store
) -> None:
    encoder = put_model(ENCODER, make_encoder(layers=3))
    kept = run_alone(store, keep_bottom_layers, encoder, 1)
    assert store.metadata(kept) == {"masked_language_head": "made", "kept_layers": 1}
    assert AutoModel.from_pretrained(store.folder(kept)).config.num_hidden_layers == 1
    with pytest.raises(InputError, match="student_layers is 4, but the encoder has 3 layers"):
        run_alone(store, keep_bottom_layers, encoder, 4)
