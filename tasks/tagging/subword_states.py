"""What stands for every sub-word at one layer of an encoder, computed no higher than that layer."""

from typing import Any

import numpy as np
import torch

from artifacts.errors import InputError
from tasks.tagging.inference import Inference
from tasks.tagging.windows import Windows
from tasks.training.batching import inference_batches
from tasks.training.freezing import layer_stack
from tasks.training.precision import autocast_for
from tasks.words.columns import offsets_of, ranges


def keep_first_layers(encoder: Any, layers: int) -> None:
    """Takes away all layers of an encoder above the first `layers`.

    Raises:
        InputError: if it has fewer, or none that we know how to find.
    """
    stack = layer_stack(encoder)
    if not 1 <= layers <= len(stack):
        raise InputError(f"layer {layers} is asked for; expected 1 to {len(stack)}, as many as the encoder has")
    del stack[layers:]


def subword_states(
    encoder: Any, windows: Windows, inference: Inference, *, device: str, budget: int
) -> tuple[torch.Tensor, np.ndarray]:
    """States of all sub-words at the encoder's last layer, before anything that comes behind it.

    Args:
        encoder: see `keep_first_layers`.
        windows: of the sentences; a sub-word has the state of the window that scores its word.
        inference: how the encoder is run.
        device: "cpu" or "cuda".
        budget: padded sub-words per batch.

    Returns:
        states: [P, hidden] float32 on the device, divided by their length.
        pieces: [N] how many of them each word has, in the corpus' order.
    """
    given: list[torch.Tensor] = []
    top = layer_stack(encoder)[-1]
    listening = top.register_forward_hook(
        lambda module, arguments, output: given.append(output[0] if isinstance(output, tuple) else output)
    )
    firsts = offsets_of(windows.word_pieces)
    states = torch.empty((int(firsts[-1]), int(encoder.config.hidden_size)), dtype=torch.float32, device=device)
    encoder.to(device).eval()
    try:
        with torch.inference_mode(), autocast_for(device, inference.precision):
            for rows in inference_batches(windows.lengths, budget):
                ids, mask = (torch.from_numpy(array).to(device) for array in windows.inputs(rows))
                encoder(input_ids=ids, attention_mask=mask)
                words, batch_rows, positions = windows.scored_words(rows)
                pieces = windows.word_pieces[words]
                places = (
                    torch.from_numpy(array).to(device)
                    for array in (
                        np.repeat(batch_rows, pieces),
                        ranges(positions, pieces),
                        ranges(firsts[words], pieces),
                    )
                )
                row, column, place = places
                states[place] = torch.nn.functional.normalize(given.pop()[row, column].float(), dim=-1)
    finally:
        listening.remove()
    return states, windows.word_pieces
