"""Phrase pairs that a word alignment allows (Och and Ney, 2004; Koehn et al., 2003), for many sentences at once."""

import numpy as np


def phrase_pairs(
    source_links: np.ndarray,
    target_links: np.ndarray,
    source_sentences: np.ndarray,
    target_sentences: np.ndarray,
    max_words: int,
    unlinked_edges: bool,
) -> np.ndarray:
    """All pairs of a source and a target span with a link between them and no link from either to outside the other.

    Words of several sentences may stand in one row; links are positions in that row.

    Args:
        source_links: [L] int, source word of each link.
        target_links: [L] int, its target word.
        source_sentences: [S] int, sentence of each source word, ascending.
        target_sentences: [T] int, sentence of each target word, ascending.
        max_words: longest span, on either side.
        unlinked_edges: whether a span may begin or end with a word that has no link. The criterion of Koehn et al.
            allows it; without, each source span has at most one target span.

    Returns:
        [P, 4] int64: source start, source end, target start, target end (ends exclusive), in ascending order.
    """
    source_first, source_last = _linked_range(source_links, target_links, len(source_sentences), len(target_sentences))
    target_first, target_last = _linked_range(target_links, source_links, len(target_sentences), len(source_sentences))
    # [max_words, S]: least and greatest target position linked to the n + 1 words from here.
    first, last = _windows(source_first, max_words, np.minimum), _windows(source_last, max_words, np.maximum)
    positions = np.arange(len(source_sentences))
    found = []
    for words in range(1, min(max_words, len(positions)) + 1):
        starts = positions[: len(positions) - words + 1]
        ends = starts + words
        low, high = first[words - 1, starts], last[words - 1, starts]
        kept = (source_sentences[starts] == source_sentences[ends - 1]) & (high >= 0) & (high - low < max_words)
        if not unlinked_edges:
            kept &= (source_last[starts] >= 0) & (source_last[ends - 1] >= 0)
        found.append(np.stack([starts, ends, low, high + 1], axis=1)[kept])
    pairs = np.concatenate([np.zeros((0, 4), dtype=np.int64), *found])
    back = _windows(target_first, max_words, np.minimum), _windows(target_last, max_words, np.maximum)
    words, at = pairs[:, 3] - pairs[:, 2] - 1, pairs[:, 2]
    pairs = pairs[(back[0][words, at] >= pairs[:, 0]) & (back[1][words, at] < pairs[:, 1])]
    if unlinked_edges:
        pairs = _widened(pairs, target_last >= 0, target_sentences, max_words)
    return pairs[np.lexsort(pairs.T[::-1])]


def _linked_range(own: np.ndarray, other: np.ndarray, words: int, other_words: int) -> tuple[np.ndarray, np.ndarray]:
    """First and last position linked to each word; `other_words` and -1 for a word without links."""
    first, last = np.full(words, other_words, dtype=np.int64), np.full(words, -1, dtype=np.int64)
    np.minimum.at(first, own, other)
    np.maximum.at(last, own, other)
    return first, last


def _windows(values: np.ndarray, widest: int, reduce: np.ufunc) -> np.ndarray:
    """[widest, N]: the reduction of the 1, 2, ... values from each place; what reaches past the end is cut off."""
    rows = np.tile(values, (widest, 1))
    for words in range(1, widest):
        rows[words] = rows[words - 1]
        shorter = len(values) - words
        if shorter > 0:
            rows[words, :shorter] = reduce(rows[words - 1, :shorter], values[words:])
    return rows


def _widened(pairs: np.ndarray, linked: np.ndarray, sentences: np.ndarray, max_words: int) -> np.ndarray:
    """Each pair also with every number of neighbouring target words without links."""
    before = _free_run(linked, sentences)
    after = _free_run(linked[::-1], -sentences[::-1])[::-1]
    words = pairs[:, 3] - pairs[:, 2]
    left, right = before[pairs[:, 2]], after[pairs[:, 3] - 1]
    wider = []
    for more_left in range(max_words):
        for more_right in range(max_words - more_left):
            kept = (left >= more_left) & (right >= more_right) & (words + more_left + more_right <= max_words)
            wider.append(pairs[kept] + np.array([0, 0, -more_left, more_right]))
    return np.concatenate(wider)


def _free_run(linked: np.ndarray, sentences: np.ndarray) -> np.ndarray:
    """How many words without links stand directly before each word in its sentence."""
    positions = np.arange(len(linked))
    starts = np.flatnonzero(np.diff(sentences, prepend=sentences[:1] - 1) != 0)
    # A run begins at the start of the sentence, or behind the last linked word.
    begins = np.zeros(len(linked), dtype=np.int64)
    begins[starts] = starts
    behind = np.flatnonzero(linked[:-1]) + 1
    begins[behind] = behind
    run: np.ndarray = positions - np.maximum.accumulate(begins)
    return run
