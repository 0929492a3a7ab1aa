import numpy as np
import pytest
import torch
from transformers import AutoModel

from tasks.distillation.second_views import noise_on_second_half, with_replaced_words
from tasks.distillation.sentence_stream import Drawn, SentenceStream
from tasks.tagging.windows import make_windows

WORDS = [["Anna", "abc", "Paris"], ["lives", "in", "ab", "Berlin"]]
ROWS = np.array([0, 1])


def test_all_words_are_replaced_piece_by_piece(tokenizer):
    windows = make_windows(tokenizer, WORDS, 16, 4)
    ids = torch.from_numpy(windows.inputs(ROWS)[0])
    replaced = with_replaced_words(windows, ROWS, ids, 1.0, torch.Generator().manual_seed(0))
    special = torch.isin(ids, torch.tensor(tokenizer.all_special_ids))
    assert torch.equal(replaced[special], ids[special])
    drawn = replaced[~special]
    assert set(drawn.tolist()) <= set(windows.subwords.tolist()) and len(set(drawn.tolist())) > 3
    assert (drawn != ids[~special]).float().mean() > 0.5


def test_a_share_of_the_words_is_replaced_whole(tokenizer):
    # 400 words of three sub-words: all three are drawn anew, or none. A drawn piece may be the one that was there.
    windows = make_windows(tokenizer, [["abc"] * 8, ["xyz"] * 8] * 25, 32, 8)
    rows = np.arange(50)
    ids = torch.from_numpy(windows.inputs(rows)[0])
    replaced = with_replaced_words(windows, rows, ids, 0.25, torch.Generator().manual_seed(0))
    words, at, positions = windows.scored_words(rows)
    places = positions[:, None] + np.arange(3)
    changed = (replaced != ids)[at[:, None], places].any(dim=1)
    # Of 2 x 3 pieces one is drawn: a word comes out as it was with 1 / 216.
    assert len(words) == 400 and 0.17 < changed.float().mean() < 0.33
    assert torch.equal(with_replaced_words(windows, rows, ids, 0.0, torch.Generator()), ids)


def test_the_same_generator_replaces_the_same_words(tokenizer):
    windows = make_windows(tokenizer, WORDS, 16, 4)
    ids = torch.from_numpy(windows.inputs(ROWS)[0])
    one, again, other = (
        with_replaced_words(windows, ROWS, ids, 0.5, torch.Generator().manual_seed(seed)) for seed in (3, 3, 4)
    )
    assert torch.equal(one, again) and not torch.equal(one, other)


def test_noise_is_on_the_second_half_alone_and_goes(tiny_encoder):
    model = AutoModel.from_pretrained(tiny_encoder).eval()
    ids = torch.tensor([[2, 7, 8, 3]] * 6)
    with torch.no_grad():
        plain = model(ids).last_hidden_state
        with noise_on_second_half(model, 0.5):
            noisy = model(ids).last_hidden_state
        with noise_on_second_half(model, 0.0):
            still = model(ids).last_hidden_state
        assert torch.equal(model(ids).last_hidden_state, plain) and torch.equal(still, plain)
    assert torch.equal(noisy[:3], plain[:3])
    assert not torch.allclose(noisy[3], plain[3], atol=0.01) and not torch.allclose(noisy[3], noisy[4], atol=0.01)


def test_noise_has_its_deviation_and_none_draws_nothing(tiny_encoder):
    model = AutoModel.from_pretrained(tiny_encoder).eval()
    embeddings, ids = model.get_input_embeddings(), torch.full((64, 32), 7)
    with torch.no_grad(), torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        with noise_on_second_half(model, 0.5):
            noise = embeddings(ids)[32:] - embeddings.weight[7]
        before = torch.random.get_rng_state()
        with noise_on_second_half(model, 0.0):
            embeddings(ids)
        assert torch.equal(torch.random.get_rng_state(), before)
    assert noise.std().item() == pytest.approx(0.5, rel=0.05) and abs(noise.mean().item()) < 0.02


def test_every_pass_has_every_sentence_once_with_all_its_windows():
    lengths, sentences = np.array([5, 9, 3, 4, 7, 6, 2]), np.array([0, 0, 1, 2, 3, 3, 4])
    stream = SentenceStream(lengths, sentences, per_batch=2, seed=0)
    assert stream.per_pass == 3
    passes = [[stream.batch(3 * p + place).tolist() for place in range(3)] for p in range(4)]
    for batches in passes:
        assert sorted(row for rows in batches for row in rows) == list(range(7))
        for rows in batches:
            assert rows == sorted(rows) and len({sentences[row] for row in rows}) <= 2
            assert all(row in rows for row in range(7) if sentences[row] in {sentences[r] for r in rows})
    assert len({str(batches) for batches in passes}) > 1
    assert stream.batch(1).tolist() == passes[0][1]  # Whatever was asked before.


def test_a_corpus_that_is_smaller_than_a_batch_comes_whole():
    stream = SentenceStream(np.array([4, 2]), np.array([0, 1]), per_batch=16, seed=1)
    assert stream.per_pass == 1 and [stream.batch(n).tolist() for n in range(3)] == [[0, 1]] * 3


def test_the_number_of_drawn_batches_is_kept():
    drawn = Drawn()
    drawn.batches = 5
    again = Drawn()
    again.load_state_dict(drawn.state_dict())
    assert again.batches == 5


@pytest.mark.parametrize("seed", [0, 1])
def test_seeds_give_other_orders(seed):
    lengths = np.full(40, 5)
    mine, other = (SentenceStream(lengths, np.arange(40), 8, s) for s in (seed, seed + 1))
    assert mine.batch(0).tolist() != other.batch(0).tolist()
