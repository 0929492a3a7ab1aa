"""Batches of GLoDe's trainings: labelled, pseudo-labelled and masked sentences side by side, for one pass."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch

from tasks.distillation.hidden_text import MaskedText, hidden_shares, hide_subwords
from tasks.distillation.paired_rows import MASKED, SOURCE, TARGET, PairedRows, pair_rows
from tasks.distillation.span_training import SpanTraining
from tasks.tagging.span_grid import window_cells
from tasks.tagging.windows import Windows
from tasks.training.loop import count_updates


@dataclass(frozen=True)
class SpanText:
    """A text as a span tagger sees it.

    windows     of its sentences
    most_words  L
    """

    windows: Windows
    most_words: int

    @cached_property
    def cells(self) -> np.ndarray:
        """[N, L] bool: the spans."""
        return window_cells(self.windows, self.most_words)

    @cached_property
    def shares(self) -> np.ndarray:
        """[N] float32: 1 / |S(X)| of each word's sentence."""
        sentences, spans = self.windows.word_sentences, self.cells.sum(axis=1)
        counts = np.bincount(sentences, weights=spans, minlength=len(self.windows.word_counts))
        return (1 / counts[sentences]).astype(np.float32)

    @cached_property
    def spans_of_windows(self) -> np.ndarray:
        """[W] spans that each window scores."""
        before = np.concatenate([[0], np.cumsum(self.cells.sum(axis=1))])
        counts: np.ndarray = np.diff(before[self.windows.scored])
        return counts


@dataclass(frozen=True)
class SpanBatches:
    """Pairs of sentences, and masked text beside each.

    source   labelled sentences
    classes  [N, L] of their spans, -1 where there is none
    config   the settings; `loss_mean` says what is divided by what
    target   pseudo-labelled sentences; None: the source alone is learnt (Eq. 3)
    soft     from word numbers [n] to the pseudo-labels [n, L, K] of the spans that begin there, 0 where there is none
    masked   text of the target language; None: nothing is hidden
    """

    source: SpanText
    classes: np.ndarray
    config: SpanTraining
    target: SpanText | None = None
    soft: Callable[[np.ndarray], torch.Tensor] | None = None
    masked: MaskedText | None = None

    @cached_property
    def texts(self) -> dict[int, SpanText]:
        """Those whose spans are learnt, by the kind of their rows."""
        return {SOURCE: self.source} if self.target is None else {SOURCE: self.source, TARGET: self.target}

    @cached_property
    def rows(self) -> PairedRows:
        """The rows of an epoch."""
        return self._paired[0]

    @cached_property
    def _paired(self) -> tuple[PairedRows, np.ndarray]:
        target, masked = (None if each is None else each.windows for each in (self.target, self.masked))
        return pair_rows(self.source.windows, target, masked)

    def collate(self, rows: np.ndarray, noise: torch.Generator) -> dict[str, torch.Tensor]:
        """A batch of rows: the windows of all texts, and of each text where its words stand and what they are."""
        kinds = self.rows.kinds[rows]
        windows = {kind: self.rows.windows[rows[kinds == kind]] for kind in self.texts}
        inputs, places = _Inputs(), []
        words: dict[int, np.ndarray] = {}
        batch: dict[str, torch.Tensor] = {}
        for kind, text in self.texts.items():
            words[kind], at, positions = text.windows.scored_words(windows[kind])
            first = inputs.add(*text.windows.inputs(windows[kind])) if len(windows[kind]) else 0
            places.append(np.stack([at + first, positions]))
        if self.masked is not None and (kinds == MASKED).any():
            chosen = self._drawn(rows[kinds == MASKED], noise)
            hidden = hide_subwords(self.masked, chosen, self.config.mask_rate, self._hidden_shares, noise)
            first = inputs.add(hidden.ids, hidden.mask)
            batch |= hidden.places | {"masked_rows": hidden.places["masked_rows"] + first}
        word_rows, word_positions = torch.from_numpy(np.concatenate(places, axis=1))
        batch |= inputs.padded() | {"word_rows": word_rows, "word_positions": word_positions}
        batch["classes"] = torch.from_numpy(self.classes[words[SOURCE]])
        batch["source_share"] = torch.from_numpy(self.source.shares[words[SOURCE]])
        batch["source_words"] = torch.from_numpy(words[SOURCE])
        if self.target is not None and self.soft is not None:
            batch["target_words"] = torch.from_numpy(words[TARGET])
            batch["soft"] = self.soft(words[TARGET])
            batch["target_share"] = torch.from_numpy(self.target.shares[words[TARGET]])
        return batch

    def of_update(self, rows: np.ndarray) -> dict[str, torch.Tensor]:
        """What the loss of each pass divides by: the pairs of its update, and the spans of an average one."""
        pairs = len(np.unique(self.rows.pairs[rows]))  # Each has one masked window.
        return {"pairs": torch.tensor(pairs), **self._mean_spans}

    @cached_property
    def _mean_spans(self) -> dict[str, torch.Tensor]:
        """Spans of each text in an update, the mean of an epoch's: see `word_shares`."""
        updates = count_updates(self.rows.lengths, self.rows.pairs, self.config)
        numbers = {}
        for kind, name in ((SOURCE, "source_spans"), (TARGET, "target_spans")):
            if kind in self.texts:
                windows = self.rows.windows[self.rows.kinds == kind]
                numbers[name] = torch.tensor(self.texts[kind].spans_of_windows[windows].sum() / updates)
        return numbers

    @cached_property
    def _hidden_shares(self) -> np.ndarray:
        assert self.masked is not None
        return hidden_shares(self.masked.windows, self.config.mask_rate, self.config.loss_mean)

    def _drawn(self, rows: np.ndarray, noise: torch.Generator) -> np.ndarray:
        """The window that each MASKED row is this time."""
        paired, shuffled = self._paired
        draws = torch.rand(len(rows), generator=noise, dtype=torch.float64).numpy()
        return shuffled[paired.windows[rows] + (draws * paired.choices[rows]).astype(np.int64)]


class _Inputs:
    """Windows of several texts, which have one tokenizer, on their way into one batch."""

    def __init__(self) -> None:
        self._ids: list[torch.Tensor] = []
        self._mask: list[torch.Tensor] = []

    def add(self, ids: np.ndarray | torch.Tensor, mask: np.ndarray | torch.Tensor) -> int:
        """Adds windows [B, L]; gives the row of the first in the batch."""
        first = len(self._ids)
        self._ids += list(torch.as_tensor(ids))
        self._mask += list(torch.as_tensor(mask))
        return first

    def padded(self) -> dict[str, torch.Tensor]:
        """Ids and mask; what pads is masked, so any id does."""
        pad = torch.nn.utils.rnn.pad_sequence
        return {"input_ids": pad(self._ids, batch_first=True), "attention_mask": pad(self._mask, batch_first=True)}
