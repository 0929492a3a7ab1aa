"""Sentence pairs split into words, with the words that translate each other, ready to be marked."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass

from tasks.translation.pairs.cooccurrence import word_associations
from tasks.translation.pairs.span_pairs import SpanPair, joined_pairs, word_pairs
from tasks.translation.pairs.word_places import word_places

Ranges = list[tuple[int, int]]
Splitters = tuple[Callable[[str], list[str]], Callable[[str], list[str]]]


@dataclass(frozen=True)
class Prepared:
    """A sentence pair ready to be marked: texts, words, character ranges of the words, word pairs."""

    pair_id: int
    texts: tuple[str, str]
    words: tuple[list[str], list[str]]
    places: tuple[Ranges, Ranges]
    pairs: list[SpanPair]

    def ranges(self, span: SpanPair) -> tuple[tuple[int, int], tuple[int, int]]:
        """The characters of a span, on both sides."""
        (first, last), (other_first, other_last) = span.source, span.target
        source, target = self.places
        return (source[first][0], source[last - 1][1]), (target[other_first][0], target[other_last - 1][1])

    def texts_of(self, span: SpanPair) -> tuple[str, str]:
        """The text of a span, on both sides."""
        (a, b), (c, d) = self.ranges(span)
        return self.texts[0][a:b], self.texts[1][c:d]


@dataclass(frozen=True)
class Learnt:
    """What a whole parallel text tells of its words.

    splitters     what splits a source sentence, a target sentence, into words
    translations  source word -> translations in lower case
    common        words that stand in it in lower case: none of them is a name
    """

    splitters: Splitters
    translations: Mapping[str, Set[str]]
    common: Set[str]


def learn_translations(
    texts: Iterable[tuple[str, str]],
    splitters: Splitters,
    lexicon: Mapping[str, Set[str]],
    minimum_dice: float | None,
) -> Learnt:
    """Reads a parallel text once.

    Args:
        texts: source and target of each pair.
        splitters: into words.
        lexicon: source word -> translations in lower case.
        minimum_dice: from which on words that come together count as translations; None: never.
    """
    common: set[str] = set()

    def split() -> Iterator[tuple[list[str], list[str]]]:
        for source, target in texts:
            words = splitters[0](source), splitters[1](target)
            common.update(word for side in words for word in side if word.islower())
            yield words

    if minimum_dice is None:
        for _ in split():
            pass
        return Learnt(splitters, lexicon, common)
    found = word_associations(split(), minimum_dice)
    both = {word: lexicon.get(word, frozenset()) | found.get(word, frozenset()) for word in sorted({*lexicon, *found})}
    return Learnt(splitters, both, common)


def prepare_pairs(rows: Iterable[tuple[int, str, str]], learnt: Learnt) -> list[Prepared]:
    """Splits sentence pairs into words and finds the word pairs; a pair whose words are not found in it has none.

    Args:
        rows: pair_id, source, target.
        learnt: of the text that they are of.
    """
    prepared = []
    for pair_id, source, target in rows:
        words = learnt.splitters[0](source), learnt.splitters[1](target)
        places = word_places(source, words[0]), word_places(target, words[1])
        found = places[0] is not None and places[1] is not None
        pairs = word_pairs(*words, learnt.translations, learnt.common) if found else []
        prepared.append(Prepared(pair_id, (source, target), words, (places[0] or [], places[1] or []), pairs))
    return prepared


def names_of(prepared: Sequence[Prepared], max_words: int) -> set[str]:
    """The names that the sentences have on both sides alike, as they are written."""
    names = set()
    for pair in prepared:
        for span in joined_pairs(pair.pairs, *pair.words, [False] * len(pair.pairs), max_words):
            source, target = pair.texts_of(span)
            if span.name and source == target:
                names.add(source)
    return names
