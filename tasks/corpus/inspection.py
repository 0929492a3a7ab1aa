"""What a person wants to know of a corpus before trusting it: its encoding, its odd characters, its counts."""

import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

from tasks.corpus.compressed import is_compressed, unpacked
from tasks.corpus.corpus import Corpus
from tasks.corpus.docbin import is_docbin
from tasks.corpus.encodings import decoded
from tasks.corpus.formats import CorpusFormat
from tasks.corpus.parquet import is_parquet
from tasks.corpus.visible import character_name, oddness
from tasks.corpus.zipped import is_zip, unzipped
from tasks.words.schemes import is_tag

_LONG_WORD = 30
_PIECES = frozenset('{}[]<>|\\_="')
# Scripts that stand beside each other in one word, as Japanese has them, and letters that belong to none.
_WITH_OTHERS = frozenset({"HIRAGANA", "KATAKANA", "CJK", "KATAKANA-HIRAGANA", "IDEOGRAPHIC", "MODIFIER", "FULLWIDTH"})
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class OddCharacter:
    """A character that is easily overlooked, or a sign of damage.

    Attributes:
        character: the character.
        kind: what is odd about it.
        count: how often it occurs.
        sentence: the sentence in which it occurs first, from 1.
        word: the word there.
    """

    character: str
    kind: str
    count: int
    sentence: int
    word: str

    @property
    def name(self) -> str:
        """Code point and Unicode name."""
        return character_name(self.character)


def odd_characters(sentences: Sequence[Sequence[str]]) -> list[OddCharacter]:
    """Characters of the words that are odd, most frequent first; where each stands first.

    Control, zero-width and direction, private-use and unassigned characters, the replacement character that a broken
    decoding leaves behind, and spaces of any kind inside words.
    """
    counts = Counter(chain.from_iterable(chain.from_iterable(sentences)))
    kinds = {char: kind for char in counts if (kind := oddness(char))}
    first: dict[str, tuple[int, str]] = {}
    if kinds:
        missing = set(kinds)
        for number, sentence in enumerate(sentences, 1):
            for word in sentence if not missing.isdisjoint("".join(sentence)) else ():
                for char in missing.intersection(word):
                    first[char] = (number, word)
                missing -= first.keys()
    found = [OddCharacter(char, kind, counts[char], *first[char]) for char, kind in kinds.items()]
    return sorted(found, key=lambda each: (-each.count, each.character))


def oddest_words(sentences: Sequence[Sequence[str]], most: int) -> list[str]:
    """The words that most look as if something went wrong, those first; none that looks right.

    Tags among the words, words that begin with a combining mark, odd characters, letters of two scripts, pieces of
    JSON, mark-up or tables, and words of more than 30 characters.
    """
    points = {word: _odd_points(word) for word in set(chain.from_iterable(sentences))}
    odd = [word for word, count in points.items() if count]
    return sorted(odd, key=lambda word: (-points[word], -len(word), word))[:most]


def _odd_points(word: str) -> int:
    points = 5 * (len(word) > 2 and is_tag(word)) + 2 * (len(word) > _LONG_WORD)
    points += 2 * (any(char in _PIECES for char in word) and any(map(str.isalpha, word)))
    if word.isascii():
        return points + 3 * (not word.isprintable())
    scripts = {unicodedata.name(char, "").partition(" ")[0] for char in word if char.isalpha()}
    mixed = len(scripts - _WITH_OTHERS) > 1
    return points + 4 * unicodedata.category(word[0]).startswith("M") + 3 * any(map(oddness, word)) + 3 * mixed


def encoding_remarks(content: bytes, name: str, format: CorpusFormat) -> list[str]:
    """What reading a file changed: gzip, zip, encoding, byte order mark, line ends, Unicode normalisation.

    Args:
        content: the file's bytes, which can be read in that format.
        name: what to call the file in an error.
        format: how it is read.
    """
    remarks = ["gzip, unpacked"] if is_compressed(content) else []
    content = unpacked(content, name)
    if is_zip(content):
        content, member = unzipped(content, name, format.member)
        remarks.append(f"zip, {member} unpacked")
    if is_parquet(content) or is_docbin(content):
        return remarks
    if format.encoding is not None:
        remarks.append(f"converted from {format.encoding}")
    if content.startswith(_BYTE_ORDER_MARK):
        remarks.append("byte order mark, left out")
    if b"\r" in content:
        remarks.append("carriage returns at line ends, left out")
    lines = decoded(content, name, format.encoding).split("\n")
    changed = [number for number, line in enumerate(lines, 1) if not unicodedata.is_normalized("NFC", line)]
    if changed:
        remarks.append(f"{len(changed):,} lines brought to Unicode NFC, first line {changed[0]}")
    return remarks


def entities_by_type(corpus: Corpus) -> dict[str, int]:
    """Number of entities of each type of the label set."""
    begun = Counter(tag[2:] for tag in chain.from_iterable(corpus.tags or []) if tag.startswith("B-"))
    return {name: begun[name] for name in corpus.types}


def longest_sentence(corpus: Corpus) -> tuple[int, int]:
    """Number of the longest sentence, from 1, and of its words; the first of several."""
    lengths = list(map(len, corpus.words))
    longest = max(lengths)
    return lengths.index(longest) + 1, longest


def repeated_sentences(corpus: Corpus) -> int:
    """Sentences whose words came before."""
    return len(corpus.words) - len(set(map(tuple, corpus.words)))
