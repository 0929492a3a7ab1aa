import subprocess
import sys

import numpy as np
import pytest
import torch
from transformers import AutoModel, AutoTokenizer

from artifacts.errors import InputError
from tasks.encoding.load import check_encoder_folder, copy_encoder
from tasks.encoding.masking import Examples, assemble, choose_masked, hide
from tasks.encoding.pretrain import Pretraining, make_examples, pretrain, save_encoder
from tasks.encoding.vocabulary import train_wordpiece

LINES = ["Anna lives in Berlin .", "Ford builds cars in Detroit .", "The cars are built by Ford ."] * 4
PAIRS = [("Anna lives in Berlin .", "Anna wohnt in Berlin ."), ("Ford builds cars .", "Ford baut Autos .")] * 4
SMALL = Pretraining(
    epochs=8, vocabulary_size=120, layers=1, hidden_size=16, heads=2, intermediate_size=32,
    max_length_subwords=32, subwords_per_batch=128, learning_rate=1e-2,
)  # fmt: skip


def pretrained(folder):
    tokenizer = train_wordpiece(LINES, SMALL.vocabulary_size)
    model, history = pretrain(tokenizer, make_examples(tokenizer, LINES, PAIRS, SMALL), SMALL, device="cpu")
    save_encoder(model, tokenizer, SMALL, folder)
    return history


def test_pretraining_learns_repeats_its_bytes_and_loads(tmp_path):
    history = pretrained(tmp_path / "a")
    pretrained(tmp_path / "b")
    assert history.losses[-1] < history.losses[0]
    names = sorted(path.name for path in (tmp_path / "a").iterdir())
    for name in names:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes(), name
    check_encoder_folder(tmp_path / "a")
    tokenizer = AutoTokenizer.from_pretrained(tmp_path / "a")
    assert tokenizer.is_fast
    words = tokenizer(["Anna", "Berlin"], is_split_into_words=True, return_tensors="pt")
    assert AutoModel.from_pretrained(tmp_path / "a")(**words).last_hidden_state.shape[-1] == 16


def test_the_tokenizer_is_the_same_in_another_process():
    code = f"from tasks.encoding.vocabulary import train_wordpiece; print(train_wordpiece({LINES!r}, 120).to_str())"
    runs = [subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True) for _ in "ab"]
    assert {run.stdout for run in runs} == {train_wordpiece(LINES, 120).to_str() + "\n"}


def test_pieces_cover_every_character_and_keep_case():
    tokenizer = train_wordpiece(LINES, 120)
    assert "[UNK]" not in tokenizer.encode("Bord Adnn").tokens
    assert tokenizer.encode("ford").ids != tokenizer.encode("Ford").ids


def test_positions_start_again_at_the_translation():
    examples = Examples([np.array([7, 8]), np.array([9])], [np.array([10]), np.array([], dtype=int)])
    batch = assemble(examples, np.array([0, 1]), np.array([False, True]))
    assert batch["input_ids"].tolist() == [[2, 7, 8, 3, 10, 3], [2, 9, 3, 0, 0, 0]]
    assert batch["position_ids"].tolist() == [[0, 1, 2, 3, 1, 2], [0, 1, 2, 0, 0, 0]]
    assert batch["attention_mask"].tolist() == [[1] * 6, [1, 1, 1, 0, 0, 0]]
    assert examples.lengths().tolist() == [6, 3]


def test_masks_take_their_share_and_never_a_special_piece():
    ids = torch.randint(5, 50, (200, 50), generator=torch.Generator().manual_seed(1))
    ids[:, 0], ids[:, -1] = 2, 3
    noise = torch.Generator().manual_seed(0)
    masked = choose_masked(ids, torch.full((200,), 0.15), None, noise)
    assert not masked[ids < 5].any() and masked.any(dim=1).all()
    assert masked.float().sum() / (200 * 48) == pytest.approx(0.15, abs=0.015)
    hidden = hide(ids, masked, 50, noise)
    assert torch.equal(hidden[~masked], ids[~masked])
    assert (hidden[masked] == 4).float().mean() == pytest.approx(0.8, abs=0.05)


def test_whole_words_are_masked_together():
    continues = torch.zeros(50, dtype=torch.bool)
    continues[25:] = True
    ids = torch.tensor([[2, 10, 30, 31, 11, 32, 3]]).repeat(40, 1)
    masked = choose_masked(ids, torch.full((40,), 0.5), continues, torch.Generator().manual_seed(0))
    assert (masked[:, 1:4].sum(1) % 3 == 0).all() and (masked[:, 4:6].sum(1) % 2 == 0).all()
    assert masked.any() and not masked[:, [0, 6]].any()


def test_a_folder_that_is_no_checkpoint_is_refused_with_what_was_found(tmp_path):
    whole = tmp_path / "whole"
    pretrained(whole)
    copy_encoder(whole, tmp_path / "copy")
    check_encoder_folder(tmp_path / "copy")
    weights = (whole / "model.safetensors").read_bytes()
    (whole / "model.safetensors").write_bytes(weights[:-10])
    with pytest.raises(InputError, match="fetch it again"):
        check_encoder_folder(whole)
    (whole / "model.safetensors").rename(whole / "pytorch_model.bin")
    with pytest.raises(InputError, match="only pickled"):
        check_encoder_folder(whole)
    (whole / "model.safetensors").write_bytes(weights)
    (whole / "tokenizer.json").unlink()
    with pytest.raises(InputError, match="no tokenizer"):
        check_encoder_folder(whole)
    (whole / "config.json").unlink()
    with pytest.raises(InputError, match=r"no config.json; found .*model.safetensors"):
        check_encoder_folder(whole)


@pytest.mark.parametrize("several", [{"passes_per_update": 2}, {"sentences_per_batch": 8}])
def test_an_update_is_one_pass(several: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="an update of a pretraining is one pass"):
        Pretraining(**several)
