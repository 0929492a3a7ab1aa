"""Second views of the same words: what a model should say the same of (ConNER, 2.2 and Table 1)."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal

import numpy as np
import torch

from tasks.tagging.windows import Windows
from tasks.words.columns import ranges

Perturbation = Literal["dropout", "word_replacement", "gaussian_noise"]


def with_replaced_words(
    windows: Windows, rows: np.ndarray, ids: torch.Tensor, share: float, noise: torch.Generator
) -> torch.Tensor:
    """Input ids with some words replaced: each of their sub-words by one drawn from all sub-words of the corpus.

    Words that a window shows but does not score stay as they are.

    Args:
        windows: of the corpus.
        rows: [B] window numbers.
        ids: [B, L] their input ids.
        share: of words that are replaced, each on its own.
        noise: decides which, and by what.

    Returns:
        [B, L] other ids at the same places.
    """
    words, batch_rows, positions = windows.scored_words(rows)
    chosen = torch.rand(len(words), generator=noise).numpy() < share
    pieces = windows.word_pieces[words[chosen]]
    places = (np.repeat(batch_rows[chosen], pieces), ranges(positions[chosen], pieces))
    drawn = torch.randint(len(windows.subwords), (int(pieces.sum()),), generator=noise).numpy()
    replaced = ids.clone()
    replaced[tuple(torch.from_numpy(place) for place in places)] = torch.from_numpy(windows.subwords[drawn])
    return replaced


@contextmanager
def noise_on_second_half(model: Any, deviation: float) -> Iterator[None]:
    """Inside, the second half of every batch has Gaussian noise on the embeddings of its sub-words.

    Args:
        model: one of transformers.
        deviation: the noise's standard deviation; 0 changes nothing.
    """

    def noisy(module: Any, given: Any, embedded: torch.Tensor) -> torch.Tensor:
        first, second = embedded.chunk(2)
        return torch.cat([first, second + deviation * torch.randn_like(second)])

    listening = model.get_input_embeddings().register_forward_hook(noisy) if deviation else None
    try:
        yield
    finally:
        if listening is not None:
            listening.remove()
