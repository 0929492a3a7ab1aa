"""Texts with entities by character offsets, as annotation tools keep them, turned into words and tags."""

import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain

from artifacts.errors import InputError
from tasks.corpus.formats import CorpusFormat
from tasks.corpus.offset_units import Mark, in_characters
from tasks.corpus.parsed import Parsed, Widened
from tasks.corpus.text import format_splitter, split_in_words, word_places
from tasks.corpus.visible import quoted
from tasks.words.labels import span_type

Place = tuple[int, int]
"""Start and end of a word in its text, in characters; the end is exclusive."""

_MAJORITY = 0.9


@dataclass(frozen=True)
class Document:
    """A text with its entities.

    Attributes:
        text: as the offsets count it; its line ends part sentences, but inside an entity.
        marks: the entities, in any order.
        number: the line or row of it in its file.
        words: its words, if the file has them; they then are one sentence.
    """

    text: str
    marks: Sequence[Mark]
    number: int
    words: Sequence[str] | None = None


@dataclass
class _Counts:
    """What was done to entities; the first place of each."""

    outward: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    renamed: set[str] = field(default_factory=set)


def parse_documents(
    documents: Sequence[Document], name: str, unit: str, format: CorpusFormat, language: str, layout: str
) -> Parsed:
    """The words and tags of texts.

    An entity that begins or ends inside a word is widened to whole words, and counted, unless `misaligned` says error.
    Of entities that overlap the longest counts, unless `overlaps` says error. Ends are inclusive where the entities
    then end at words' ends, or have the text that the file repeats, and exclusive ones do not.

    Args:
        documents: the texts.
        name: what to call the file in an error.
        unit: what a document's number counts: line or row.
        format: how to treat entities.
        language: of the texts.
        layout: where they stood, for a person.

    Raises:
        InputError: at an entity outside its text, where it is not plain what offsets count, or as the format says.
    """
    gives_words = all(each.words is not None for each in documents)
    split, splitter = (str.split, "") if gives_words else format_splitter(format, language, name)

    def where(document: Document) -> str:
        return f"corpus {name}, {unit} {document.number}"

    def bounds(number: int) -> set[int]:
        sentences = _sentences(documents[number], split, where(documents[number]))
        return set(chain.from_iterable(chain.from_iterable(sentences)))

    texts, marked = [each.text for each in documents], [each.marks for each in documents]
    counted = in_characters(texts, marked, bounds, lambda number: where(documents[number]), format)
    in_units = any(marks is not each.marks for marks, each in zip(counted, documents, strict=True))
    documents = [replace(each, marks=marks) for each, marks in zip(documents, counted, strict=True)]
    cut = [_sentences(each, split, where(each)) for each in documents]
    inclusive = _are_inclusive(documents, cut, name, format)
    counts = _Counts()
    words: list[str] = []
    tags: list[str] = []
    lines: list[int] = []
    starts: list[int] = []
    for document, sentences in zip(documents, cut, strict=True):
        place = where(document)
        places = list(chain.from_iterable(sentences))
        its_tags = _tags(document, places, inclusive, place, format, counts)
        for sentence in sentences:
            starts += [len(words)] * bool(sentence)
            words += [unicodedata.normalize("NFC", document.text[start:end]) for start, end in sentence]
            lines += [document.number] * len(sentence)
        tags += its_tags
    entities = sum(len(document.marks) for document in documents)
    widened = Widened(len(counts.outward), entities, next(iter(counts.outward), ""))
    layout += f", offsets in {'UTF-16 units' if in_units else 'characters'}"
    layout += f", the end {'inclusive' if inclusive else 'exclusive'}"
    layout += f", {split_in_words(splitter)}" if splitter else ""
    remarks = _remarks(counts)
    return Parsed(words, tags, lines, starts, unit, layout, remarks=remarks, splitter=splitter, widened=widened)


def _sentences(document: Document, split: Callable[[str], list[str]], place: str) -> list[list[Place]]:
    """Where the words of each sentence stand."""
    if document.words is not None:
        return [_given_places(document, place)]
    text = document.text
    ends = [at for at, char in enumerate(text) if char == "\n"]
    inside: set[int] = set()
    for mark in document.marks:
        inside.update(ends[bisect_right(ends, mark.start) : bisect_left(ends, mark.end)])
    cuts = [at for at in ends if at not in inside]
    sentences = []
    for start, end in zip([0, *(cut + 1 for cut in cuts)], [*cuts, len(text)], strict=True):
        line = text[start:end].replace("\n", " ").replace("\r", " ").replace("\0", " ")
        places = word_places(line, split(line))
        sentences.append([(start + first, start + last) for first, last in places])
    return sentences


