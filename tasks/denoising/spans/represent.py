"""Representations of all spans of a text in few dimensions, a block at a time."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch.nn.functional import normalize

from tasks.tagging.heads import Batch
from tasks.tagging.inference import Inference, of_every_word
from tasks.tagging.span_head import SPANS, SpanMap
from tasks.tagging.windows import Windows

_WORDS_AT_A_TIME = 16_384


@dataclass(frozen=True)
class SpanVectors:
    """z of every span, kept as what words add to it.

    words  [N, 2 D + 1] float32: as first and as last word of a span, and its form
    map    what lengths and forms add, wherever it was made; it is used on the CPU
    cells  [N, L] bool: the spans
    """

    words: torch.Tensor
    map: SpanMap
    cells: np.ndarray

    def blocks(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Numbers of the next spans, and their vectors [n, D] float32, of length 1; on the CPU."""
        half, length = self.words.shape[1] // 2, self.cells.shape[1]
        added = SpanMap(self.map.begin, self.map.end, self.map.length.cpu(), self.map.form.cpu())
        number = 0
        for start in range(0, len(self.cells), _WORDS_AT_A_TIME):
            cells = self.cells[start : start + _WORDS_AT_A_TIME]
            # The spans that begin in a block end at most L - 1 words behind it.
            part = self.words[start : start + len(cells) + length - 1]
            first, last, form = part.split([half, half, 1], dim=1)
            spans = added.of_spans(first, last, form[:, 0].long())[: len(cells)]
            vectors = normalize(spans[torch.from_numpy(cells)], dim=1)
            yield np.arange(number, number + len(vectors)), vectors.numpy()
            number += len(vectors)


@torch.no_grad()
def span_vectors(
    model: Any,
    windows: Windows,
    cells: np.ndarray,
    projection: torch.Tensor,
    inference: Inference,
    device: str,
    budget: int,
) -> SpanVectors:
    """Each span's z by a span tagger as it is now: a pass of its encoder over a text, without dropout.

    Args:
        model: the tagger; it is left in evaluation mode.
        windows: of the text.
        cells: [N, L] bool, its spans.
        projection: [D, 2H + 200] to few dimensions, on the device.
        inference: how the encoder is run.
        device: "cpu" or "cuda".
        budget: padded sub-words per batch.
    """
    spans = SpanMap.of(model, projection)

    def parts(batch: Batch, words: np.ndarray) -> torch.Tensor:
        encoded = model.base_model(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"])
        first, last = spans.of_words(encoded.last_hidden_state[batch["word_rows"], batch["word_positions"]])
        return torch.cat([first, last, SPANS.forms(model, batch)[:, None].to(first.dtype)], dim=1)

    words = of_every_word(model, windows, parts, 2 * len(projection) + 1, inference, device, budget, None)
    return SpanVectors(words, spans, cells)
