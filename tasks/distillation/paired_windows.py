"""Conjugate pairs as batches: windows of sentences and of their translations, and where their spans stand in them."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import torch

from tasks.tagging.windows import WindowConfig, Windows, collate_words, make_windows
from tasks.words.columns import flat_numbers, flat_values, list_lengths, offsets_of

_PREFIX = "pair_"


@dataclass(frozen=True)
class PairedWindows:
    """Sentences with a pair, their translations, and the spans of all pairs.

    original, translated  windows of M sentences, the same in both
    sentences             [P] the sentence of each pair, rising
    spans                 [P, 2] first word, counted over all sentences, and the word behind the last
    translated_spans      [P, 2] the same in the translations
    """

    original: Windows
    translated: Windows
    sentences: np.ndarray
    spans: np.ndarray
    translated_spans: np.ndarray

    def collate(self, rows: np.ndarray) -> dict[str, torch.Tensor]:
        """A batch of sentences, given by their windows, and of their translations.

        Args:
            rows: [B] windows of whole sentences, ascending.

        Returns:
            Under names that begin with `pair_`: `input_ids`, `attention_mask`, `word_rows` and `word_positions` of the
            sentences and then of the translations; and of all their pairs `first_starts`, `first_ends`,
            `second_starts`, `second_ends`, rows among these words, and `sentences`.
        """
        chosen = np.unique(self.original.sentences[rows])
        other = np.flatnonzero(np.isin(self.translated.sentences, chosen))
        first, second = collate_words(self.original, {}, rows), collate_words(self.translated, {}, other)
        batch = _together(first, second)
        pairs = np.flatnonzero(np.isin(self.sentences, chosen))
        before = 0
        for name, windows, its_rows, spans in (
            ("first", self.original, rows, self.spans[pairs]),
            ("second", self.translated, other, self.translated_spans[pairs]),
        ):
            words = windows.scored_words(its_rows)[0]
            starts = before + np.searchsorted(words, spans[:, 0])
            batch[f"{name}_starts"] = torch.from_numpy(starts)
            batch[f"{name}_ends"] = torch.from_numpy(starts + spans[:, 1] - spans[:, 0])
            before = len(words)
        batch["sentences"] = torch.from_numpy(self.sentences[pairs])
        return {f"{_PREFIX}{name}": tensor for name, tensor in batch.items()}


def paired_windows(pairs: pa.Table, tokenizer: Any, windows: WindowConfig) -> PairedWindows:
    """The sentences of a table of conjugate pairs that have one, cut into windows."""
    names = ("starts", "ends", "translated_starts", "translated_ends")
    kept = flat_values(pairs["reasons"]).to_numpy(zero_copy_only=False) == ""
    rows = np.repeat(np.arange(pairs.num_rows), list_lengths(pairs["reasons"]))[kept]
    filled, sentences = np.unique(rows, return_inverse=True)
    table = pairs.take(pa.array(filled))
    cuts, spans = [], []
    for side, (start, end) in (("words", names[:2]), ("translation", names[2:])):
        words = table[side].to_pylist()
        cuts.append(make_windows(tokenizer, words, windows.max_length_subwords, windows.overlap_subwords))
        places = np.stack([flat_numbers(pairs[start])[kept], flat_numbers(pairs[end])[kept]], axis=1)
        spans.append(places + offsets_of(cuts[-1].word_counts)[sentences][:, None])
    return PairedWindows(cuts[0], cuts[1], sentences, spans[0], spans[1])


def part_of(batch: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """What `PairedWindows.collate` put into a batch, under its names without `pair_`; empty if nothing is there."""
    return {name.removeprefix(_PREFIX): each for name, each in batch.items() if name.startswith(_PREFIX)}


def _together(first: dict[str, torch.Tensor], second: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Two batches as one, padded to the longer; the rows of the second one come behind those of the first."""
    width = max(each["input_ids"].shape[1] for each in (first, second))
    padded = {
        name: torch.cat([torch.nn.functional.pad(e[name], (0, width - e[name].shape[1])) for e in (first, second)])
        for name in ("input_ids", "attention_mask")
    }
    rows = torch.cat([first["word_rows"], second["word_rows"] + len(first["input_ids"])])
    positions = torch.cat([first["word_positions"], second["word_positions"]])
    return {**padded, "word_rows": rows, "word_positions": positions}
