"""A sentence's representation is what a plain M2M100's encoder gives, whatever stands in its batch."""

from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import M2M100ForConditionalGeneration, M2M100Tokenizer

from tasks.translation.machine.representations import Pooling, sentence_representations
from tasks.translation.machine.translator import load_translator

TEXTS = ["Anna lives in Paris", "Paris", "", "Berlin and Anna .", "a b c d e f g h"]


@pytest.mark.parametrize("pooling", ["first", "mean"])
@pytest.mark.parametrize("budget", [1, 4096])
def test_it_is_the_first_position_or_the_mean_of_the_sub_words(
    tiny_translator: Path, pooling: Pooling, budget: int
) -> None:
    model, tokenizer = load_translator(tiny_translator)
    found = sentence_representations(model, tokenizer, TEXTS, "de", pooling, device="cpu", budget=budget)
    plain = M2M100ForConditionalGeneration.from_pretrained(tiny_translator).eval()
    theirs = M2M100Tokenizer.from_pretrained(tiny_translator, src_lang="de")
    assert found.dtype == np.float32
    for vector, text in zip(found, TEXTS, strict=True):
        with torch.inference_mode():
            states = plain.get_encoder()(**theirs(text, return_tensors="pt")).last_hidden_state[0]
        inner = states[1:-1] if text else states
        expected = states[0] if pooling == "first" else inner.mean(dim=0)
        np.testing.assert_allclose(vector, expected.numpy(), rtol=1e-4, atol=1e-5)


def test_a_text_that_is_too_long_is_cut_off(tiny_translator: Path) -> None:
    model, tokenizer = load_translator(tiny_translator)
    longest = model.config.max_position_embeddings
    endless, cut = "Paris " * longest, "Paris " * (longest - 2)  # The language and the end are two.
    one, other = sentence_representations(model, tokenizer, [endless, cut], "de", "mean", device="cpu", budget=4096)
    np.testing.assert_allclose(one, other, rtol=1e-5)
