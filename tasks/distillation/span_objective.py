"""L_src + L_tgt + omega L_mlm (GLoDe, Eq. 1-5): labelled, pseudo-labelled and masked sentences in one pass."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch.nn.functional import cross_entropy

from artifacts.errors import InputError
from tasks.distillation.losses import soft_cross_entropy
from tasks.distillation.paired_rows import MASKED, SOURCE, TARGET, pair_rows
from tasks.distillation.span_training import SpanTraining
from tasks.encoding.masked_text import masked_places
from tasks.tagging.fitting import Objective
from tasks.tagging.span_grid import window_cells
from tasks.tagging.span_head import SPANS, span_losses
from tasks.tagging.windows import Windows

Batch = Mapping[str, torch.Tensor]
Watch = Callable[[Any, torch.Tensor, torch.Tensor, Batch], None]
"""Told of a model, the states [n, H] and the forms [n] of a pass' words, source words first, and of its batch, which
has their numbers in `source_words` and `target_words`."""


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
class MaskedText:
    """A text to hide sub-words of.

    windows  of its sentences
    special  [V] bool: sub-words that are never hidden
    mask     id of [MASK]
    """

    windows: Windows
    special: torch.Tensor
    mask: int

    @classmethod
    def of(cls, windows: Windows, tokenizer: Any, vocabulary: int) -> "MaskedText":
        """What a tokenizer says of special sub-words; its unknown one stands for text, and may be hidden.

        A vocabulary without [MASK] has the unknown sub-word in its place, which then is never hidden itself.

        Raises:
            InputError: if it has neither.
        """
        mask = tokenizer.unk_token_id if tokenizer.mask_token_id is None else tokenizer.mask_token_id
        if mask is None:
            raise InputError(
                "masked text: the encoder's tokenizer has neither a mask token nor an unknown one, by which sub-words "
                "could be hidden; set mlm_weight to 0"
            )
        special = torch.zeros(vocabulary, dtype=torch.bool)
        special[[i for i in tokenizer.all_special_ids if i != tokenizer.unk_token_id and i < vocabulary]] = True
        special[mask] = True
        return cls(windows, special, int(mask))


def span_objective(
    source: SpanText,
    classes: np.ndarray,
    config: SpanTraining,
    target: SpanText | None = None,
    soft: Callable[[np.ndarray], torch.Tensor] | None = None,
    masked: MaskedText | None = None,
    watch: Watch | None = None,
) -> Objective:
    """The sum of the losses of pairs of sentences, over the pairs of an update.

    Args:
        source: labelled sentences.
        classes: [N, L] of their spans, -1 where there is none.
        config: the settings; `loss_mean` says what is divided by what.
        target: pseudo-labelled sentences; None: L_tgt is left out (Eq. 3).
        soft: from word numbers [n] to the pseudo-labels [n, L, K] of the spans that begin there, 0 where there is none.
        masked: text of the target language; None: L_mlm is left out.
        watch: told of every pass while training.
    """
    text_to_hide = None if masked is None else masked.windows
    rows_of, shuffled = pair_rows(source.windows, target.windows if target else None, text_to_hide)
    texts = {SOURCE: source} if target is None else {SOURCE: source, TARGET: target}

    def collate(rows: np.ndarray, noise: torch.Generator) -> dict[str, torch.Tensor]:
        kinds = rows_of.kinds[rows]
        windows = {kind: rows_of.windows[rows[kinds == kind]] for kind in texts}
        inputs, places = _Inputs(), []
        words: dict[int, np.ndarray] = {}
        batch: dict[str, torch.Tensor] = {}
        for kind, text in texts.items():
            words[kind], at, positions = text.windows.scored_words(windows[kind])
            first = inputs.add(*text.windows.inputs(windows[kind])) if len(windows[kind]) else 0
            places.append(np.stack([at + first, positions]))
        if masked is not None and (kinds == MASKED).any():
            chosen = _drawn(rows_of.windows, rows_of.choices, rows[kinds == MASKED], shuffled, noise)
            batch |= _hidden(masked, chosen, config, noise, inputs)
        word_rows, word_positions = torch.from_numpy(np.concatenate(places, axis=1))
        batch |= inputs.padded() | {"word_rows": word_rows, "word_positions": word_positions}
        batch["classes"] = torch.from_numpy(classes[words[SOURCE]])
        batch["source_share"] = torch.from_numpy(source.shares[words[SOURCE]])
        batch["source_words"] = torch.from_numpy(words[SOURCE])
        if target is not None and soft is not None:
            batch["target_words"] = torch.from_numpy(words[TARGET])
            batch["soft"] = soft(words[TARGET])
            batch["target_share"] = torch.from_numpy(target.shares[words[TARGET]])
        return batch

    def of_update(rows: np.ndarray) -> dict[str, torch.Tensor]:
        kinds, windows = rows_of.kinds[rows], rows_of.windows[rows]
        numbers = {"pairs": len(np.unique(rows_of.pairs[rows])), "masked_windows": np.count_nonzero(kinds == MASKED)}
        for kind, name in ((SOURCE, "source_spans"), (TARGET, "target_spans")):
            if kind in texts:
                numbers[name] = int(texts[kind].spans_of_windows[windows[kinds == kind]].sum())
        return {name: torch.tensor(number) for name, number in numbers.items()}

    def loss(model: Any, batch: Batch) -> torch.Tensor:
        encoded = model.base_model(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"])
        states = encoded.last_hidden_state[batch["word_rows"], batch["word_positions"]]
        forms = SPANS.forms(model, batch)
        scores = SPANS.scores(model, states, forms, batch["word_rows"])
        words = len(batch["classes"])
        each_span = config.loss_mean == "word"
        l_src = span_losses(scores[:words], batch["classes"])
        total = _mean(l_src, batch, "source", each_span)
        if target is not None:
            l_tgt = soft_cross_entropy(scores[words:], batch["soft"]).sum(dim=1)
            total = total + _mean(l_tgt, batch, "target", each_span)
        if watch is not None:
            watch(model, states.detach(), forms, batch)
        if "hidden_ids" in batch:
            hidden = encoded.last_hidden_state[batch["masked_rows"], batch["masked_positions"]]
            l_mlm = cross_entropy(model.masked(hidden), batch["hidden_ids"], reduction="none")
            divisor = batch["masked_windows"] if each_span else batch["pairs"]
            total = total + config.mlm_weight * (l_mlm * batch["masked_share"]).sum() / divisor
        return total

    return Objective(rows_of.lengths, rows_of.pairs, collate, of_update, loss)


def _mean(losses: torch.Tensor, batch: Batch, corpus: str, each_span: bool) -> torch.Tensor:
    """1/N sum_X 1/|S(X)| sum_s (Eq. 1 and 4), N the pairs of the update; or 1/S sum_s, S its spans."""
    if each_span:
        return losses.sum() / batch[f"{corpus}_spans"]
    return (losses * batch[f"{corpus}_share"]).sum() / batch["pairs"]


def _drawn(
    firsts: np.ndarray, choices: np.ndarray, rows: np.ndarray, shuffled: np.ndarray, noise: torch.Generator
) -> np.ndarray:
    """The window that each MASKED row is this time."""
    draws = torch.rand(len(rows), generator=noise, dtype=torch.float64).numpy()
    return shuffled[firsts[rows] + (draws * choices[rows]).astype(np.int64)]


def _hidden(
    masked: MaskedText, chosen: np.ndarray, config: SpanTraining, noise: torch.Generator, inputs: "_Inputs"
) -> dict[str, torch.Tensor]:
    """Hides sub-words of windows and adds these to a pass: where they stand, what they were, the share of each.

    The share is 1 / |X'| (Eq. 2), special sub-words left out; or the windows of the pass over its hidden sub-words.
    """
    ids, mask = map(torch.from_numpy, masked.windows.inputs(chosen))
    places = masked_places(ids, masked.special, config.mask_rate, noise)
    rows, positions = places.nonzero(as_tuple=True)
    first = inputs.add(ids.masked_fill(places, masked.mask), mask)
    if config.loss_mean == "word":
        shares = torch.full((len(rows),), len(chosen) / max(len(rows), 1))
    else:
        subwords = masked.windows.ends[chosen] - masked.windows.starts[chosen]
        shares = torch.from_numpy((1 / subwords).astype(np.float32))[rows]
    return {
        "masked_rows": rows + first,
        "masked_positions": positions,
        "hidden_ids": ids[places],
        "masked_share": shares,
    }


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
