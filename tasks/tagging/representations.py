"""Hidden representations of words; the encoder's, whatever head it has."""

from collections.abc import Callable
from typing import Any, Literal

import numpy as np
import torch

from artifacts.errors import InputError
from tasks.tagging.heads import Batch, Head
from tasks.tagging.inference import Inference, of_every_word
from tasks.tagging.windows import Windows
from tasks.words.columns import ranges

Layers = Literal["last", "last3"] | int
Pooling = Literal["first", "mean"]


def check_layers(model: Any, layers: Layers) -> None:
    """Checks that an encoder, or a tagger's, has the layer that represents words.

    Raises:
        InputError: if it does not.
    """
    depth = int(model.config.num_hidden_layers)
    if isinstance(layers, int) and not -depth - 1 <= layers <= depth:
        raise InputError(
            f"reliability.layers is {layers}, but the encoder has {depth} layers; "
            f"expected 0 (embeddings) to {depth}, a negative number from the top, 'last' or 'last3'"
        )


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
        output = encoder(input_ids=ids, attention_mask=mask, output_hidden_states=layers != "last")
        return _of_words(_chosen(output, layers), windows, batch, words, pooling)

    width = int(encoder.config.hidden_size)
    return of_every_word(encoder, windows, hidden, width, inference, device, budget, progress).numpy()


def outputs_and_representations(
    head: Head,
    model: Any,
    windows: Windows,
    inference: Inference,
    *,
    layers: Layers,
    pooling: Pooling,
    device: str,
    budget: int,
) -> tuple[torch.Tensor, np.ndarray]:
    """What `word_outputs` gives and what `word_representations` of the tagger's encoder does, in one pass.

    Args:
        head: of the tagger.
        model: the tagger's.
        windows: of the sentences.
        inference: how it is run.
        layers: as in `word_representations`.
        pooling: as there.
        device: "cpu" or "cuda".
        budget: padded sub-words per batch.

    Returns:
        [N, W] and [N, hidden] float32 on the CPU, words in the corpus' order.
    """
    states: list[torch.Tensor] = []
    outputs_width = head.width(model)

    def both(batch: Batch, words: np.ndarray) -> torch.Tensor:
        outputs = head.outputs(model, batch)
        return torch.cat([outputs, _of_words(states.pop(), windows, batch, words, pooling)], dim=1)

    encoder = model.base_model
    listening = encoder.register_forward_hook(lambda module, given, output: states.append(_chosen(output, layers)))
    asked = model.config.output_hidden_states
    model.config.output_hidden_states = layers != "last"
    try:
        width = outputs_width + int(model.config.hidden_size)
        found = of_every_word(model, windows, both, width, inference, device, budget, None)
    finally:
        listening.remove()
        model.config.output_hidden_states = asked
    return found[:, :outputs_width], found[:, outputs_width:].numpy()


def _of_words(
    states: torch.Tensor, windows: Windows, batch: Batch, words: np.ndarray, pooling: Pooling
) -> torch.Tensor:
    """[n, hidden] float32 of the states [B, L, hidden] of a batch's windows."""
    if pooling == "first":
        return states[batch["word_rows"], batch["word_positions"]].float()
    pieces = torch.from_numpy(windows.word_pieces[words]).to(states.device)
    rows = batch["word_rows"].repeat_interleave(pieces)
    columns = torch.from_numpy(ranges(windows.word_positions[words], windows.word_pieces[words])).to(states.device)
    return torch.segment_reduce(states[rows, columns].float(), "mean", lengths=pieces)


def _chosen(output: Any, layers: Layers) -> torch.Tensor:
    """[B, L, hidden] the asked layers' states."""
    if layers == "last":
        states: torch.Tensor = output.last_hidden_state
        return states
    if layers == "last3":
        return torch.stack(output.hidden_states[-3:]).float().mean(dim=0)
    chosen: torch.Tensor = output.hidden_states[layers]
    return chosen
