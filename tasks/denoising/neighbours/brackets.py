"""For every word a narrowing bracket around its K-th largest cosine, while cosines come in random order."""

import math

import numpy as np

from tasks.denoising.neighbours.by_threshold import DEVIATIONS

_EMPTY = np.int32(np.iinfo(np.int32).min)
LOWEST = np.float32(-2)  # below every cosine, above the -inf of what is no neighbour


class Brackets:
    """Counts a word's same-label neighbours without listing them.

    Of a word's cosines with n of N words, seen in random order, about K n/N are among its K largest of all, give or
    take four deviations of the hypergeometric distribution. So those ranked surely higher are only counted, those
    surely lower are dropped, and those between are kept: some sqrt(K) cosines a word instead of K. A word for which
    this went wrong, or whose K-th place is a tie, is told as uncertain.

    Attributes:
        low: [N] float32; cosines below it are dropped.
        high: [N] float32; cosines at or above it are counted.
    """

    def __init__(self, words: int, neighbours: int) -> None:
        """Takes N and K."""
        self.low = np.full(words, LOWEST)
        self.high = np.full(words, -LOWEST)
        self._words, self._neighbours = words, neighbours
        self._width = int(1.5 * DEVIATIONS * math.sqrt(neighbours)) + 32
        self._kept = np.full((words, self._width), _EMPTY)
        self._filled = np.zeros(words, dtype=np.int64)
        self._counted = np.zeros(words, dtype=np.int64)
        self._matching = np.zeros(words, dtype=np.int64)
        self._overflown = np.zeros(words, dtype=bool)

    def add(self, first: int, last: int, words: np.ndarray, cosines: np.ndarray, same: np.ndarray) -> None:
        """Takes cosines of known words, none below their `low`.

        Args:
            first: where a range of words begins; threads may add to ranges that do not overlap.
            last: where it ends, not in it.
            words: [n] word of each cosine, from `first` to `last`, in any order.
            cosines: [n] float32.
            same: [n] bool, whether the other word has the word's label.
        """
        sure = cosines >= self.high[words]
        self._counted[first:last] += np.bincount(words[sure] - first, minlength=last - first)
        self._matching[first:last] += np.bincount(words[sure & same] - first, minlength=last - first)
        owners, keys, counts = _grouped(words[~sure] - first, _keys(cosines[~sure], same[~sure]), last - first)
        place = self._filled[first + owners] + _place_in_group(counts)
        fits = place < self._width
        self._kept[first + owners[fits], place[fits]] = keys[fits]
        filled = self._filled[first:last] + counts
        self._overflown[first:last] |= filled > self._width
        self._filled[first:last] = np.minimum(filled, self._width)

    def enter(
        self, first: int, last: int, words: np.ndarray, cosines: np.ndarray, same: np.ndarray, low: np.ndarray
    ) -> None:
        """Takes all cosines of the new words `first` to `last` with the first `last` words.

        Args:
            first: the first of them.
            last: where they end, not in it.
            words: [n] word of each cosine, in any order.
            cosines: [n] float32.
            same: [n] bool, whether the other word has the word's label.
            low: [last - first] float32; cosines below it were left out.
        """
        owners, keys, counts = _grouped(words - first, _keys(cosines, same), last - first)
        table = np.full((last - first, int(counts.max(initial=1))), _EMPTY)
        table[owners, _place_in_group(counts)] = keys
        self.low[first:last] = low
        self._narrow(slice(first, last), table, counts, last)

    def narrow(self, seen: int) -> None:
        """Tightens the brackets of the first `seen` words, each of which has seen as many."""
        for first in range(0, seen, 4096):
            part = slice(first, min(first + 4096, seen))
            self._narrow(part, self._kept[part], self._filled[part], seen)

    def _narrow(self, part: slice, table: np.ndarray, filled: np.ndarray, seen: int) -> None:
        """Counts what is surely among the K largest, drops what surely is not, and keeps the rest of `table`."""
        keys = np.sort(table, axis=1)[:, ::-1]
        surely, possibly = self._ranks(seen)
        counted = np.clip(surely - self._counted[part], 0, filled)
        kept = np.clip(possibly - self._counted[part] - counted, 0, np.minimum(filled - counted, self._width))
        end = counted + kept
        rows, places = np.arange(len(keys)), np.arange(self._width)
        self._counted[part] += counted
        self._matching[part] += _matching_among(keys, counted)
        lowest_counted = _cosines(keys[rows, np.maximum(counted - 1, 0)])
        self.high[part] = np.where(counted > 0, lowest_counted, self.high[part])
        lowest_kept = _cosines(keys[rows, np.maximum(end - 1, 0)])
        self.low[part] = np.where((end > 0) & (end < filled), lowest_kept, self.low[part])
        columns = np.minimum(counted[:, None] + places, keys.shape[1] - 1)
        self._kept[part] = np.where(places < kept[:, None], np.take_along_axis(keys, columns, axis=1), _EMPTY)
        self._filled[part] = kept

    def _ranks(self, seen: int) -> tuple[int, int]:
        """The ranks among the `seen` cosines down to which they are surely, and possibly, among the K largest."""
        share = seen / self._words
        mean = self._neighbours * share
        slack = DEVIATIONS * math.sqrt(mean * (1 - share)) + 1
        return max(0, math.floor(mean - slack)), math.ceil(mean + slack)

    def matching(self) -> tuple[np.ndarray, np.ndarray]:
        """After all cosines: [N] int64 same-label words among the K nearest, and [N] bool whether that is certain."""
        missing = self._neighbours - self._counted
        certain = ~self._overflown & (missing >= 0) & (missing <= self._filled)
        missing = np.clip(missing, 0, self._filled)
        keys = np.sort(self._kept, axis=1)[:, ::-1]
        rows = np.arange(len(keys))
        last = keys[rows, np.maximum(missing - 1, 0)] >> 1
        following = keys[rows, np.minimum(missing, self._width - 1)] >> 1
        # Of several words at the K-th cosine only some count; which ones is not known here.
        tie = (missing > 0) & ((last == following) & (missing < self._width))
        at_the_edge = (missing > 0) & (_cosines(last << 1) <= self.low)
        return self._matching + _matching_among(keys, missing), certain & ~tie & ~at_the_edge


