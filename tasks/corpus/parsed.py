"""What every reader gives: the words and tags of a corpus, flat, and where each stands in its file."""

from dataclasses import dataclass

from tasks.corpus.dialects import Dialect


@dataclass(frozen=True)
class Widened:
    """Entities by characters that begin or end inside a word, and were widened to whole words.

    Attributes:
        count: how many.
        entities: of how many.
        first: the first of them, and where; empty if there is none.
    """

    count: int
    entities: int
    first: str = ""


@dataclass(frozen=True)
class Parsed:
    """What a corpus file holds, flat: one entry per word, and the position at which each sentence starts.

    Attributes:
        words: all words.
        tags: the tag of each, as the file writes it; None if the file has none or they were not asked for.
        lines: the line of each, from 1, or the row, from 0; empty for raw text.
        starts: position of each sentence's first word, ascending.
        unit: what `lines` counts: line or row.
        layout: what the reader took for words and tags, in words for a person.
        dialect: how the tags are written; None: as O and B-PER.
        remarks: what a person should know before trusting it.
        splitter: what split its text into words: moses, spaces, characters, or a segmenter; empty: words are given.
        widened: entities that begin or end inside a word; None if they are not given by characters.
    """

    words: list[str]
    tags: list[str] | None
    lines: list[int]
    starts: list[int]
    unit: str = "line"
    layout: str = ""
    dialect: Dialect | None = None
    remarks: tuple[str, ...] = ()
    splitter: str = ""
    widened: Widened | None = None
