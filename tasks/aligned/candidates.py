"""Spans of a translation in which an entity may stand, of which the translator is to say which is the best."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from pydantic import Field

from artifacts.settings import Settings
from tasks.aligned.links import WordLinks
from tasks.words.columns import offsets_of, ranges
from tasks.words.spans import Spans

Ranking = Literal["unplaced", "all"]


class CandidateSpans(Settings):
    """Which spans of a translation are candidates."""

    max_extra_words: int = Field(
        4, ge=0, title="More words", description="That a candidate may have than the entity itself."
    )
    max_candidates: int = Field(
        100,
        ge=1,
        title="Most candidates",
        description="Of an entity; those that word alignment says least for are left out, and counted.",
    )


@dataclass(frozen=True)
class Candidates:
    """Spans of translations whose words are counted over all sentences, by entity, nearest to word alignment first.

    entities  [C] int, the entity of each, ascending
    starts    [C] its first word
    ends      [C] the word behind its last
    left_out  [E] int, candidates of each entity that are too many
    """

    entities: np.ndarray
    starts: np.ndarray
    ends: np.ndarray
    left_out: np.ndarray


def candidate_spans(
    spans: Spans,
    asked: np.ndarray,
    lengths: np.ndarray,
    usable: tuple[np.ndarray, np.ndarray],
    links: WordLinks,
    config: CandidateSpans,
    linked_only: bool,
) -> Candidates:
    """Candidates of entities: spans that begin and end with a word, and hold no word that belongs to another entity.

    Those that have words with links to the entity come first, then those with about as many words as it has, then those
    further left.

    Args:
        spans: E entities of the source sentences.
        asked: [E] bool, for which there are to be candidates.
        lengths: [M] words of each translation.
        usable: [T] bool, whether a target word has a letter or a digit; [T] bool, whether it is free.
        links: between words of source and target sentences; signs are not linked to words.
        config: how long and how many.
        linked_only: whether an entity that has links has only candidates with a word that is linked to it.
    """
    wordlike, free = usable
    ends_of = offsets_of(lengths)[1:]
    which = np.flatnonzero(asked)
    words = lengths[spans.rows[which]]
    entity = np.repeat(which, words)
    start = ranges(ends_of[spans.rows[which]] - words, words)
    begins = wordlike[start] & free[start]
    entity, start = entity[begins], start[begins]
    longest = spans.lengths[entity] + config.max_extra_words
    counts = np.minimum(longest, ends_of[spans.rows[entity]] - start)
    entity, start = np.repeat(entity, counts), np.repeat(start, counts)
    end = ranges(np.ones(len(counts), dtype=np.int64), counts) + start
    taken = offsets_of(~free)
    fits = wordlike[end - 1] & (taken[end] == taken[start])
    entity, start, end = entity[fits], start[fits], end[fits]

    linked = _linked_words(spans, links, len(wordlike))
    size = len(wordlike) + 1
    has_link = np.searchsorted(linked, entity * size + end) > np.searchsorted(linked, entity * size + start)
    if linked_only:
        with_links = np.zeros(len(spans), dtype=bool)
        with_links[linked // size] = True
        kept = has_link | ~with_links[entity]
        entity, start, end, has_link = entity[kept], start[kept], end[kept], has_link[kept]
    order = np.lexsort((start, np.abs(end - start - spans.lengths[entity]), ~has_link, entity))
    entity, start, end = entity[order], start[order], end[order]
    total = np.bincount(entity, minlength=len(spans))
    kept = ranges(np.zeros(len(total), dtype=np.int64), total) < config.max_candidates
    return Candidates(entity[kept], start[kept], end[kept], np.maximum(total - config.max_candidates, 0))


def _linked_words(spans: Spans, links: WordLinks, words: int) -> np.ndarray:
    """[L] ascending, entity * (words + 1) + target word, for every target word that is linked to an entity."""
    span_of = np.full(max(int(spans.ends.max(initial=0)), int(links.source.max(initial=-1)) + 1), -1, dtype=np.int64)
    span_of[ranges(spans.starts, spans.lengths)] = np.repeat(np.arange(len(spans)), spans.lengths)
    owners = span_of[links.source]
    found: np.ndarray = np.unique(owners[owners >= 0] * (words + 1) + links.target[owners >= 0])
    return found
