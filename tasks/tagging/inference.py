"""Run a tagger over windows without training it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from pydantic import Field

from artifacts.settings import Settings
from tasks.tagging.heads import Batch, Head
from tasks.tagging.known_heads import head_of
from tasks.tagging.tagger import load_tagger
from tasks.tagging.windows import Windows, collate_words
from tasks.training.batching import inference_batches
from tasks.training.precision import Precision, autocast_for

SENTENCES_AT_A_TIME = 8192
"""Batches are made of so many sentences at a time, whatever is asked of a tagger: the same text, the same batches."""

OfWords = Callable[[Batch, np.ndarray], torch.Tensor]
"""A batch and the numbers [n] of its words in the corpus -> [n, width] what is wanted of them."""


class Inference(Settings):
    """How taggers are run to label text, to predict, and to represent words."""

    precision: Precision = Field(
        "float32",
        title="Precision",
        description="Number format of matrix products when taggers label, predict or represent words; bf16 takes half "
        "the time or less where the device has it, and changes probabilities in their third digit; bf16_or_float32 is "
        "float32 where it does not.",
    )


FLOAT32 = Inference()


def open_tagger(folder: Path) -> tuple[Head, Any, Any]:
    """A saved tagger or student that is not trained any more: its head, its model and its tokenizer."""
    head = head_of(folder)
    return head, *load_tagger(folder, head)


def word_outputs(
    head: Head,
    model: Any,
    windows: Windows,
    inference: Inference,
    *,
    device: str,
    budget: int,
    progress: Callable[[int], None] | None = None,
) -> torch.Tensor:
    """What a tagger's head says of every word.

    Args:
        head: of the tagger.
        model: the tagger's.
        windows: of the sentences.
        inference: how it is run.
        device: "cpu" or "cuda".
        budget: padded sub-words per batch.
        progress: called with the number of words after each batch.

    Returns:
        [N, W] float32 on the CPU, words in the corpus' order.
    """

    def outputs(batch: Batch, words: np.ndarray) -> torch.Tensor:
        return head.outputs(model, batch)

    return of_every_word(model, windows, outputs, head.width(model), inference, device, budget, progress)


def word_probabilities(head: Head, model: Any, outputs: torch.Tensor) -> np.ndarray:
    """[N, C] float32 probabilities of all labels by outputs [N, W] (UniTrans, Eq. 7); rows sum to 1."""
    probabilities: np.ndarray = head.label_logits(model, outputs).softmax(dim=-1).numpy()
    return probabilities


def of_every_word(
    model: Any,
    windows: Windows,
    compute: OfWords,
    width: int,
    inference: Inference,
    device: str,
    budget: int,
    progress: Callable[[int], None] | None,
) -> torch.Tensor:
    """Fills [N, width] float32 batch by batch, windows of similar length together."""
    result = torch.empty((windows.words, width), dtype=torch.float32)
    model.to(device).eval()
    with torch.inference_mode(), autocast_for(device, inference.precision):
        for rows in inference_batches(windows.lengths, budget):
            words = windows.scored_words(rows)[0]
            batch = {name: tensor.to(device) for name, tensor in collate_words(windows, {}, rows).items()}
            result[torch.from_numpy(words)] = compute(batch, words).float().cpu()
            if progress:
                progress(len(words))
    return result
