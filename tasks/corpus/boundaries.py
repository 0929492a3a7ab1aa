"""Sentences that are too long to be one: how they are noticed, and split where a configuration asks for it."""

from collections.abc import Sequence
from itertools import pairwise

from tasks.corpus.parsed import Parsed
from tasks.corpus.sentence_ends import sentence_splitter

_LONG_WORDS = 1000
_ENDS = frozenset(".!?。！？؟।…")


def boundary_remarks(parsed: Parsed) -> list[str]:
    """What to say of sentences of more than 1,000 words, and of a file with one sentence that ends several times."""
    bounds = list(pairwise([*parsed.starts, len(parsed.words)]))
    long = [(start, end) for start, end in bounds if end - start > _LONG_WORDS]
    advice = "set split_sentences: true to split where sentencex finds their ends"
    if long:
        start, end = long[0]
        where = f", the first at {parsed.unit} {parsed.lines[start]}" if parsed.lines else ""
        several = "1 sentence has" if len(long) == 1 else f"{len(long):,} sentences have"
        return [
            f"{several} more than {_LONG_WORDS:,} words{where} ({end - start:,} words); are blank lines between "
            f"sentences missing? {advice}"
        ]
    ends = sum(word in _ENDS for word in parsed.words)
    if len(bounds) == 1 and ends > 1:
        return [
            f"the whole file is 1 sentence, in which {ends:,} words end one; are blank lines between sentences "
            f"missing? {advice}"
        ]
    return []


def split_starts(words: Sequence[str], starts: Sequence[int], language: str) -> list[int]:
    """Where sentences start when each is split at the sentence ends that `sentence_splitter` finds in it.

    Args:
        words: all words.
        starts: position of each sentence's first word.
        language: its abbreviations end no sentence; empty: those of English.
    """
    split = sentence_splitter(language or "en")
    found: list[int] = []
    for start, end in pairwise([*starts, len(words)]):
        found.append(start)
        sentence = words[start:end]
        firsts = {first for first, _ in split(" ".join(sentence))[1:]}
        place = 0
        for position, word in enumerate(sentence, start):
            if place in firsts and position > start:
                found.append(position)
            place += len(word) + 1
    return found
