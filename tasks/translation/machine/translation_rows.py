"""Sentence pairs, plain and marked, as the numbers that a translator learns from."""

import re
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import torch

from artifacts.errors import InputError
from tasks.training.loop import Collate

IGNORED = -100
_MARKER_NUMBER = re.compile(r"(?<=__SLOT)\d+(?=__)")


class Pair(NamedTuple):
    """A sentence pair to learn from, its languages, and whether markers are in it."""

    source: str
    target: str
    languages: tuple[str, str]
    marked: bool


class Side(Sequence[np.ndarray]):
    """One side of many pairs: [N] arrays of sub-word ids, in one piece of memory, in any order.

    Args:
        ids: int32 ids of all sentences, one sentence after the other.
        ends: [M] int64, where each ends.
        order: [N] int, which of them each row is.
    """

    def __init__(self, ids: np.ndarray, ends: np.ndarray, order: np.ndarray) -> None:
        self._ids = ids
        self._starts, self._ends = np.concatenate([[0], ends])[:-1][order], ends[order]

    def __len__(self) -> int:
        return len(self._starts)

    def __getitem__(self, row: Any) -> Any:
        return self._ids[self._starts[row] : self._ends[row]]

    @property
    def lengths(self) -> np.ndarray:
        """[N] int64 sub-words."""
        found: np.ndarray = self._ends - self._starts
        return found


@dataclass(frozen=True)
class Rows:
    """Encoded sentence pairs.

    source   sub-word ids of each: language, sentence, </s>
    target   the same of the translation
    weights  [N] float32, weight of each row's sub-words in the loss
    marked   [N] bool, whether markers are in it
    left_out number of pairs that were left out, by reason
    """

    source: Sequence[np.ndarray]
    target: Sequence[np.ndarray]
    weights: np.ndarray
    marked: np.ndarray
    left_out: dict[str, int] = field(default_factory=dict)

    @property
    def plain_share(self) -> float:
        """Share of the learnt sub-words that are in plain pairs: alpha, where every sub-word counts alike."""
        learnt = _lengths(self.target) - 1
        return float(learnt[~self.marked].sum() / learnt.sum())

    def lengths(self) -> np.ndarray:
        """[N] int64 sub-words, both sides together."""
        return _lengths(self.source) + _lengths(self.target)


def turned(pair: Pair) -> Pair:
    """The pair in the other direction, markers numbered by their order in the new source."""
    source, target = renumbered(pair.target, pair.source)
    return Pair(source, target, pair.languages[::-1], pair.marked)


def renumbered(source: str, target: str) -> tuple[str, str]:
    """Numbers markers by their order in the source, the same on both sides."""
    numbers: dict[str, str] = {}
    for found in _MARKER_NUMBER.findall(source):
        numbers.setdefault(found, str(len(numbers)))
    first, second = (_MARKER_NUMBER.sub(lambda m: numbers.get(m[0], m[0]), side) for side in (source, target))
    return first, second


def encode_rows(
    tokenizer: Any,
    pairs: Iterable[Pair],
    max_length: int,
    alpha: float | None,
    temperature: float = 1.0,
    seed: int = 0,
) -> Rows:
    """Encodes pairs one by one; leaves out those with a side longer than `max_length` sub-words.

    Of a pair nothing but its sub-words is kept, four bytes for each.

    Args:
        tokenizer: M2M100Tokenizer.
        pairs: the pairs.
        max_length: most sub-words of a side.
        alpha: see `row_weights`.
        temperature: see `rows_by_temperature`.
        seed: see there.
    """
    sides = (array("i"), array("i"))
    ends = (array("q"), array("q"))
    groups, marked, numbers = array("i"), array("b"), dict[tuple[str, str], int]()
    seen, left_out = 0, {"plain_too_long": 0, "marked_too_long": 0}
    for pair in pairs:
        seen += 1
        encoded = [_encoded(tokenizer, *side) for side in zip(pair[:2], pair.languages, strict=True)]
        if max(map(len, encoded)) > max_length:
            left_out["marked_too_long" if pair.marked else "plain_too_long"] += 1
            continue
        for ids, side, end in zip(encoded, sides, ends, strict=True):
            side.extend(ids)
            end.append(len(side))
        groups.append(numbers.setdefault(pair.languages, len(numbers)))
        marked.append(pair.marked)
    if not groups:
        raise InputError(f"max_length_subwords is {max_length}; each of the {seen} sentence pairs is longer; raise it")
    drawn = rows_by_temperature(np.array(groups), temperature, seed)
    source, target = (
        Side(np.frombuffer(side, dtype=np.int32), np.frombuffer(end, dtype=np.int64), drawn)
        for side, end in zip(sides, ends, strict=True)
    )
    with_markers = np.array(marked, dtype=bool)[drawn]
    return Rows(source, target, row_weights(with_markers, target.lengths - 1, alpha), with_markers, left_out)


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


def _encoded(tokenizer: Any, sentence: str, language: str) -> list[int]:
    ids = tokenizer.convert_tokens_to_ids(tokenizer.tokenize(sentence))
    return [tokenizer.get_lang_id(language), *ids, tokenizer.eos_token_id]


def _lengths(side: Sequence[np.ndarray]) -> np.ndarray:
    return side.lengths if isinstance(side, Side) else np.array([len(ids) for ids in side], dtype=np.int64)


def _padded(sequences: Sequence[np.ndarray], filler: int) -> torch.Tensor:
    """[N, longest] int64, shorter sequences filled up on the right."""
    lengths = np.array([len(sequence) for sequence in sequences])
    filled = np.full((len(sequences), lengths.max()), filler, dtype=np.int64)
    filled[np.arange(lengths.max()) < lengths[:, None]] = np.concatenate(sequences)
    return torch.from_numpy(filled)
