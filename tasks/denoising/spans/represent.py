"""Representations of all spans of a text in few dimensions, a block at a time."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch.nn.functional import normalize

from tasks.tagging.span_head import SpanMap

_WORDS_AT_A_TIME = 16_384


@dataclass(frozen=True)
class SpanVectors:
    """z of every span, kept as what words add to it.

    words  [N, 2 D + 1] float32: as first and as last word of a span, and its form
    map    what lengths and forms add
    cells  [N, L] bool: the spans
    """

    words: torch.Tensor
    map: SpanMap
    cells: np.ndarray

    def blocks(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Numbers of the next spans, and their vectors [n, D] float32, of length 1; on the CPU."""
        half, length = self.words.shape[1] // 2, self.cells.shape[1]
        number = 0
        for start in range(0, len(self.cells), _WORDS_AT_A_TIME):
            cells = self.cells[start : start + _WORDS_AT_A_TIME]
            # The spans that begin in a block end at most L - 1 words behind it.
            part = self.words[start : start + len(cells) + length - 1]
            first, last, form = part.split([half, half, 1], dim=1)
            spans = self.map.of_spans(first, last, form[:, 0].long())[: len(cells)]
            vectors = normalize(spans[torch.from_numpy(cells)], dim=1)
            yield np.arange(number, number + len(vectors)), vectors.numpy()
            number += len(vectors)
