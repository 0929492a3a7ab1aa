"""Where texts stand in sentences, and which of them keep their place when they overlap."""

from dataclasses import dataclass

import numpy as np

from tasks.translation.projection.compared import RawText
from tasks.words.columns import offsets_of, ranges


@dataclass(frozen=True)
class Texts:
    """Different texts to look for, each in one sentence.

    codes    [W] of characters or words, text after text
    lengths  [G] codes of each
    rows     [G] the sentence of each
    """

    codes: np.ndarray
    lengths: np.ndarray
    rows: np.ndarray

    def only(self, which: np.ndarray) -> "Texts":
        """Some of them, by their numbers."""
        lengths = self.lengths[which]
        return Texts(self.codes[ranges(offsets_of(self.lengths)[which], lengths)], lengths, self.rows[which])


@dataclass(frozen=True)
class Places:
    """Where texts were found: [P] number of the text, its first word and the word after it, counted over all."""

    texts: np.ndarray
    starts: np.ndarray
    ends: np.ndarray

    def only(self, which: np.ndarray) -> "Places":
        """Some of them, by a mask or by their numbers."""
        return Places(self.texts[which], self.starts[which], self.ends[which])


def contiguous_places(raw: RawText, texts: Texts) -> Places:
    """Every place where a text stands in its sentence from the beginning of a word to the end of one.

    A word without a code, one of invisible characters, belongs to no place that it would begin or end.

    Args:
        raw: the sentences.
        texts: what to look for; one without a code is nowhere.
    """
    owners, words = _candidates(texts, offsets_of(raw.lengths))
    shown = np.diff(raw.bounds)[words] > 0
    owners, starts = _equal_places(raw, texts, owners[shown], raw.bounds[words[shown]])
    ends = np.searchsorted(raw.bounds, starts + texts.lengths[owners])
    whole = raw.bounds[ends] == starts + texts.lengths[owners]
    begins = np.searchsorted(raw.bounds, starts, side="right") - 1
    return Places(owners[whole], begins[whole], ends[whole])


def stands_anywhere(raw: RawText, texts: Texts) -> np.ndarray:
    """[G] bool, whether a text stands in its sentence, be it from within a word or to within one."""
    owners, starts = _candidates(texts, raw.bounds[offsets_of(raw.lengths)])
    found = np.zeros(len(texts.lengths), dtype=bool)
    found[_equal_places(raw, texts, owners, starts)[0]] = True
    return found


def scattered_places(raw: RawText, texts: Texts, found_share: float) -> tuple[Places, np.ndarray]:
    """From the first to the last word of each text, if enough of its words occur exactly once in its sentence.

    Args:
        raw: the sentences, with a code per word.
        texts: what to look for.
        found_share: how many of its words must occur, (0, 1].

    Returns:
        The places; and [G] bool, whether enough words occur, but not exactly once.
    """
    codes = int(max(raw.codes.max(initial=0), texts.codes.max(initial=0))) + 1
    keys = np.repeat(np.arange(len(raw.lengths)), raw.lengths) * codes + raw.codes
    distinct, first, counts = np.unique(keys, return_index=True, return_counts=True)
    owners = np.repeat(np.arange(len(texts.lengths)), texts.lengths)
    wanted = texts.rows[owners] * codes + texts.codes
    place = np.minimum(np.searchsorted(distinct, wanted), max(len(distinct) - 1, 0))
    there = distinct[place] == wanted if len(distinct) else np.zeros(len(wanted), dtype=bool)
    once = there & (counts[place] == 1) if len(distinct) else there
    enough, enough_anyhow = (_enough(owners[which], texts.lengths, found_share) for which in (once, there))
    low, high = np.full(len(texts.lengths), raw.words), np.full(len(texts.lengths), -1)
    np.minimum.at(low, owners[once], first[place[once]])
    np.maximum.at(high, owners[once], first[place[once]])
    which = np.flatnonzero(enough)
    return Places(which, low[which], high[which] + 1), enough_anyhow & ~enough


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


def _candidates(texts: Texts, offsets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """For each text all positions of its sentence, where those of sentence m are offsets[m] to offsets[m + 1]."""
    counts = np.where(texts.lengths > 0, np.diff(offsets)[texts.rows], 0)
    return np.repeat(np.arange(len(counts)), counts), ranges(offsets[texts.rows], counts)


def _equal_places(raw: RawText, texts: Texts, owners: np.ndarray, starts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Of candidates, a text and a position among the codes each, those where the text stands within its sentence."""
    first_codes = offsets_of(texts.lengths)[:-1]
    sentence_ends = raw.bounds[offsets_of(raw.lengths)[1:]][texts.rows]
    fits = starts + texts.lengths[owners] <= sentence_ends[owners]
    owners, starts = owners[fits], starts[fits]
    # The first code alone leaves few candidates; then one comparison per further code of the longest text.
    for place in range(int(texts.lengths.max(initial=0))):
        compared = np.flatnonzero(texts.lengths[owners] > place)
        if not len(compared):
            break
        same = np.ones(len(owners), dtype=bool)
        same[compared] = raw.codes[starts[compared] + place] == texts.codes[first_codes[owners[compared]] + place]
        owners, starts = owners[same], starts[same]
    return owners, starts


def _enough(found: np.ndarray, lengths: np.ndarray, share: float) -> np.ndarray:
    """[G] bool: whether enough words of each text were found; `found` has the text of each that was."""
    counts = np.bincount(found, minlength=len(lengths))
    # 0.8 * 15 is a little more than 12 in floating point.
    enough: np.ndarray = (counts > 0) & (counts >= share * lengths - 1e-9)
    return enough
