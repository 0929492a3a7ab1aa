"""Choose among spans that overlap: the surest first, as SpanNER and GLoDe's published code do."""

import numpy as np


def surest_spans(starts: np.ndarray, lengths: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """Which spans are kept when they are gone through from the surest on, and none that overlaps a kept one is.

    It is greedy, not the set of the largest sum. Of equally sure spans the one that begins first goes first, then the
    shorter one. Each round keeps every span that is the surest of all that share a word with it, and drops what
    overlaps; that is the same choice, made for all sentences at once.

    Args:
        starts: [E] first word of each span, counted over all sentences; spans lie within sentences.
        lengths: [E] words, at least 1.
        probabilities: [E] how sure each is.

    Returns:
        [E] bool.
    """
    kept = np.zeros(len(starts), dtype=bool)
    if len(starts) == 0:
        return kept
    ranks = np.empty(len(starts), dtype=np.int64)  # the surest has the highest
    ranks[np.lexsort((lengths, starts, -probabilities))] = np.arange(len(starts))[::-1]
    left = np.arange(len(starts))
    words, longest = int((starts + lengths).max()), int(lengths.max())
    while len(left):
        surest = np.full(words, -1, dtype=np.int64)
        taken = np.zeros(words, dtype=bool)
        for place in range(longest):
            longer = left[lengths[left] > place]
            np.maximum.at(surest, starts[longer] + place, ranks[longer])
        beaten = np.zeros(len(left), dtype=bool)
        for place in range(longest):
            covers = lengths[left] > place
            beaten[covers] |= surest[starts[left[covers]] + place] > ranks[left[covers]]
        chosen = left[~beaten]
        kept[chosen] = True
        for place in range(longest):
            taken[starts[chosen[lengths[chosen] > place]] + place] = True
        free = np.ones(len(left), dtype=bool)
        for place in range(longest):
            covers = lengths[left] > place
            free[covers] &= ~taken[starts[left[covers]] + place]
        left = left[free]
    return kept


def decoded_spans(probabilities: np.ndarray, cells: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The entities that spans' probabilities say: most probably no O, and not beside a surer one.

    Args:
        probabilities: [N, L, K] of the classes, O first.
        cells: [N, L] bool, which cells are spans.

    Returns:
        [E] first words, [E] lengths in words, [E] classes from 1 on; in the order of the text.
    """
    classes = probabilities.argmax(axis=2)
    starts, places = np.nonzero((classes > 0) & cells)
    found = classes[starts, places]
    kept = surest_spans(starts, places + 1, probabilities[starts, places, found])
    return starts[kept], places[kept] + 1, found[kept]
