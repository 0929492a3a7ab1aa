"""An encoder of another's shape that has learnt nothing."""

from collections.abc import Callable
from pathlib import Path

import torch
from transformers import AutoModel, AutoTokenizer

from artifacts.catalog import ENCODER
from artifacts.reference import Reference
from artifacts.step import run_alone
from artifacts.store import Store
from tasks.encoding.randomise import copy_shape, randomise_encoder


def weights(folder: Path) -> dict[str, torch.Tensor]:
    return AutoModel.from_pretrained(folder).state_dict()


def test_shape_and_tokenizer_stay_and_all_matrices_are_drawn_anew(
    make_encoder: Callable[..., Path], tmp_path: Path
) -> None:
    source = make_encoder(layers=2)
    copy_shape(source, tmp_path / "new", seed=1)
    old, new = weights(source), weights(tmp_path / "new")
    shared = [name for name in old if name in new]
    assert {name for name in new if not name.startswith("pooler")} == {
        name for name in old if not name.startswith("pooler")
    }
    for name in shared:
        assert old[name].shape == new[name].shape
        if old[name].dim() == 2 and not name.startswith("pooler"):
            assert not torch.equal(old[name], new[name]), name
    tokenizers = [AutoTokenizer.from_pretrained(folder) for folder in (source, tmp_path / "new")]
    assert tokenizers[0].get_vocab() == tokenizers[1].get_vocab()
    ids = [tokenizer(["Anna", "lives", "."], is_split_into_words=True)["input_ids"] for tokenizer in tokenizers]
    assert ids[0] == ids[1]


def test_the_seed_decides_the_weights(make_encoder: Callable[..., Path], tmp_path: Path) -> None:
    source = make_encoder(layers=1)
    state = torch.random.get_rng_state()
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        copy_shape(source, tmp_path / name, seed)
    files = [(tmp_path / name / "model.safetensors").read_bytes() for name in "abc"]
    assert files[0] == files[1] != files[2]
    assert torch.equal(state, torch.random.get_rng_state())  # torch's own generator is left alone


def test_the_step_makes_an_encoder_that_taggers_start_from(
    store: Store, put_model: Callable[..., Reference], make_encoder: Callable[..., Path]
) -> None:
    made = run_alone(store, randomise_encoder, put_model(ENCODER, make_encoder()), 1)
    assert made.kind == "encoder"
    assert (store.folder(made) / "config.json").is_file()
