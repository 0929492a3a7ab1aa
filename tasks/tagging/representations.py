"""Hidden representations of words; the encoder's, whatever head it has."""

from collections.abc import Callable
from typing import Any, Literal

import numpy as np
import torch

from tasks.tagging.heads import Batch
from tasks.tagging.inference import Inference, of_every_word
from tasks.tagging.windows import Windows
from tasks.words.columns import ranges

Layers = Literal["last", "last3"] | int
Pooling = Literal["first", "mean"]


def word_representations(
    encoder: Any,
    windows: Windows,
    inference: Inference,
    *,
    layers: Layers,
    pooling: Pooling,
    device: str,
    budget: int,
    progress: Callable[[int], None] | None = None,
) -> np.ndarray:
    """Hidden representations of every word (CoLaDa, Eq. 1), not normalised.

    Args:
        encoder: a tagger's.
        windows: of the sentences.
        inference: how it is run.
        layers: "last", "last3" (the mean of the last three), or a number: 0 is the embeddings, n the n-th layer,
            -1 the last.
        pooling: the word's "first" sub-word, or the "mean" of all its sub-words that its window shows.
        device: "cpu" or "cuda".
        budget: padded sub-words per batch.
        progress: called with the number of words after each batch.

    Returns:
        [N, hidden] float32, words in the corpus' order.
    """

    def hidden(batch: Batch, words: np.ndarray) -> torch.Tensor:
        ids, mask = batch["input_ids"], batch["attention_mask"]
        states = _chosen(encoder(input_ids=ids, attention_mask=mask, output_hidden_states=layers != "last"), layers)
        if pooling == "first":
            return states[batch["word_rows"], batch["word_positions"]].float()
        pieces = torch.from_numpy(windows.word_pieces[words]).to(ids.device)
        rows = batch["word_rows"].repeat_interleave(pieces)
        columns = torch.from_numpy(ranges(windows.word_positions[words], windows.word_pieces[words])).to(ids.device)
        return torch.segment_reduce(states[rows, columns].float(), "mean", lengths=pieces)

    width = int(encoder.config.hidden_size)
    return of_every_word(encoder, windows, hidden, width, inference, device, budget, progress).numpy()


def _chosen(output: Any, layers: Layers) -> torch.Tensor:
    """[B, L, hidden] the asked layers' states."""
    if layers == "last":
        states: torch.Tensor = output.last_hidden_state
        return states
    if layers == "last3":
        return torch.stack(output.hidden_states[-3:]).float().mean(dim=0)
    chosen: torch.Tensor = output.hidden_states[layers]
    return chosen
