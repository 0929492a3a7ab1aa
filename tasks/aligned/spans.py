"""Carry entities over to a translation along the links between words.

An entity stands where its words have links to, from the first to the last of them. Links between a word and a sign
without letter or digit do not count. Where linked words stand further apart than `max_gap_words` they form groups, and
the group that most words of the entity have links to is taken. Why an entity gets no place, see `REASONS`.
"""

from dataclasses import dataclass

import numpy as np
from pydantic import Field

from artifacts.settings import Settings
from tasks.aligned.links import WordLinks
from tasks.words.columns import ranges
from tasks.words.spans import Spans

# Why an entity has no place in the translation, in the order of the checks: the first that holds is the reason.
REASONS = {
    "unaligned": "no word of the entity has a link",
    "split": "the entity's linked words stand apart in the translation, as many here as there",
    "few_links": "too small a share of the entity's words has a link",
    "too_long": "the entity would have too many words in the translation",
    "interrupted": "between the entity's words in the translation stands a word of another entity",
    "overlap": "the entity shares words in the translation with one that has a larger share of links; of equal shares "
    "one of higher similarity, of equal ones one further left in the source",
}
CODES = ("", *REASONS)
"""The reasons by number; 0: the entity has a place."""


class SpanPlacing(Settings):
    """Where an entity stands in a translation, by the links of its words."""

    max_gap_words: int = Field(
        2,
        ge=0,
        title="Largest gap",
        description="Words without a link to the entity that may stand between two that have one: Parlamento de la "
        "Unión for Union Parliament.",
    )
    min_share: float = Field(
        0.5,
        ge=0,
        le=1,
        title="Smallest share",
        description="Of the entity's words that have a link; with fewer, its ends in the translation are guessed.",
    )
    max_extra_words: int = Field(
        4, ge=0, title="More words", description="That the translation of an entity may have than the entity itself."
    )


@dataclass(frozen=True)
class Placed:
    """Where E entities stand in the translations, whose words are counted over all sentences.

    starts        [E] first word; -1 without a place
    ends          [E] the word behind the last; -1 without a place
    shares        [E] of the entity's words that have a link to it, [0, 1]; 0 if unaligned or split
    similarities  [E] mean of its links' similarities; NaN where none is known
    reasons       [E] place in `CODES`
    """

    starts: np.ndarray
    ends: np.ndarray
    shares: np.ndarray
    similarities: np.ndarray
    reasons: np.ndarray


def place_spans(
    spans: Spans, links: WordLinks, source_wordlike: np.ndarray, target_wordlike: np.ndarray, config: SpanPlacing
) -> Placed:
    """Places entities; see the rules above.

    Args:
        spans: E entities of the source sentences.
        links: between words of source and target sentences.
        source_wordlike: [N] bool, whether a source word has a letter or a digit.
        target_wordlike: [T] bool, whether a target word has.
        config: the rules' numbers.
    """
    entities = len(spans)
    span_of = np.full(len(source_wordlike), -1, dtype=np.int64)
    span_of[ranges(spans.starts, spans.lengths)] = np.repeat(np.arange(entities), spans.lengths)
    counts = (span_of[links.source] >= 0) & (source_wordlike[links.source] == target_wordlike[links.target])
    owners, sources, targets = span_of[links.source[counts]], links.source[counts], links.target[counts]
    order = np.lexsort((targets, owners))
    owners, sources, targets = owners[order], sources[order], targets[order]
    groups = _groups(owners, targets, config.max_gap_words)
    chosen, tied, linked = _largest(groups, owners, sources, entities)
    starts, ends = np.full(entities, -1), np.full(entities, -1)
    shares, similarities = np.zeros(entities), np.full(entities, np.nan)
    placed = np.flatnonzero(chosen >= 0)
    firsts = np.searchsorted(groups, chosen[placed])
    lasts = np.searchsorted(groups, chosen[placed], side="right") - 1
    starts[placed], ends[placed] = targets[firsts], targets[lasts] + 1
    shares[placed] = linked[placed] / spans.lengths[placed]
    similarities[placed] = _means(links.similarities[counts][order], firsts, lasts)
    reasons = np.zeros(entities, dtype=np.int64)
    reasons[chosen < 0] = CODES.index("unaligned")
    reasons[tied] = CODES.index("split")

    def drop(which: np.ndarray, reason: str) -> None:
        reasons[which & (reasons == 0)] = CODES.index(reason)

    drop(shares < config.min_share, "few_links")
    drop(ends - starts > spans.lengths + config.max_extra_words, "too_long")
    drop(_interrupted(starts, ends, reasons == 0, owners, targets, len(target_wordlike)), "interrupted")
    drop(_lose_an_overlap(starts, ends, reasons == 0, shares, similarities, len(target_wordlike)), "overlap")
    lost = reasons > 0
    starts[lost], ends[lost] = -1, -1
    shares[tied], similarities[tied] = 0, np.nan
    return Placed(starts, ends, shares, similarities, reasons)


