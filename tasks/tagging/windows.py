"""Cut sentences into sub-word windows so that every word, however long its sentence, is scored once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from pydantic import Field, model_validator

from artifacts.errors import InputError
from artifacts.settings import Settings
from tasks.tagging.cutting import cut_sentences
from tasks.tagging.subwords import spaces_alone, special_subwords, tokenised_words
from tasks.words.columns import offsets_of, ranges


class WindowConfig(Settings):
    """How much of a sentence a model sees at once."""

    max_length_subwords: int = Field(
        128, ge=8, title="Window", description="Longest window in sub-words, special ones included."
    )
    overlap_subwords: int = Field(
        32, ge=0, title="Overlap", description="Sub-words that neighbouring windows of a longer sentence share, about."
    )

    @model_validator(mode="after")
    def _overlap_leaves_room(self) -> "WindowConfig":
        if 2 * self.overlap_subwords >= self.max_length_subwords:
            raise ValueError(
                f"overlap_subwords is {self.overlap_subwords}; expected less than half of max_length_subwords "
                f"({self.max_length_subwords}); lower it"
            )
        return self


@dataclass(frozen=True)
class Windows:
    """All windows of a corpus, as flat arrays; words and windows are in the corpus' order.

    subwords        [S] ids of all sub-words of all sentences, special ones left out
    starts, ends    [W] the slice of `subwords` that each window shows
    scored          [W + 1] window w scores the words scored[w] to scored[w + 1]
    word_positions  [N] place of each word's first sub-word in the window that scores it, special ones counted; of two
                    or more, a space alone (XLM-R's ▁) is not the first
    word_pieces     [N] how many sub-words of the word that window shows, from that place on
    word_counts     [M] words of each sentence
    prefix, suffix  ids of the special sub-words around a window
    padding         id that fills up a batch
    """

    subwords: np.ndarray
    starts: np.ndarray
    ends: np.ndarray
    scored: np.ndarray
    word_positions: np.ndarray
    word_pieces: np.ndarray
    word_counts: np.ndarray
    prefix: tuple[int, ...]
    suffix: tuple[int, ...]
    padding: int

    @property
    def words(self) -> int:
        """Number of words."""
        return len(self.word_positions)

    @cached_property
    def lengths(self) -> np.ndarray:
        """[W] sub-words of each window, special ones included."""
        return self.ends - self.starts + len(self.prefix) + len(self.suffix)

    @cached_property
    def sentences(self) -> np.ndarray:
        """[W] the sentence of each window, as a row number; windows without a word, if any, count with the next."""
        return np.append(self.word_sentences, len(self.word_counts))[self.scored[:-1]]

    @cached_property
    def word_sentences(self) -> np.ndarray:
        """[N] the sentence of each word, as a row number."""
        return np.repeat(np.arange(len(self.word_counts)), self.word_counts)

    def inputs(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Input ids and attention mask of some windows, padded to the longest of them.

        Args:
            rows: [B] window numbers.

        Returns:
            ids: [B, L] int64.
            mask: [B, L] int64, 1 where there is a sub-word.
        """
        lengths = self.lengths[rows][:, None]
        columns = np.arange(lengths.max())[None, :]
        last = lengths - len(self.suffix)
        within = (columns >= len(self.prefix)) & (columns < last)
        ids = np.full(within.shape, self.padding, dtype=np.int64)
        ids[:, : len(self.prefix)] = self.prefix
        ids[within] = self.subwords[(self.starts[rows][:, None] + columns - len(self.prefix))[within]]
        for place, special in enumerate(self.suffix):
            np.put_along_axis(ids, last + place, special, axis=1)
        return ids, (columns < lengths).astype(np.int64)

    def scored_words(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The words that some windows score.

        Args:
            rows: [B] window numbers.

        Returns:
            words: [n] word numbers, in the corpus.
            batch_rows: [n] row of `rows` that scores each.
            positions: [n] place of the word's first sub-word in it.
        """
        counts = self.scored[rows + 1] - self.scored[rows]
        words = ranges(self.scored[rows], counts)
        return words, np.repeat(np.arange(len(rows)), counts), self.word_positions[words]


def make_windows(
    tokenizer: Any, sentences: Sequence[Sequence[str]], max_length_subwords: int, overlap_subwords: int
) -> Windows:
    """Tokenises sentences once and cuts those that are longer than a window.

    A word of a cut sentence is scored in the window that shows most context on its shorter side. A word that the
    tokenizer turns into nothing becomes its unknown sub-word; a word longer than a window is cut off at its end.

    Args:
        tokenizer: a fast tokenizer of transformers.
        sentences: the words of each sentence.
        max_length_subwords: longest window, special sub-words included.
        overlap_subwords: sub-words that neighbouring windows share, about.

    Raises:
        InputError: if the tokenizer is not a fast one, or has no unknown sub-word where one is needed.
    """
    prefix, suffix = special_subwords(tokenizer)
    room = max_length_subwords - len(prefix) - len(suffix)
    if room < 1:
        raise InputError(
            f"max_length_subwords is {max_length_subwords}, of which {len(prefix) + len(suffix)} are special; "
            "expected room for at least one more; raise it"
        )
    subwords, pieces = tokenised_words(tokenizer, sentences)
    word_counts = np.fromiter((len(words) for words in sentences), dtype=np.int64, count=len(sentences))
    word_starts = offsets_of(pieces)
    first_words, last_words, scored = cut_sentences(word_starts, offsets_of(word_counts), room, overlap_subwords)
    starts = word_starts[first_words]
    ends = np.minimum(word_starts[last_words], starts + room)
    window_of = np.repeat(np.arange(len(starts)), np.diff(scored))
    ends_of_words = np.minimum(word_starts[1:], ends[window_of])
    firsts = np.minimum(word_starts[:-1] + spaces_alone(tokenizer, subwords, pieces), ends_of_words - 1)
    return Windows(
        subwords=subwords,
        starts=starts,
        ends=ends,
        scored=scored,
        word_positions=firsts - starts[window_of] + len(prefix),
        word_pieces=ends_of_words - firsts,
        word_counts=word_counts,
        prefix=prefix,
        suffix=suffix,
        padding=tokenizer.pad_token_id or 0,  # Masked, so any id does.
    )


def collate_words(windows: Windows, arrays: Mapping[str, np.ndarray], rows: np.ndarray) -> dict[str, torch.Tensor]:
    """A batch: padded input ids, where its scored words stand, and each array's rows for these words."""
    ids, mask = windows.inputs(rows)
    words, batch_rows, positions = windows.scored_words(rows)
    batch = {"input_ids": ids, "attention_mask": mask, "word_rows": batch_rows, "word_positions": positions}
    batch |= {name: array[words] for name, array in arrays.items()}
    return {name: torch.from_numpy(array) for name, array in batch.items()}
