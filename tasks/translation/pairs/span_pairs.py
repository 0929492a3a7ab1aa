"""Which spans of a sentence and of its translation are each other's translation, by a lexicon and by equal names."""

from collections import defaultdict
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc


@dataclass(frozen=True)
class SpanPair:
    """Word ranges (end exclusive) that translate each other.

    source  range in the source sentence
    target  range in the target sentence
    name    all its words are written alike on both sides, with a capital
    """

    source: tuple[int, int]
    target: tuple[int, int]
    name: bool = False


def lexicon_targets(lexicon: pa.Table, max_rank: int) -> dict[str, frozenset[str]]:
    """Source word -> its translations in lower case, up to `max_rank`, from a `LEXICON` table."""
    kept = lexicon.filter(pc.less_equal(lexicon["rank"], max_rank))
    targets: dict[str, set[str]] = defaultdict(set)
    for source, target in zip(kept["source"].to_pylist(), kept["target"].to_pylist(), strict=True):
        targets[source].add(target.lower())
    return {source: frozenset(found) for source, found in targets.items()}


def word_pairs(
    source: Sequence[str], target: Sequence[str], lexicon: Mapping[str, Set[str]], common: Set[str]
) -> list[SpanPair]:
    """Pairs of single words that translate each other without doubt, in the order of the source.

    First come words written alike on both sides, once in each, with a capital or a digit. Of the other words, one is
    paired with another if the lexicon has them as a translation, and none of the two has a second such partner. A word
    is looked up as written, then in lower case, but all-capital words (US) only as written; the target's case does not
    count.

    Args:
        source: words of the source sentence.
        target: words of its translation.
        lexicon: source word -> translations in lower case.
        common: words that the corpus also writes in lower case. At the start of a sentence these are no names.
    """
    pairs = _written_alike(source, target, common)
    done, taken = {pair.source[0] for pair in pairs}, {pair.target[0] for pair in pairs}
    places: dict[str, list[int]] = defaultdict(list)
    for j, word in enumerate(target):
        if j not in taken:
            places[word.lower()].append(j)
    partners = {
        i: [j for translation in _translations(word, lexicon) for j in places.get(translation, ())]
        for i, word in enumerate(source)
        if i not in done
    }
    wanted = np.bincount([j for found in partners.values() for j in found], minlength=len(target))
    pairs += [
        SpanPair((i, i + 1), (found[0], found[0] + 1))
        for i, found in partners.items()
        if len(found) == 1 and wanted[found[0]] == 1
    ]
    return sorted(pairs, key=lambda pair: pair.source)


def joined_pairs(
    pairs: Sequence[SpanPair],
    source: Sequence[str],
    target: Sequence[str],
    joins: Sequence[bool],
    max_words: int,
) -> list[SpanPair]:
    """Word pairs, some neighbours among them joined into longer spans.

    Two pairs are neighbours if they follow each other in the same order on both sides, with at most one word between
    them on a side, which is paired with nothing and not punctuation (`University of Zurich`, `Universität Zürich`).
    Names without a word between them are always joined, so that `Ada Lovelace` is one span, and so are words with a
    capital, the sentence's first left aside (`European Union`, `Europäische Union`).

    Args:
        pairs: from `word_pairs`.
        source: words of the source sentence.
        target: words of its translation.
        joins: for each pair, whether to join it to the one before, if they are neighbours.
        max_words: most words of a span, on each side.
    """
    linked = {pair.target[0] for pair in pairs}
    spans: list[SpanPair] = []
    for pair, join in zip(pairs, joins, strict=True):
        last = spans[-1] if spans else None
        if last is not None and _fits(last, pair, source, target, linked, max_words):
            adjacent = last.source[1] == pair.source[0] and last.target[1] == pair.target[0]
            name = last.name and pair.name and adjacent
            capitals = adjacent and last.source[0] > 0 and _capital(source, last) and _capital(source, pair)
            if name or capitals or join:
                spans[-1] = SpanPair((last.source[0], pair.source[1]), (last.target[0], pair.target[1]), name)
                continue
        spans.append(pair)
    return spans


def _written_alike(source: Sequence[str], target: Sequence[str], common: Set[str]) -> list[SpanPair]:
    in_source, in_target = _single_places(source), _single_places(target)
    pairs = []
    for word, i in in_source.items():
        j = in_target.get(word)
        capital = word[0].isupper()
        if j is None or not (any(c.isupper() or c.isdigit() for c in word)):
            continue
        starts = i == 0 or j == 0
        pairs.append(SpanPair((i, i + 1), (j, j + 1), capital and not (starts and word.lower() in common)))
    return pairs


def _single_places(words: Sequence[str]) -> dict[str, int]:
    """Words that occur once, and where."""
    places: dict[str, int] = {}
    for i, word in enumerate(words):
        places[word] = -1 if word in places else i
    return {word: i for word, i in places.items() if i >= 0}


def _translations(word: str, lexicon: Mapping[str, Set[str]]) -> Set[str]:
    found = lexicon.get(word)
    if found is None and not (len(word) > 1 and word.isupper()):
        found = lexicon.get(word.lower())
    return found or frozenset()


def _capital(words: Sequence[str], pair: SpanPair) -> bool:
    return all(words[i][0].isupper() for i in range(*pair.source))


def _fits(
    last: SpanPair,
    pair: SpanPair,
    source: Sequence[str],
    target: Sequence[str],
    linked: Set[int],
    max_words: int,
) -> bool:
    between = range(last.source[1], pair.source[0]), range(last.target[1], pair.target[0])
    return (
        pair.target[0] >= last.target[1]
        and all(len(gap) <= 1 for gap in between)
        and pair.source[1] - last.source[0] <= max_words
        and pair.target[1] - last.target[0] <= max_words
        and all(source[i][0].isalpha() for i in between[0])
        and all(target[j][0].isalpha() and j not in linked for j in between[1])
    )