def _groups(owners: np.ndarray, targets: np.ndarray, gap: int) -> np.ndarray:
    """[L] the group of each link, from 0, ascending: linked words of one entity that stand close together."""
    apart = (np.diff(owners, prepend=-1) != 0) | (np.diff(targets, prepend=0) > gap + 1)
    groups: np.ndarray = np.cumsum(apart) - 1
    return groups


def _largest(
    groups: np.ndarray, owners: np.ndarray, sources: np.ndarray, entities: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Per entity the group that most of its words have links to (-1: none), whether two have equally many, how many."""
    chosen, tied, most = np.full(entities, -1), np.zeros(entities, dtype=bool), np.zeros(entities, dtype=np.int64)
    if not len(groups):
        return chosen, tied, most
    words = int(sources.max()) + 1
    linked = np.bincount(np.unique(groups * words + sources) // words)
    of = owners[np.flatnonzero(np.diff(groups, prepend=-1))]
    ranked = np.lexsort((-linked, of))
    best = np.diff(of[ranked], prepend=-1) != 0
    chosen[of[ranked[best]]] = ranked[best]
    most[of[ranked[best]]] = linked[ranked[best]]
    equal = ranked[~best][linked[ranked[~best]] == most[of[ranked[~best]]]]
    tied[of[equal]] = True
    return chosen, tied, most


def _means(similarities: np.ndarray, firsts: np.ndarray, lasts: np.ndarray) -> np.ndarray:
    """[E] means of similarities[first .. last], NaN left out; NaN of nothing."""
    known = ~np.isnan(similarities)
    sums = np.concatenate([[0], np.cumsum(np.where(known, similarities, 0), dtype=np.float64)])
    numbers = np.concatenate([[0], np.cumsum(known)])
    total, number = sums[lasts + 1] - sums[firsts], numbers[lasts + 1] - numbers[firsts]
    return np.divide(total, number, out=np.full(len(firsts), np.nan), where=number > 0)


def _interrupted(
    starts: np.ndarray, ends: np.ndarray, placed: np.ndarray, owners: np.ndarray, targets: np.ndarray, words: int
) -> np.ndarray:
    """[E] bool: whether a word of the place belongs to other entities alone."""
    own = np.unique(owners * words + targets)
    belongs = np.zeros(words, dtype=bool)
    belongs[targets] = True
    which = np.flatnonzero(placed)
    span = np.repeat(which, ends[which] - starts[which])
    word = ranges(starts[which], ends[which] - starts[which])
    foreign = belongs[word] & ~np.isin(span * words + word, own)
    found = np.zeros(len(starts), dtype=bool)
    found[span[foreign]] = True
    return found


def _lose_an_overlap(
    starts: np.ndarray,
    ends: np.ndarray,
    placed: np.ndarray,
    shares: np.ndarray,
    similarities: np.ndarray,
    words: int,
) -> np.ndarray:
    """[E] bool: whether an entity's place is taken by a better one.

    In each round those stay that are the best of all that share a word with them, and what overlaps them goes.
    """
    rank = np.empty(len(starts), dtype=np.int64)
    rank[np.lexsort((-np.nan_to_num(similarities, nan=-2), -shares))] = np.arange(len(starts))
    lost = np.zeros(len(starts), dtype=bool)
    left = np.flatnonzero(placed)
    while len(left):
        lengths = ends[left] - starts[left]
        word, ranks = ranges(starts[left], lengths), np.repeat(rank[left], lengths)
        best = np.full(words, len(starts))
        np.minimum.at(best, word, ranks)
        # The best rank among all that stand on any of its words; its own, if it stays.
        highest = np.minimum.reduceat(best[word], np.cumsum(lengths) - lengths)
        stays = highest == rank[left]
        taken = np.zeros(words, dtype=bool)
        taken[word[np.repeat(stays, lengths)]] = True
        overlaps = np.logical_or.reduceat(taken[word], np.cumsum(lengths) - lengths)
        lost[left[overlaps & ~stays]] = True
        left = left[~overlaps]
    return lost
