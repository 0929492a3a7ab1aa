"""Where texts stand in sentences, and which of them keep their place when they overlap."""

from dataclasses import dataclass

import numpy as np

from tasks.words.columns import offsets_of, ranges


@dataclass(frozen=True)
class Texts:
    """Different texts to look for, each in one sentence.

    words    [W] word codes, text after text
    lengths  [G] words of each, at least 1
    rows     [G] the sentence of each
    """

    words: np.ndarray
    lengths: np.ndarray
    rows: np.ndarray


@dataclass(frozen=True)
class Places:
    """Where texts were found: [P] number of the text, its first word and the word after it, counted over all."""

    texts: np.ndarray
    starts: np.ndarray
    ends: np.ndarray

    def only(self, which: np.ndarray) -> "Places":
        """Some of them, by a mask or by their numbers."""
        return Places(self.texts[which], self.starts[which], self.ends[which])


def contiguous_places(words: np.ndarray, lengths: np.ndarray, texts: Texts) -> Places:
    """Every place where a text's words stand one after another in its sentence.

    Args:
        words: [N] word codes, sentences one after another.
        lengths: [M] words of each sentence.
        texts: what to look for.
    """
    first_words = offsets_of(texts.lengths)[:-1]
    counts = np.maximum(lengths[texts.rows] - texts.lengths + 1, 0)
    owners = np.repeat(np.arange(len(counts)), counts)
    starts = ranges(offsets_of(lengths)[texts.rows], counts)
    # The first word alone leaves few candidates; then one comparison per further word of the longest text.
    for word in range(int(texts.lengths.max(initial=0))):
        compared = np.flatnonzero(texts.lengths[owners] > word)
        same = np.ones(len(owners), dtype=bool)
        same[compared] = words[starts[compared] + word] == texts.words[first_words[owners[compared]] + word]
        owners, starts = owners[same], starts[same]
    return Places(owners, starts, starts + texts.lengths[owners])


def scattered_places(words: np.ndarray, lengths: np.ndarray, texts: Texts, found_share: float) -> Places:
    """From the first to the last word of each text, if enough of its words occur exactly once in its sentence.

    Args:
        words: [N] word codes, sentences one after another.
        lengths: [M] words of each sentence.
        texts: what to look for.
        found_share: how many of its words must occur, (0, 1].
    """
    codes = int(max(words.max(initial=0), texts.words.max(initial=0))) + 1
    keys = np.repeat(np.arange(len(lengths)), lengths) * codes + words
    distinct, first, counts = np.unique(keys, return_index=True, return_counts=True)
    owners = np.repeat(np.arange(len(texts.lengths)), texts.lengths)
    wanted = texts.rows[owners] * codes + texts.words
    place = np.minimum(np.searchsorted(distinct, wanted), max(len(distinct) - 1, 0))
    once = (distinct[place] == wanted) & (counts[place] == 1) if len(distinct) else np.zeros(len(wanted), dtype=bool)
    found = np.bincount(owners[once], minlength=len(texts.lengths))
    # 0.8 * 15 is a little more than 12 in floating point.
    enough = np.flatnonzero((found > 0) & (found >= found_share * texts.lengths - 1e-9))
    low, high = np.full(len(texts.lengths), len(words)), np.full(len(texts.lengths), -1)
    np.minimum.at(low, owners[once], first[place[once]])
    np.maximum.at(high, owners[once], first[place[once]])
    return Places(enough, low[enough], high[enough] + 1)


def choose_places(
    places: Places, rows: np.ndarray, wanted: np.ndarray, words: int, *, more: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Gives words to places, in each sentence to the longest first, then from the left; no word twice.

    Args:
        places: where texts were found.
        rows: [G] the sentence of each text.
        wanted: [G] how many places each text is to have.
        words: number of words of all sentences.
        more: whether a text gets further places that are free.

    Returns:
        chosen: [P] int, how many places its text had before, for a place that got its words; -1 for others.
        blocked: [P] bool, whether the place was refused because of a word that another had.
    """
    chosen, blocked = np.full(len(places.texts), -1, dtype=np.int64), np.zeros(len(places.texts), dtype=bool)
    sentence = rows[places.texts]
    order = np.lexsort((places.starts, places.starts - places.ends, sentence))
    new = np.append(True, np.diff(sentence[order]) != 0)[: len(order)]
    begin = np.flatnonzero(new)
    turn = np.arange(len(order)) - np.repeat(begin, np.diff(np.append(begin, len(order))))
    by_turn = order[np.argsort(turn, kind="stable")]
    taken, had = np.zeros(words, dtype=bool), np.zeros(len(rows), dtype=np.int64)
    # One place of every sentence at a time; as many rounds as the sentence with most places has.
    for now in np.split(by_turn, np.cumsum(np.bincount(turn))[:-1]) if len(order) else ():
        text = places.texts[now]
        spans = places.ends[now] - places.starts[now]
        busy = np.logical_or.reduceat(taken[ranges(places.starts[now], spans)], offsets_of(spans)[:-1])
        asked = more | (had[text] < wanted[text])
        blocked[now] = asked & busy
        kept = now[asked & ~busy]
        chosen[kept] = had[places.texts[kept]]
        had[places.texts[kept]] += 1
        taken[ranges(places.starts[kept], places.ends[kept] - places.starts[kept])] = True
    return chosen, blocked
