"""What a training of GLoDe's target model changes beside the model: labels, prototypes, representations."""

from collections.abc import Callable
from typing import Any, Literal

import numpy as np
import torch
from torch import nn
from torch.nn.functional import normalize

from tasks.denoising.spans.prototypes import moved_prototypes, random_projection
from tasks.denoising.spans.represent import SpanVectors
from tasks.tagging.heads import Batch
from tasks.tagging.span_grid import OUTSIDE
from tasks.tagging.span_head import SpanMap, span_width

Text = Literal["source", "target"]


class DenoisingState(nn.Module):
    """What denoising knows; checkpoints hold it.

    labels        [S, K] float32 pseudo-labels of the target's spans, on the CPU
    prototypes    [K, D] float32, of length 1; 0 where no span of the class was seen
    moved         [K, D] the same before they are normalised, which is once in a training step (Eq. 6)
    fixed         [S] bool, which labels nothing moves: those that people gave
    source_words  [N_src, 2 D + 1] float32, of `SpanVectors`, as the training's last pass over each word had it; there
                  if the texts are remembered
    target_words  [N, 2 D + 1] the same
    """

    labels: torch.Tensor
    prototypes: torch.Tensor
    moved: torch.Tensor
    fixed: torch.Tensor
    source_words: torch.Tensor
    target_words: torch.Tensor

    def __init__(
        self,
        labels: np.ndarray,
        cells: dict[Text, np.ndarray],
        model: Any,
        dimensions: int,
        alpha: float,
        seed: int,
        device: str,
        fixed: np.ndarray | None = None,
    ) -> None:
        """Starts from initial labels, which it copies.

        Args:
            labels: [S, K].
            cells: of each text whose words passes leave for `vectors` [N, L] bool, its spans; empty: of none.
            model: the span tagger.
            dimensions: D.
            alpha: the update rate of prototypes.
            seed: of the projection to D dimensions.
            device: of the training; prototypes and representations lie there.
            fixed: [S] bool; None: no label is.
        """
        super().__init__()
        self.alpha, self.cells = alpha, cells
        self.projection = random_projection(span_width(model), dimensions, seed).to(device)
        self.register_buffer("labels", torch.from_numpy(labels.copy()))
        free = np.zeros(len(labels), dtype=bool)
        self.register_buffer("fixed", torch.from_numpy(free if fixed is None else fixed), persistent=False)
        self.register_buffer("prototypes", torch.zeros(labels.shape[1], dimensions, device=device))
        self.register_buffer("moved", self.prototypes.clone(), persistent=False)
        for text, spans in cells.items():
            self.register_buffer(f"{text}_words", torch.zeros(len(spans), 2 * dimensions + 1, device=device))

    def classes(self) -> np.ndarray:
        """[S] the most probable class of each pseudo-label."""
        return self.labels.argmax(dim=1).numpy()

    def begin_step(self) -> None:
        """A training step begins, which may take several passes."""
        self.moved.copy_(self.prototypes)

    @torch.no_grad()
    def see(self, model: Any, states: torch.Tensor, forms: torch.Tensor, cells: torch.Tensor, batch: Batch) -> None:
        """Takes in a pass of the training: its spans move prototypes (Eq. 6), its words may be remembered (D_z of 3.2).

        Args:
            model: the span tagger.
            states: [n, H] of the words, those of the source first.
            forms: [n] of the words.
            cells: [n, L] bool, which cells are spans.
            batch: with the numbers of the words, the source's gold classes, and the target's pseudo-labels.
        """
        spans = SpanMap.of(model, self.projection)
        first, last = spans.of_words(states)
        vectors = normalize(spans.of_spans(first, last, forms)[cells], dim=1)
        sourced = len(batch["classes"])
        classes = torch.cat([batch["classes"], pseudo_classes(batch["soft"], cells[sourced:])])
        self.moved.copy_(moved_prototypes(self.moved, vectors, classes[cells], self.alpha))
        self.prototypes.copy_(normalize(self.moved, dim=1))
        if not self.cells:
            return
        words = torch.cat([first, last, forms[:, None].to(first.dtype)], dim=1)
        for numbers, seen, memory in (
            (batch["source_words"], words[:sourced], self.source_words),
            (batch["target_words"], words[sourced:], self.target_words),
        ):
            kept = last_sights(numbers)
            memory[numbers[kept]] = seen[kept]

    @torch.no_grad()
    def vectors(self, model: Any, text: Text) -> SpanVectors:
        """Each span's z: its words as they were last seen, lengths and forms as the model has them now."""
        words = self.source_words if text == "source" else self.target_words
        return SpanVectors(words.cpu(), SpanMap.of(model, self.projection), self.cells[text])


def last_sights(numbers: torch.Tensor) -> torch.Tensor:
    """Where each number [n] stands last; sentences of the smaller corpus can be in a pass twice.

    Written to one place by several threads, any of them could be what is kept.
    """
    order = torch.argsort(numbers, stable=True)
    ordered = numbers[order]
    last = torch.ones_like(ordered, dtype=torch.bool)
    last[:-1] = ordered[1:] != ordered[:-1]
    return order[last]


def pseudo_classes(soft: torch.Tensor, cells: torch.Tensor) -> torch.Tensor:
    """[n, L] most probable class of soft labels [n, L, K]; O in cells that are no span."""
    return torch.where(cells, soft.argmax(dim=-1), OUTSIDE)


class WatchedTraining:
    """What a training tells of its steps and passes, so that a state follows; a `Watch` of `span_objective`."""

    def __init__(self, state: DenoisingState, cells_of: Callable[[torch.Tensor], torch.Tensor]) -> None:
        """Watches for a state.

        Args:
            state: that follows.
            cells_of: from the rows [n] of a pass' words to [n, L] bool, its spans.
        """
        self._state, self._cells_of = state, cells_of

    def begin_step(self) -> None:
        """See `DenoisingState.begin_step`."""
        self._state.begin_step()

    def see(self, model: Any, states: torch.Tensor, forms: torch.Tensor, batch: Batch) -> None:
        """See `DenoisingState.see`."""
        self._state.see(model, states, forms, self._cells_of(batch["word_rows"]), batch)
