"""Put entities between markers, and read them back from what a translator made of the sentence (CROP, 3.3).

slot       Ada wohnt in Ulm .     ->  __SLOT0__ Ada __SLOT0__ wohnt in __SLOT1__ Ulm __SLOT1__ .
xml        Ada wohnt in Ulm .     ->  <a>Ada</a> wohnt in <b>Ulm</b>.
brackets   Ada wohnt in Ulm .     ->  [Ada] wohnt in [Ulm].

Slots are numbered from 0, tags lettered from a, in the order of the source sentence; a space stands on both sides of
each slot. The number tells the type: a translation may put the entities in another order. Brackets have no number: they
are read by `tasks.translation.marked.brackets`.
"""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from pydantic import Field

from artifacts.settings import Settings
from tasks.words.spans import spans_of

NumberedForm = Literal["slot", "xml"]
MarkerForm = Literal["slot", "xml", "brackets"]

MARKER = "__SLOT{}__"
PAPER_MARKERS = 10
MAX_MARKERS = 14  # the published code's

# Why a translation is dropped, in the order in which it is checked: the first that holds is the reason.
REASONS = {
    "too_many_entities": "the source has more entities than there are markers; it was not translated",
    "no_output": "the translator gave no word back, or the sentence was too long for it",
    "repetition": "the output repeats the same words over and over",
    "marker_broken": "a marker is so damaged that its number cannot be read, or a bracket stands without its other",
    "marker_invented": "a marker's number does not exist in the source, or there are more brackets than in the source",
    "marker_doubled": "a marker stands there more than twice",
    "marker_lost": "a marker stands there once or not at all, or there are fewer brackets than in the source",
    "markers_crossed": "two entities overlap: a b a b",
    "markers_nested": "an entity lies inside another: a b b a",
    "empty_entity": "no word stands between the two markers of an entity",
    "entity_unmatched": "entities have several types, and what stands between brackets is like too few of them to tell "
    "which is which",
    "entity_ambiguous": "entities have several types, and what stands between brackets is as much like another of them",
    "too_long": "the translation has too many words",
    "wrong_language": "the translation is not in the target language",
}

# Opening and closing ones: square, also full-width or as HTML writes them; what else translators write in their place.
SQUARE_BRACKETS = (r"\[|［|&#91;|&lsqb;", r"\]|］|&#93;|&rsqb;")
OTHER_BRACKETS = ("【", "】")

# What translators and tokenisers make of a marker: other case, spaces between its parts, one underscore of two lost,
# full-width underscores, digits of another script. `int` reads all digits that \d matches.
_SLOT = r"(?:[_＿]\s?){1,2}SLOT\s?(?P<name>\d{1,9})(?:\s?[_＿]){1,2}"
# The same of tags, and letters of another script that look alike, and brackets as HTML writes them.
_TAG = r"(?:[<＜]|&lt;)\s?(?P<slash>/?)\s?(?P<name>[a-nасе])\s?(?:[>＞]|&gt;)"
_MARKER = {"slot": re.compile(_SLOT, re.IGNORECASE), "xml": re.compile(_TAG, re.IGNORECASE)}
_REST_OF_MARKER = {
    "slot": re.compile(r"[_＿]\s?SLOT|SLOT\s?\d*\s?[_＿]", re.IGNORECASE),
    "xml": re.compile(r"(?:[<＜]|&lt;)\s?/?\s?[a-nасе](?!\w)|(?<!\w)[a-nасе]\s?(?:[>＞]|&gt;)", re.IGNORECASE),
    "brackets": re.compile("|".join((*SQUARE_BRACKETS, *OTHER_BRACKETS))),
}
_EXACT_MARKER = {
    "slot": re.compile(r" *(__SLOT\d+__) *"),
    "xml": re.compile(r"</?[a-n]>"),
    "brackets": re.compile(r"[\[\]]"),
}
_LETTERS = "abcdefghijklmn"
# The last three are other cases of such letters to a pattern that ignores it, and not to `lower`.
_LATIN = str.maketrans("асеАСЕ\u1c83\u0130\u0131", "aceacecii")


