"""Sentence pairs, plain and marked, as the numbers that a translator learns from."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch

from artifacts.errors import InputError
from tasks.training.loop import Collate

IGNORED = -100
_MARKER_NUMBER = re.compile(r"(?<=__SLOT)\d+(?=__)")


@dataclass(frozen=True)
class Text:
    """Sentence pairs to learn from, of any languages: four columns and whether markers are in them."""

    source: list[str]
    target: list[str]
    languages: list[tuple[str, str]]
    marked: list[bool]


@dataclass(frozen=True)
class Rows:
    """Encoded sentence pairs.

    source   sub-word ids of each: language, sentence, </s>
    target   the same of the translation
    weights  [N] float32, weight of each row's sub-words in the loss
    marked   [N] bool, whether markers are in it
    left_out number of pairs that were left out, by reason
    """

    source: list[np.ndarray]
    target: list[np.ndarray]
    weights: np.ndarray
    marked: np.ndarray
    left_out: dict[str, int] = field(default_factory=dict)

    @property
    def plain_share(self) -> float:
        """Share of the learnt sub-words that are in plain pairs: alpha, where every sub-word counts alike."""
        learnt = np.array([len(ids) - 1 for ids in self.target])
        return float(learnt[~self.marked].sum() / learnt.sum())

    def lengths(self) -> np.ndarray:
        """[N] int64 sub-words, both sides together."""
        return np.array([len(a) + len(b) for a, b in zip(self.source, self.target, strict=True)], dtype=np.int64)


def joined(texts: Sequence[Text]) -> Text:
    """All pairs of several texts, one text after the other."""
    return Text(
        [sentence for text in texts for sentence in text.source],
        [sentence for text in texts for sentence in text.target],
        [languages for text in texts for languages in text.languages],
        [marked for text in texts for marked in text.marked],
    )


def turned(text: Text) -> Text:
    """The pairs in the other direction, markers numbered by their order in the new source."""
    pairs = [renumbered(target, source) for source, target in zip(text.source, text.target, strict=True)]
    sources, targets = [source for source, _ in pairs], [target for _, target in pairs]
    return Text(sources, targets, [(b, a) for a, b in text.languages], text.marked)


def renumbered(source: str, target: str) -> tuple[str, str]:
    """Numbers markers by their order in the source, the same on both sides."""
    numbers: dict[str, str] = {}
    for found in _MARKER_NUMBER.findall(source):
        numbers.setdefault(found, str(len(numbers)))
    first, second = (_MARKER_NUMBER.sub(lambda m: numbers.get(m[0], m[0]), side) for side in (source, target))
    return first, second


def encode_rows(
    tokenizer: Any, text: Text, max_length: int, alpha: float | None, temperature: float = 1.0, seed: int = 0
) -> Rows:
    """Encodes pairs; leaves out those with a side longer than `max_length` sub-words.

    Args:
        tokenizer: M2M100Tokenizer.
        text: the pairs.
        max_length: most sub-words of a side.
        alpha: see `row_weights`.
        temperature: see `rows_by_temperature`.
        seed: see there.
    """
    first, second = (
        [_encoded(tokenizer, *row) for row in zip(sentences, languages, strict=True)]
        for sentences, languages in zip((text.source, text.target), zip(*text.languages, strict=True), strict=True)
    )
    kept = [i for i, (a, b) in enumerate(zip(first, second, strict=True)) if max(len(a), len(b)) <= max_length]
    if not kept:
        raise InputError(
            f"max_length_subwords is {max_length}; each of the {len(text.source)} sentence pairs is longer; raise it"
        )
    all_marked = np.array(text.marked)
    short = np.zeros(len(all_marked), dtype=bool)
    short[kept] = True
    left_out = {name: int(np.count_nonzero(which & ~short)) for name, which in _sorts(all_marked).items()}
    numbers: dict[tuple[str, str], int] = {}
    groups = np.array([numbers.setdefault(text.languages[i], len(numbers)) for i in kept])
    drawn = np.array(kept)[rows_by_temperature(groups, temperature, seed)]
    source, target = ([side[i] for i in drawn.tolist()] for side in (first, second))
    marked = all_marked[drawn]
    weights = row_weights(marked, np.array([len(ids) - 1 for ids in target]), alpha)
    return Rows(source, target, weights, marked, left_out)


def rows_by_temperature(groups: np.ndarray, temperature: float, seed: int) -> np.ndarray:
    """Draws as many rows as there are, of each pair of languages in proportion to n^(1/T).

    A pair of languages with n rows gets N n^(1/T) / sum n^(1/T) of all N. Where that is more than it has, each of its
    rows comes several times, as equally often as can be; where it is less, rows are left out at random. They stay the
    same in all epochs.

    Args:
        groups: [N] int, the pair of languages of each row, from 0.
        temperature: T; 1 leaves everything as it is, and the greater it is, the more alike are the shares.
        seed: of the draw.

    Returns:
        [N] int row numbers, ascending.
    """
    if temperature == 1:
        return np.arange(len(groups))
    sizes = np.bincount(groups)
    shares = (sizes / len(groups)) ** (1 / temperature)
    # Ends of intervals, rounded: the numbers add up to N.
    ends = np.rint(np.cumsum(shares) / shares.sum() * len(groups)).astype(np.int64)
    random = np.random.default_rng(seed)
    drawn = []
    for group, wanted in enumerate(np.diff(ends, prepend=0)):
        rows = np.flatnonzero(groups == group)
        drawn += [np.repeat(rows, wanted // len(rows)), random.permutation(rows)[: wanted % len(rows)]]
    return np.sort(np.concatenate(drawn))


def _sorts(marked: np.ndarray) -> dict[str, np.ndarray]:
    """Why a pair may be left out, and of which pairs it is said."""
    return {"plain_too_long": ~marked, "marked_too_long": marked}


def row_weights(marked: np.ndarray, subwords: np.ndarray, alpha: float | None) -> np.ndarray:
    """Weights that turn a mean over all sub-words into Eq. 6, L = alpha L_t + (1 - alpha) L_lst.

    With T sub-words in all, T_t of them in plain pairs: alpha T / T_t for plain pairs, (1 - alpha) T / (T - T_t) for
    marked ones. The mean weight of a sub-word is 1.

    Args:
        marked: [N] bool.
        subwords: [N] sub-words of each row that the loss counts.
        alpha: None weights all alike, as does a corpus that has one sort of rows alone.
    """
    total, plain = subwords.sum(), subwords[~marked].sum()
    if alpha is None or plain in (0, total):
        return np.ones(len(marked), dtype=np.float32)
    return np.where(marked, (1 - alpha) * total / (total - plain), alpha * total / plain).astype(np.float32)


def make_collate(rows: Rows, pad: int) -> Collate:
    """The batches of `train`. The decoder reads `</s> language sentence`, as M2M100 does, and learns `sentence </s>`.

    The language is given at use, so nothing is learnt from it.
    """

    def collate(chosen: np.ndarray, noise: torch.Generator) -> dict[str, torch.Tensor]:
        source, target = [rows.source[i] for i in chosen], [rows.target[i] for i in chosen]
        shifted = [np.concatenate([ids[-1:], ids[:-1]]) for ids in target]
        unlearnt = np.array([IGNORED], dtype=np.int32)
        input_ids = _padded(source, pad)
        return {
            "input_ids": input_ids,
            "attention_mask": (input_ids != pad).long(),
            "decoder_input_ids": _padded(shifted, pad),
            "labels": _padded([np.concatenate([unlearnt, ids[1:]]) for ids in target], IGNORED),
            "weights": torch.from_numpy(rows.weights[chosen]),
        }

    return collate


def _encoded(tokenizer: Any, sentence: str, language: str) -> np.ndarray:
    ids = tokenizer.convert_tokens_to_ids(tokenizer.tokenize(sentence))
    return np.array([tokenizer.get_lang_id(language), *ids, tokenizer.eos_token_id], dtype=np.int32)


def _padded(sequences: Sequence[np.ndarray], filler: int) -> torch.Tensor:
    """[N, longest] int64, shorter sequences filled up on the right."""
    lengths = np.array([len(sequence) for sequence in sequences])
    filled = np.full((len(sequences), lengths.max()), filler, dtype=np.int64)
    filled[np.arange(lengths.max()) < lengths[:, None]] = np.concatenate(sequences)
    return torch.from_numpy(filled)
