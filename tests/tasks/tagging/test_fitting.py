import numpy as np
import pytest
import torch
from torch.nn.functional import cross_entropy

from tasks.tagging.fitting import TaggerTrainingConfig, sentence_shares, word_objective, word_shares
from tasks.tagging.heads import LINEAR
from tasks.tagging.tagger import new_tagger
from tasks.tagging.windows import collate_words, make_windows
from tasks.training.loop import train


def fit(model, objective, config):
    rows = {"sentences": objective.sentences, "of_update": objective.of_update}
    given = (objective.lengths, objective.collate, objective.loss, config)
    return train(model, *given, device="cpu", checkpoints=None, **rows)


def test_words_of_a_sentence_share_its_weight():
    # Sentences of 2 and 4 words, one sentence per update: 1/2 and 1/4 each; two per update: half of it.
    assert sentence_shares(np.array([2, 4]), 1.0).tolist() == pytest.approx([1 / 2] * 2 + [1 / 4] * 4)
    assert sentence_shares(np.array([2, 4]), 2.0).tolist() == pytest.approx([1 / 4] * 2 + [1 / 8] * 4)
    assert sentence_shares(np.array([2, 4]), 2.0).dtype == np.float32  # As the losses: others would be widened by it.


def test_equation_8_of_unitrans_by_hand():
    # Losses 1, 3 and 2, 2, 5: the mean of the sentences' means is (2 + 3) / 2.
    losses = np.array([1, 3, 2, 2, 5])
    assert (losses * sentence_shares(np.array([2, 3]), 2.0)).sum() == pytest.approx(2.5)


def test_a_word_of_a_short_sentence_weighs_what_any_other_does(tokenizer):
    # Three sentences of one word make an update of 3, three of nine one of 27: 15 on average. By its own update's
    # words, or by sentences, a word of the short ones would weigh nine times as much.
    windows = make_windows(tokenizer, [["in"], ["in"] * 9] * 3, 8, 2)
    assert len(windows.lengths) > 6  # The longer ones are cut.
    shares = {}
    for mean in ("word", "sentence"):
        config = TaggerTrainingConfig(loss_mean=mean, sentences_per_batch=3)
        objective = word_objective(windows, {"hard": np.zeros(30, dtype=int)}, lambda _, batch: batch["one"], config)
        shares[mean] = []
        for sentence in range(2):
            rows = np.flatnonzero(windows.sentences == sentence)
            update = np.flatnonzero(windows.sentences % 2 == sentence)
            batch = objective.collate(rows, None) | objective.of_update(update)
            shares[mean].append(objective.loss(None, batch | {"one": torch.ones(len(batch["hard"]))}).item())
    assert shares["word"] == pytest.approx([1 / 15, 9 / 15])
    assert shares["sentence"] == pytest.approx([1 / 3, 1 / 3])


def test_the_share_of_a_word_by_hand():
    # 30 words in 2 updates of 15 on average; the losses of an epoch, summed and halved, are the mean of all words.
    assert word_shares(30, 2).tolist() == pytest.approx([1 / 15] * 30) and word_shares(30, 2).dtype == np.float32
    assert word_shares(0, 1).tolist() == []


def test_a_batch_finds_each_word_and_its_target(tokenizer):
    windows = make_windows(tokenizer, [["abc", "in"], ["Paris"]], 16, 4)
    batch = collate_words(windows, {"hard": np.array([7, 8, 9])}, np.array([1, 0]))
    assert batch["hard"].tolist() == [9, 7, 8]
    assert batch["word_rows"].tolist() == [0, 1, 1]
    assert batch["word_positions"].tolist() == [1, 1, 4]


@pytest.mark.parametrize("loss_mean", ["sentence", "word"])
def test_the_loss_of_the_only_batch_is_the_mean_that_was_asked_for(tiny_encoder, loss_mean):
    model, tokenizer = new_tagger(tiny_encoder, ["O", "B-LOC"], 0.0, seed=0)
    windows = make_windows(tokenizer, [["Anna", "lives", "in"], ["Paris"]], 16, 4)
    targets = {"hard": np.array([0, 0, 0, 1])}
    with torch.no_grad():
        batch = collate_words(windows, targets, np.array([0, 1]))
        logits = model(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"]).logits
        words = cross_entropy(logits[batch["word_rows"], batch["word_positions"]], batch["hard"], reduction="none")
    expected = (words[:3].mean() + words[3]) / 2 if loss_mean == "sentence" else words.mean()
    config = TaggerTrainingConfig(epochs=1, frozen_layers=0, dropout=0.0, loss_mean=loss_mean, subwords_per_batch=64)

    def losses(trained, batch):
        return LINEAR.losses(trained, LINEAR.outputs(trained, batch), batch)

    objective = word_objective(windows, targets, losses, config)
    history = fit(model, objective, config)
    assert history.losses == pytest.approx([expected.item()], abs=1e-5)


def test_windows_of_one_sentence_go_into_one_update(tokenizer):
    windows = make_windows(tokenizer, [["in"] * 30, ["Paris"], ["in"] * 20], 16, 4)
    objective = word_objective(windows, {"hard": np.zeros(51, dtype=int)}, None, TaggerTrainingConfig())
    assert len(windows.lengths) == len(objective.lengths) > 4
    assert objective.sentences.tolist() == sorted(objective.sentences.tolist())
    assert set(objective.sentences.tolist()) == {0, 1, 2}


def test_words_of_a_cut_sentence_still_share_its_weight_once(tokenizer):
    windows = make_windows(tokenizer, [["in"] * 30], 16, 4)
    assert len(windows.lengths) > 2
    shares = sentence_shares(windows.word_counts, 1.0)
    rows = np.arange(len(windows.lengths))
    batch = collate_words(windows, {"share": shares}, rows)
    assert batch["share"].sum().item() == pytest.approx(1.0)
