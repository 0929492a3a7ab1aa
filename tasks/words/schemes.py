"""Tagging schemes: IOB1, IOB2 and BIOES tags, told apart, checked, and turned into IOB2.

All work is done on the tags of a whole corpus in one flat list, with the position at which each sentence starts.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

Scheme = Literal["iob1", "iob2", "bioes"]

# BILOU writes L for E and U for S; BMES writes M for I.
_BEGINS, _CONTINUES = "BSU", "IELM"
_ENDS = "SUEL"
_ONLY_BIOES = frozenset("SUELM")


class TagError(ValueError):
    """A tag that its scheme does not allow.

    Attributes:
        position: where it stands in the flat list of tags.
        reason: what is wrong and what to do, to follow the name of the place.
    """

    def __init__(self, position: int, reason: str) -> None:
        """Keeps place and reason apart, so that a reader can name file and line."""
        super().__init__(f"tag {position}: {reason}")
        self.position = position
        self.reason = reason


@dataclass(frozen=True)
class _Parsed:
    """Flat tags as numbers: letter of the prefix, type id (-1 for O), and whether the tag continues an entity."""

    prefixes: np.ndarray
    types: np.ndarray
    continues: np.ndarray
    type_names: list[str]


def is_tag(text: str) -> bool:
    """Whether a string is a tag of one of the schemes: O, or a prefix, a hyphen, and a type."""
    prefix, hyphen, name = text[:1], text[1:2], text[2:]
    shaped = prefix in _BEGINS + _CONTINUES and hyphen == "-" and name != ""
    return text == "O" or (shaped and not any(char.isspace() for char in name))


def detect_scheme(tags: Sequence[str], starts: np.ndarray) -> Scheme:
    """The scheme of a corpus, from all its tags.

    Prefixes that only BIOES (or BILOU, BMES) has decide for it. Else an I- that continues nothing (after O, after
    another type, or at a sentence's start) means IOB1, where it begins an entity; without any, the tags are IOB2.
    Silver corpora mix B- with such an I-; read as IOB1 they keep their entities, as seqeval and conlleval count them.

    Args:
        tags: valid tags of all sentences, one after the other.
        starts: position of each sentence's first tag, ascending.
    """
    if any(tag[0] in _ONLY_BIOES for tag in set(tags)):
        return "bioes"
    parsed = _parse(tags, starts)
    stray = (parsed.prefixes == ord("I")) & ~parsed.continues
    return "iob1" if stray.any() else "iob2"


def flat_to_iob2(tags: Sequence[str], starts: np.ndarray, scheme: Scheme) -> list[str]:
    """Turns the tags of a corpus into IOB2; what is IOB2 already is only checked.

    Args:
        tags: tags of all sentences, one after the other.
        starts: position of each sentence's first tag, ascending.
        scheme: what the tags are written in.

    Returns:
        As many tags, IOB2.

    Raises:
        TagError: at the first tag that is no tag, that its scheme does not have, or that continues an entity where
            none is open. In IOB1 an I- may stand anywhere. A BIOES entity that is begun and never ended is accepted.
    """
    _check_prefixes(tags, scheme)
    parsed = _parse(tags, starts)
    inside = np.isin(parsed.prefixes, [ord(letter) for letter in _CONTINUES])
    stray = np.flatnonzero(inside & ~parsed.continues)
    if scheme != "iob1" and len(stray):
        raise TagError(int(stray[0]), _stray_reason(tags, starts, int(stray[0]), scheme))
    begins = (parsed.types >= 0) & ~(inside & parsed.continues)
    rewritten = ["O", *(f"{prefix}-{name}" for name in parsed.type_names for prefix in "BI")]
    ids = np.where(parsed.types < 0, 0, 1 + 2 * parsed.types + ~begins)
    return [rewritten[label] for label in ids.tolist()]


def to_iob2(tags: Sequence[str], scheme: Scheme) -> list[str]:
    """Turns the tags of one sentence into IOB2; see `flat_to_iob2`."""
    return flat_to_iob2(tags, np.array([0]), scheme)


def _parse(tags: Sequence[str], starts: np.ndarray) -> _Parsed:
    distinct = sorted(set(tags))
    type_names = sorted({tag[2:] for tag in distinct if tag != "O"})
    number = {tag: row for row, tag in enumerate(distinct)}
    rows = np.fromiter((number[tag] for tag in tags), dtype=np.int64, count=len(tags))
    prefixes = np.array([ord(tag[0]) for tag in distinct], dtype=np.int64)[rows]
    types = np.array([-1 if tag == "O" else type_names.index(tag[2:]) for tag in distinct], dtype=np.int64)[rows]
    # A tag continues an entity if the word before it, in the same sentence, has its type and did not end there.
    ended = np.isin(prefixes, [ord(letter) for letter in _ENDS])
    open_before = np.full(len(tags), -1, dtype=np.int64)
    open_before[1:] = np.where(ended[:-1], -1, types[:-1])
    open_before[starts[starts < len(tags)]] = -1
    return _Parsed(prefixes, types, (types >= 0) & (open_before == types), type_names)


def _check_prefixes(tags: Sequence[str], scheme: Scheme) -> None:
    wrong = {tag: "is no tag" for tag in set(tags) if not is_tag(tag)}
    if scheme != "bioes":
        wrong |= {tag: "is a BIOES tag" for tag in set(tags) - wrong.keys() if tag[0] in _ONLY_BIOES}
    if not wrong:
        return
    position = next(place for place, tag in enumerate(tags) if tag in wrong)
    tag = tags[position]
    if wrong[tag] == "is no tag":
        raise TagError(position, f"{tag!r} is no tag; expected O or a prefix and a type such as B-PER; fix the line")
    raise TagError(position, f"tag {tag!r} does not exist in {scheme}; fix the line or set scheme: bioes")


def _stray_reason(tags: Sequence[str], starts: np.ndarray, position: int, scheme: Scheme) -> str:
    tag = tags[position]
    before = "at the start of a sentence" if position in starts else f"after {tags[position - 1]!r}"
    expected = f"'B-{tag[2:]}' or 'I-{tag[2:]}' before it"
    if scheme == "bioes":
        return f"tag {tag!r} {before} continues no entity; expected {expected}; fix the line"
    return f"tag {tag!r} {before} is not valid in {scheme}; expected {expected}; fix the line or set scheme: iob1"