def _keys(cosines: np.ndarray, same: np.ndarray) -> np.ndarray:
    """[n] int32 that sort as the cosines do, with `same` as their last bit.

    The bits of a float sort as an integer once those of negative numbers are turned round. Below 2 the highest bit
    of the exponent is 0, which leaves room for one more.
    """
    bits = (cosines + np.float32(0)).view(np.int32)  # -0.0 becomes 0.0
    ordered = bits ^ ((bits >> 31) & np.int32(0x7FFFFFFF))
    return (ordered << 1) | same.view(np.uint8)


def _cosines(keys: np.ndarray) -> np.ndarray:
    """[n] float32 that `_keys` was made of."""
    ordered = keys >> 1
    return (ordered ^ ((ordered >> 31) & np.int32(0x7FFFFFFF))).view(np.float32)


def _matching_among(keys: np.ndarray, first: np.ndarray) -> np.ndarray:
    """[R] how many of the first keys of each row say `same`."""
    counts: np.ndarray = np.count_nonzero((keys & 1).astype(bool) & (np.arange(keys.shape[1]) < first[:, None]), axis=1)
    return counts


def _grouped(owners: np.ndarray, keys: np.ndarray, groups: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Owners and keys with those of one owner together, and [groups] how many each has."""
    order = np.argsort(owners.astype(np.uint16 if groups <= 1 << 16 else np.int64), kind="stable")
    return owners[order], keys[order], np.bincount(owners, minlength=groups)


def _place_in_group(counts: np.ndarray) -> np.ndarray:
    """[n] 0, 1, 2, ... within each group."""
    return np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