class Marking(Settings):
    """How entities are put between markers."""

    max_entities: int = Field(
        PAPER_MARKERS,
        ge=1,
        le=MAX_MARKERS,
        title="Most entities",
        description="Sentences with more entities are not translated; each entity needs a marker of its own (paper: "
        "10, published code: 14), which the translator must have learnt: as many as its training pairs have spans.",
    )
    form: MarkerForm = Field(
        "slot",
        title="Form",
        description="slot: __SLOT0__ on both sides (CROP), which translators that are trained here know; xml: <a> and "
        "</a>, for translators that keep tags; brackets: [ and ] (EasyProject), for those that keep brackets; entities "
        "are then translated by themselves, too, to tell which is which.",
    )


@dataclass(frozen=True)
class Read:
    """A translation after its markers are read: words and IOB2 tags if kept; else both empty, and the reason.

    `mended` counts markers that were read in spite of damage; `entities` are those of the source, by number, in the
    order of the translation.
    """

    words: list[str] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)
    reason: str = ""
    mended: int = field(default=0, compare=False)
    entities: list[int] = field(default_factory=list, compare=False)


@dataclass(frozen=True)
class Pieces:
    """An output cut at its markers.

    Attributes:
        numbers: of the markers, in the order of the output.
        segments: words before, between and after the markers; one list more than there are markers.
        text: the output without its markers.
        broken: whether a remainder of a marker stands among the words, or a tag closes before it opens, or a bracket
            has no other.
        mended: how many markers are damaged, and read all the same.
    """

    numbers: list[int]
    segments: list[list[str]]
    text: str
    broken: bool
    mended: int = 0

    def enclosed(self) -> "Pieces":
        """The same words as one entity of number 0."""
        return Pieces([0, 0], [[], [word for segment in self.segments for word in segment], []], self.text, self.broken)

    def tokens(self) -> list[str]:
        """All words and markers, in order."""
        tokens = list(self.segments[0])
        for number, segment in zip(self.numbers, self.segments[1:], strict=True):
            tokens += [MARKER.format(number), *segment]
        return tokens


def mark(
    words: Sequence[str],
    tags: Sequence[str],
    detokenize: Callable[[Sequence[str]], str],
    max_entities: int,
    form: MarkerForm = "slot",
) -> str | None:
    """The sentence as text, its entities between markers.

    A sentence whose own words look like a marker has its underscores turned into hyphens, or what is around a tag, or
    its square brackets, into round ones.

    Args:
        words: of the sentence.
        tags: one IOB2 tag per word.
        detokenize: from `tasks.translation.marked.moses.detokenizer`; it sees the markers as words, so that a quotation
            that is opened before an entity is closed after it.
        max_entities: how many markers there are.
        form: of the markers.

    Returns:
        The marked text; None if there are more than `max_entities` entities.
    """
    spans = spans_of(tags)
    if len(spans) > max_entities:
        return None
    if _REST_OF_MARKER[form].search(" ".join(words)):
        words = [_harmless(word, form) for word in words]
    tokens: list[str] = []
    done = 0
    for number, (start, end, _) in enumerate(spans):
        opening, closing = _markers(number, form)
        tokens += [*words[done:start], opening, *words[start:end], closing]
        done = end
    text = detokenize([*tokens, *words[done:]])
    if not spans:
        return text
    if form == "xml":
        return re.sub(r" +(?=</[a-n]>)", "", re.sub(r"(?<=<[a-n]>) +", "", text))
    if form == "brackets":
        return re.sub(r" +(?=\])", "", re.sub(r"(?<=\[) +", "", text))
    return _EXACT_MARKER["slot"].sub(r" \1 ", text).replace("  ", " ").strip()


def markers_in(marked: str, form: MarkerForm = "slot") -> int:
    """Number of markers, whole ones only, in a text that `mark` made."""
    return len(_EXACT_MARKER[form].findall(marked))


def form_of(text: str) -> NumberedForm:
    """The form of the markers in a text, for readers that are not told; brackets may be text."""
    return "xml" if _EXACT_MARKER["xml"].search(text) and not _MARKER["slot"].search(text) else "slot"


