import numpy as np
import pytest
import torch

from artifacts.errors import InputError
from tasks.tagging.heads import LINEAR
from tasks.tagging.inference import FLOAT32, Inference, word_outputs, word_probabilities
from tasks.tagging.representations import check_layers, word_representations
from tasks.tagging.tagger import new_tagger
from tasks.tagging.windows import make_windows

SENTENCES = [["Anna", "lives", "in", "abc"], ["Paris"], ["abcd", "in", "Berlin", "."]]


@pytest.fixture(scope="module")
def tagger(tiny_encoder):
    return new_tagger(tiny_encoder, ["O", "B-LOC", "I-LOC"], 0.1, seed=0)


def probabilities(model, windows, inference=FLOAT32, budget=1000, progress=None):
    outputs = word_outputs(LINEAR, model, windows, inference, device="cpu", budget=budget, progress=progress)
    return word_probabilities(LINEAR, model, outputs)


def one_by_one(tagger, layers):
    """Every sentence alone, its words' hidden states and logits by the tokenizer's own word ids."""
    model, tokenizer = tagger
    model.eval()
    for sentence in SENTENCES:
        encoded = tokenizer(sentence, is_split_into_words=True, return_tensors="pt")
        with torch.no_grad():
            output = model(**encoded, output_hidden_states=True)
        states = torch.stack([output.hidden_states[layer][0] for layer in layers]).mean(dim=0)
        places = encoded.word_ids(0)
        for word in range(len(sentence)):
            mine = [i for i, place in enumerate(places) if place == word]
            yield states[mine], output.logits[0, mine[0]].softmax(-1)


def test_probabilities_are_those_of_the_first_subword_whatever_the_batches(tagger):
    model, tokenizer = tagger
    windows = make_windows(tokenizer, SENTENCES, 64, 8)
    expected = torch.stack([probabilities for _, probabilities in one_by_one(tagger, [-1])]).numpy()
    for budget in (1, 12, 1000):
        found = probabilities(model, windows, budget=budget)
        np.testing.assert_allclose(found, expected, atol=1e-6)
    np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-6)


@pytest.mark.parametrize(("layers", "chosen"), [("last", [-1]), ("last3", [-1, -2, -3]), (1, [1]), (0, [0])])
@pytest.mark.parametrize("pooling", ["first", "mean"])
def test_representations_by_layer_and_pooling(tagger, layers, chosen, pooling):
    model, tokenizer = tagger
    windows = make_windows(tokenizer, SENTENCES, 64, 8)
    found = word_representations(
        model.base_model, windows, FLOAT32, layers=layers, pooling=pooling, device="cpu", budget=20
    )
    states = [pieces for pieces, _ in one_by_one(tagger, chosen)]
    expected = [pieces[0] if pooling == "first" else pieces.mean(dim=0) for pieces in states]
    np.testing.assert_allclose(found, torch.stack(expected).numpy(), atol=1e-5)


@pytest.mark.parametrize("layers", [-3, -2, 0, 1, 2, "last", "last3"])
def test_an_encoder_of_two_layers_has_the_embeddings_and_each_layer_counted_from_either_end(tagger, layers):
    check_layers(tagger[0], layers)


@pytest.mark.parametrize("layers", [-4, 3])
def test_an_encoder_of_two_layers_has_no_others(tagger, layers):
    with pytest.raises(InputError, match=rf"layers is {layers}, but the encoder has 2 layers; expected 0 .* to 2"):
        check_layers(tagger[0], layers)


def test_the_last_three_layers_are_three_of_an_encoder_that_has_more(make_encoder):
    model, tokenizer = new_tagger(make_encoder(layers=4), ["O", "B-LOC", "I-LOC"], 0.1, seed=0)
    advanced = []
    found = word_representations(
        model.base_model, make_windows(tokenizer, SENTENCES, 64, 8), FLOAT32, layers="last3", pooling="first",
        device="cpu", budget=20, progress=advanced.append,
    )  # fmt: skip
    expected = [pieces[0] for pieces, _ in one_by_one((model, tokenizer), [2, 3, 4])]
    np.testing.assert_allclose(found, torch.stack(expected).numpy(), atol=1e-5)
    assert found.dtype == np.float32
    assert len(advanced) > 1 and sum(advanced) == 9


def test_every_word_of_a_long_sentence_gets_probabilities_and_progress_counts_them(tagger):
    model, tokenizer = tagger
    windows = make_windows(tokenizer, [["abc", "in", "Paris"] * 50], 16, 4)
    advanced = []
    found = probabilities(model, windows, budget=64, progress=advanced.append)
    assert found.shape == (150, 3)
    assert np.isfinite(found).all()
    assert sum(advanced) == 150


def test_the_precision_is_the_one_that_was_asked_for(tagger):
    model, tokenizer = tagger
    windows = make_windows(tokenizer, SENTENCES, 64, 8)

    def represented(inference):
        options = {"layers": "last", "pooling": "mean", "device": "cpu", "budget": 1000}
        return word_representations(model.base_model, windows, inference, **options)

    for run in (represented, lambda inference: probabilities(model, windows, inference)):
        exact, rounded = (run(Inference(precision=each)) for each in ("float32", "bf16"))
        # bf16 keeps 8 bits of a number, so that about two digits agree and hardly ever all.
        np.testing.assert_allclose(exact, rounded, atol=0.05)
        assert (exact != rounded).mean() > 0.9
