"""Run a tagger over windows: label probabilities or hidden representations of every word."""

from collections.abc import Callable
from typing import Any, Literal

import numpy as np
import torch

from tasks.tagging.windows import Windows
from tasks.training.batching import inference_batches
from tasks.training.precision import Precision, autocast_for
from tasks.words.columns import ranges

Layers = Literal["last", "last3"] | int
Pooling = Literal["first", "mean"]


def word_probabilities(
    model: Any,
    windows: Windows,
    *,
    device: str,
    precision: Precision,
    budget: int,
    progress: Callable[[int], None] | None = None,
) -> np.ndarray:
    """Probabilities of all labels for every word (UniTrans, Eq. 7).

    Args:
        model: a tagger.
        windows: of the sentences.
        device: "cpu" or "cuda".
        precision: number format of matrix products.
        budget: padded sub-words per batch.
        progress: called with the number of words after each batch.

    Returns:
        [N, labels] float32, words in the corpus' order; rows sum to 1.
    """

    def probabilities(ids: torch.Tensor, mask: torch.Tensor, words: np.ndarray, at: torch.Tensor) -> torch.Tensor:
        logits = model(input_ids=ids, attention_mask=mask).logits
        return logits[at[0], at[1]].float().softmax(dim=-1)

    return _for_every_word(model, windows, probabilities, model.config.num_labels, device, precision, budget, progress)


def word_representations(
    model: Any,
    windows: Windows,
    *,
    layers: Layers,
    pooling: Pooling,
    device: str,
    precision: Precision,
    budget: int,
    progress: Callable[[int], None] | None = None,
) -> np.ndarray:
    """Hidden representations of every word (CoLaDa, Eq. 1), not normalised.

    Args:
        model: a tagger.
        windows: of the sentences.
        layers: "last", "last3" (the mean of the last three), or a number: 0 is the embeddings, n the n-th layer,
            -1 the last.
        pooling: the word's "first" sub-word, or the "mean" of all its sub-words that its window shows.
        device: "cpu" or "cuda".
        precision: number format of matrix products.
        budget: padded sub-words per batch.
        progress: called with the number of words after each batch.

    Returns:
        [N, hidden] float32, words in the corpus' order.
    """
    encoder = model.base_model

    def hidden(ids: torch.Tensor, mask: torch.Tensor, words: np.ndarray, at: torch.Tensor) -> torch.Tensor:
        output = encoder(input_ids=ids, attention_mask=mask, output_hidden_states=layers != "last")
        states = _chosen(output, layers)
        if pooling == "first":
            return states[at[0], at[1]].float()
        pieces = windows.word_pieces[words]
        rows = at[0].repeat_interleave(torch.from_numpy(pieces).to(at.device))
        columns = torch.from_numpy(ranges(windows.word_positions[words], pieces)).to(at.device)
        lengths = torch.from_numpy(pieces).to(at.device)
        return torch.segment_reduce(states[rows, columns].float(), "mean", lengths=lengths)

    return _for_every_word(model, windows, hidden, model.config.hidden_size, device, precision, budget, progress)


def _chosen(output: Any, layers: Layers) -> torch.Tensor:
    """[B, L, hidden] the asked layers' states."""
    if layers == "last":
        states: torch.Tensor = output.last_hidden_state
        return states
    if layers == "last3":
        return torch.stack(output.hidden_states[-3:]).float().mean(dim=0)
    chosen: torch.Tensor = output.hidden_states[layers]
    return chosen


def _for_every_word(
    model: Any,
    windows: Windows,
    compute: Callable[[torch.Tensor, torch.Tensor, np.ndarray, torch.Tensor], torch.Tensor],
    width: int,
    device: str,
    precision: Precision,
    budget: int,
    progress: Callable[[int], None] | None,
) -> np.ndarray:
    """Fills [N, width] float32 batch by batch, windows of similar length together."""
    result = np.empty((windows.words, width), dtype=np.float32)
    model.to(device).eval()
    with torch.inference_mode(), autocast_for(device, precision):
        for rows in inference_batches(windows.lengths, budget):
            ids, mask = (torch.from_numpy(array).to(device) for array in windows.inputs(rows))
            words, batch_rows, positions = windows.scored_words(rows)
            at = torch.from_numpy(np.stack([batch_rows, positions])).to(device)
            result[words] = compute(ids, mask, words, at).float().cpu().numpy()
            if progress:
                progress(len(words))
    return result