def cut(output: str, split: Callable[[str], list[str]], form: NumberedForm = "slot") -> Pieces:
    """Cuts an output at its markers and splits what is between them into words.

    Each segment is split on its own, so an entity's end is always a word's end. Markers are read in spite of damage:
    other case, a space between the parts, one underscore of two, digits or letters of another script; a tag that is to
    close, without its slash.
    """
    numbers: list[int] = []
    parts: list[str] = []
    end = mended = 0
    broken = False
    for found in _MARKER[form].finditer(output):
        parts.append(output[end : found.start()])
        end = found.end()
        number = _number(found["name"], form)
        expected = _markers(number, form)[number in numbers] if number < MAX_MARKERS else ""
        broken |= form == "xml" and bool(found["slash"]) and number not in numbers
        mended += found[0] != expected
        numbers.append(number)
    parts.append(output[end:])
    broken |= any(_REST_OF_MARKER[form].search(part) for part in parts)
    return Pieces(numbers, [split(part) for part in parts], " ".join(parts), broken, mended)


def marker_fault(pieces: Pieces, entities: int) -> str:
    """What is wrong with the markers of an output, one of `REASONS`; empty if nothing is.

    Args:
        pieces: the output, cut.
        entities: number of entities of the source.
    """
    numbers = pieces.numbers
    counts = Counter(numbers)
    if pieces.broken:
        return "marker_broken"
    if any(number >= entities for number in numbers):
        return "marker_invented"
    if any(count > 2 for count in counts.values()):
        return "marker_doubled"
    if any(counts[number] < 2 for number in range(entities)):
        return "marker_lost"
    if numbers[::2] != numbers[1::2]:
        return "markers_crossed" if _crossed(numbers) else "markers_nested"
    # Segment 0 is before the first marker, so an entity's words are the segments 1, 3, 5, ...
    if not all(pieces.segments[1::2]):
        return "empty_entity"
    return ""


def tagged(pieces: Pieces, types: Sequence[str]) -> Read:
    """Words and tags of an output without a fault; `types` are those of the source's entities, by number."""
    words: list[str] = []
    tags: list[str] = []
    for place, segment in enumerate(pieces.segments):
        words += segment
        if place % 2:
            name = types[pieces.numbers[place]]
            tags += [f"B-{name}", *[f"I-{name}"] * (len(segment) - 1)]
        else:
            tags += ["O"] * len(segment)
    return Read(words, tags, mended=pieces.mended, entities=pieces.numbers[::2])


def read(output: str, types: Sequence[str], split: Callable[[str], list[str]], form: NumberedForm = "slot") -> Read:
    """Reads the markers of a translation back into tags; the inverse of `mark`.

    A sentence without entities needs no markers: it is kept whole, every word O.

    Args:
        output: what the translator gave back.
        types: entity types of the source, in its order; their place is the number of their marker.
        split: from `tasks.corpus.text.word_splitter`.
        form: of the markers.

    Returns:
        Words and tags, or the reason why there are none: `no_output` or one about markers. Others are checked by
        `tasks.translation.marked.read_markers`.
    """
    pieces = cut(output, split, form)
    if not pieces.tokens():
        return Read(reason="no_output")
    if fault := marker_fault(pieces, len(types)):
        return Read(reason=fault)
    return tagged(pieces, types)


def _markers(number: int, form: MarkerForm) -> tuple[str, str]:
    """What opens and what closes an entity."""
    if form == "slot":
        return MARKER.format(number), MARKER.format(number)
    if form == "brackets":
        return "[", "]"
    return f"<{_LETTERS[number]}>", f"</{_LETTERS[number]}>"


def _number(name: str, form: NumberedForm) -> int:
    return int(name) if form == "slot" else _LETTERS.index(name.translate(_LATIN).lower())


def _harmless(word: str, form: MarkerForm) -> str:
    if form == "slot":
        return word.replace("_", "-").replace("＿", "-")
    if form == "brackets":
        for opening, closing in (SQUARE_BRACKETS, OTHER_BRACKETS):
            word = re.sub(closing, ")", re.sub(opening, "(", word))
        return word
    for opening, closing in (("<", ">"), ("＜", "＞"), ("&lt;", "&gt;")):
        word = word.replace(opening, "(").replace(closing, ")")
    return word


def _crossed(numbers: Sequence[int]) -> bool:
    """Whether the two markers of one number have just one of another number between them."""
    for number in set(numbers):
        first = numbers.index(number)
        between = Counter(numbers[first + 1 : numbers.index(number, first + 1)])
        if any(count == 1 for count in between.values()):
            return True
    return False
