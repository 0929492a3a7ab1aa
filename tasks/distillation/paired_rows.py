"""One epoch over two corpora: every update has as many sentences of one as of the other, of similar length."""

from dataclasses import dataclass

import numpy as np

from tasks.tagging.windows import Windows
from tasks.words.columns import ranges

SOURCE, TARGET, MASKED = 0, 1, 2


@dataclass(frozen=True)
class PairedRows:
    """Rows of a training, each a window; those of a pair are together, and an update has whole pairs.

    kinds    [R] SOURCE, TARGET or MASKED
    windows  [R] number of the window; of MASKED rows the first one of `choices` among `shuffled`
    choices  [R] how many windows a MASKED row is drawn from, 1 for others
    lengths  [R] sub-words of the longest that it may be
    pairs    [R] number of the pair, rising
    """

    kinds: np.ndarray
    windows: np.ndarray
    choices: np.ndarray
    lengths: np.ndarray
    pairs: np.ndarray


def stretched(count: int, pairs: int) -> np.ndarray:
    """[pairs] numbers below `count`, rising: each as often as any other, to within one."""
    return np.arange(pairs) * count // pairs


def by_length(windows: Windows) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The sentences that have words, the shortest first: [M] first window, windows and sub-words of each."""
    starts = np.flatnonzero(np.diff(windows.sentences, prepend=-1))
    counts = np.diff(np.append(starts, len(windows.sentences)))
    subwords = np.add.reduceat(windows.lengths, starts)
    order = np.argsort(subwords, kind="stable")
    return starts[order], counts[order], subwords[order]


def pair_rows(source: Windows, target: Windows | None, masked: Windows | None) -> tuple[PairedRows, np.ndarray]:
    """Pairs sentences by their rank in length: the longest of the source with the longest of the target, and so on.

    An epoch goes through the larger corpus once; sentences of the smaller come as often as it takes. Without target
    sentences it goes through the source. Beside each pair one window of the masked text is drawn, from those of the
    pair's rank if there are more windows than pairs, so that over the epochs all have their turn.

    Args:
        source: with labels.
        target: with pseudo-labels; None: the source alone is learnt.
        masked: text to hide sub-words of; None: nothing is hidden.

    Returns:
        The rows, and the windows of the masked text, the shortest first, in which MASKED rows count.
    """
    corpora = [(SOURCE, by_length(source), source)]
    if target is not None:
        corpora.append((TARGET, by_length(target), target))
    pairs = max(len(starts) for _, (starts, _, _), _ in corpora)
    parts = []
    for kind, (starts, counts, _), windows in corpora:
        ranks = stretched(len(starts), pairs)
        rows = ranges(starts[ranks], counts[ranks])
        pair = np.repeat(np.arange(pairs), counts[ranks])
        parts.append((np.full(len(rows), kind), rows, np.ones_like(rows), windows.lengths[rows], pair))
    shuffled = np.empty(0, dtype=np.int64)
    if masked is not None:
        shuffled = np.argsort(masked.lengths, kind="stable")
        firsts = stretched(len(shuffled), pairs)
        choices = np.maximum(np.append(firsts[1:], len(shuffled)) - firsts, 1)
        longest = masked.lengths[shuffled[firsts + choices - 1]]
        parts.append((np.full(pairs, MASKED), firsts, choices, longest, np.arange(pairs)))
    kinds, rows, choices, lengths, pair = (np.concatenate(each) for each in zip(*parts, strict=True))
    order = np.argsort(pair, kind="stable")
    return PairedRows(kinds[order], rows[order], choices[order], lengths[order], pair[order]), shuffled