def _given_places(document: Document, place: str) -> list[Place]:
    """Where the words that a file gives stand in its text, one behind the other; blank ones are left out."""
    places, at = [], 0
    for word in document.words or ():
        if not word.strip():
            continue
        found = document.text.find(word, at)
        if found < 0 or document.text[at:found].strip():
            raise InputError(
                f"{place}: the word {quoted(word)} does not follow in the text at character {at} "
                f"({quoted(document.text[at : at + 20])}); expected the words of the text in their order; fix them"
            )
        places.append((found, found + len(word)))
        at = found + len(word)
        if any(char in word.strip() for char in "\0\t\n\r"):
            raise InputError(f"{place}: the word {quoted(word)} has a tab or a line end in it; expected a word; fix it")
    return places


def _are_inclusive(
    documents: Sequence[Document], cut: Sequence[Sequence[Sequence[Place]]], name: str, format: CorpusFormat
) -> bool:
    """Whether the last character of an entity is at its end, not before it.

    Raises:
        InputError: if the file does it both ways.
    """
    if format.span_ends != "auto":
        return format.span_ends == "inclusive"
    exclusive = inclusive = 0
    for document, sentences in zip(documents, cut, strict=True):
        ends = {end for sentence in sentences for _, end in sentence}
        for mark in document.marks:
            if mark.surface is not None:
                one, other = (document.text[mark.start : mark.end + more] == mark.surface for more in (0, 1))
            else:
                one, other = mark.end in ends and mark.start < mark.end, mark.end + 1 in ends
            exclusive += one and not other
            inclusive += other and not one
    both = exclusive + inclusive
    if both and max(exclusive, inclusive) < _MAJORITY * both:
        raise InputError(
            f"corpus {name}: {exclusive:,} entities end at a word's end if ends are exclusive, {inclusive:,} if they "
            "are inclusive; expected one of the two; set span_ends to exclusive or inclusive, or mend the offsets"
        )
    return inclusive > exclusive


def _tags(
    document: Document,
    places: Sequence[Place],
    inclusive: bool,
    where: str,
    format: CorpusFormat,
    counts: _Counts,
) -> list[str]:
    tags = ["O"] * len(places)
    firsts, lasts = [start for start, _ in places], [end for _, end in places]
    found: list[tuple[int, int, Mark]] = []
    for mark in dict.fromkeys(document.marks):
        end = mark.end + inclusive
        here = f"{where}: the entity {mark.label!r} from character {mark.start} to {mark.end}"
        if not 0 <= mark.start < end <= len(document.text):
            raise InputError(f"{here} does not lie in the text, which has {len(document.text)}; fix its offsets")
        if mark.surface is not None and _flat(document.text[mark.start : end]) != _flat(mark.surface):
            raise InputError(
                f"{here} is {quoted(document.text[mark.start : end])} in the text, and {quoted(mark.surface)} beside "
                "the offsets; expected the same; was the text changed, or do offsets count bytes? Fix them, or set "
                "offsets: utf-16 if they count UTF-16 units"
            )
        first, last = bisect_right(lasts, mark.start), bisect_left(firsts, end)
        if first >= last:
            raise InputError(f"{here} holds no word; expected at least one; fix its offsets")
        if (firsts[first], lasts[last - 1]) != (mark.start, end) and document.text[mark.start : end].strip() != (
            document.text[firsts[first] : lasts[last - 1]]
        ):
            shown = f"{quoted(document.text[mark.start : end])} at {where.rpartition(', ')[2]}"
            if format.misaligned == "error":
                raise InputError(
                    f"{here}, {shown}, begins or ends inside a word; expected whole words; fix it, or set misaligned: "
                    "outward to take the whole words"
                )
            counts.outward.append(shown)
        found.append((first, last, mark))
    for first, last, mark in sorted(found, key=lambda each: (each[0] - each[1], each[0])):
        label = "_".join(mark.label.split())
        if not label:
            raise InputError(f"{where}: an entity has no label; expected a name such as PER; fix it")
        span_type(label, where)
        if label != mark.label:
            counts.renamed.add(mark.label)
        if any(tag != "O" for tag in tags[first:last]):
            shown = f"{quoted(document.text[mark.start : mark.end + inclusive])} at {where.rpartition(', ')[2]}"
            if format.overlaps == "error":
                raise InputError(
                    f"{where}: the entity {mark.label!r}, {shown}, overlaps another; expected entities that do not; "
                    "fix it, or set overlaps: outer to keep the longer one"
                )
            counts.left_out.append(shown)
            continue
        tags[first:last] = [f"B-{label}", *[f"I-{label}"] * (last - first - 1)]
    return tags


def _flat(text: str) -> str:
    return " ".join(text.split())


def _remarks(counts: _Counts) -> tuple[str, ...]:
    remarks = []
    if counts.outward:
        what = "entities begin or end inside a word, and were widened to whole words"
        remarks.append(f"{len(counts.outward):,} {what}, first {counts.outward[0]}")
    if counts.left_out:
        what = "entities inside, or over the edge of, a longer one were left out"
        remarks.append(f"{len(counts.left_out):,} {what}, first {counts.left_out[0]}")
    if counts.renamed:
        remarks.append(f"spaces in types became underscores: {', '.join(sorted(counts.renamed)[:5])}")
    return tuple(remarks)
