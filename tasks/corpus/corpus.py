"""A corpus in memory: its sentences, and their IOB2 tags where it has them."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain, pairwise
from pathlib import Path

import numpy as np

from artifacts.errors import InputError
from tasks.corpus.boundaries import boundary_remarks, split_starts
from tasks.corpus.collector import collector_at_rest
from tasks.corpus.dialects import check_choices, plain_tags, type_remarks
from tasks.corpus.formats import CorpusFormat
from tasks.corpus.once import once
from tasks.corpus.parsed import Parsed, Widened
from tasks.corpus.readers import CorpusSource, parse_lines, parse_source
from tasks.corpus.segmenters import unspaced_remarks
from tasks.words.labels import LabelConfig, entity_types, iob2_labels
from tasks.words.schemes import Scheme, TagError, detect_scheme, flat_to_iob2

CorpusInput = CorpusSource | tuple[CorpusSource, ...]


@dataclass(frozen=True)
class Part:
    """What was understood of one file of a corpus.

    Attributes:
        name: the file.
        format: how it is written, such as columns.
        layout: where words and tags were found, for a person.
        scheme: what its tags are written in; None if they were not asked for, or have no prefixes (IO).
        sentences: how many it has, duplicates among them.
        remarks: what to know before trusting it, such as a type with an odd name.
        splitter: what split its text into words, such as moses or jieba; empty: the file gives words.
    """

    name: str
    format: str
    layout: str
    scheme: Scheme | None
    sentences: int
    remarks: tuple[str, ...] = ()
    splitter: str = ""


@dataclass(frozen=True)
class Corpus:
    """Sentences of one language.

    Attributes:
        language: code such as de.
        words: the words of each sentence.
        tags: one IOB2 tag per word; None if they were not asked for.
        types: entity types of the label set, sorted; of the whole file, also where only its start was kept.
        scheme: what the tags were written in; None if files of one corpus differ in it.
        duplicates: sentences left out because the same words came before.
        parts: what was understood of each file.
    """

    language: str
    words: list[list[str]]
    tags: list[list[str]] | None = None
    types: tuple[str, ...] = ()
    scheme: Scheme | None = None
    duplicates: int = 0
    parts: tuple[Part, ...] = ()

    @property
    def labels(self) -> list[str]:
        """All IOB2 labels of the label set."""
        return iob2_labels(self.types)

    @property
    def splitter(self) -> str:
        """What split its text into words, such as moses or jieba; empty where a file gives words, or files differ."""
        splitters = {part.splitter for part in self.parts}
        return splitters.pop() if len(splitters) == 1 else ""

    @property
    def word_count(self) -> int:
        """Number of words."""
        return sum(map(len, self.words))

    @property
    def entity_count(self) -> int:
        """Number of entities."""
        return sum(tag[0] == "B" for tag in chain.from_iterable(self.tags or []))


def load_corpus(source: CorpusInput | Path, format: CorpusFormat, labels: LabelConfig | None, language: str) -> Corpus:
    """Reads a corpus: one file or dataset, or several, whose sentences follow each other.

    Duplicates are removed, and sentences counted, over all of them; a tagging scheme is found for each. Inside
    `reading_once` it is read once, and shared: do not change it.

    Args:
        source: the file, or the files in order.
        format: how they are written.
        labels: which entity types to keep; None to read the words alone, whatever their tags are.
        language: its language; raw text is split into words accordingly.

    Raises:
        InputError: if a file cannot be read as it should.
    """
    sources = source if isinstance(source, tuple) else (source,)

    def read() -> Corpus:
        waiting, with_tags = iter(sources), labels is not None
        following = partial(next, waiting, None)
        with collector_at_rest():
            parts = [parse_source(each, format, language, with_tags=with_tags, following=following) for each in waiting]
            return _assemble(list(chain.from_iterable(parts)), format, labels, language)

    if isinstance(source, Path):
        return read()
    content = tuple(each.digest() for each in sources if not isinstance(each, Path))
    kept = None if labels is None else labels.model_dump_json()
    return once((source, content, format, kept, language), read)


def parse_corpus(
    lines: Sequence[str], name: str, format: CorpusFormat, labels: LabelConfig | None, language: str
) -> Corpus:
    """Reads the lines of a corpus file; see `load_corpus`.

    Sentences are the same, and in the same order, with and without labels: sentences and gold join by position.
    """
    kind, parsed = parse_lines(lines, name, format, language, with_tags=labels is not None)
    return _assemble([(name, kind, parsed)], format, labels, language)


def make_corpus(
    words: Sequence[Sequence[str]],
    tags: Sequence[Sequence[str]],
    language: str,
    labels: LabelConfig | None = None,
    scheme: Scheme = "iob2",
) -> Corpus:
    """A labelled corpus from sentences in memory.

    Raises:
        InputError: if words and tags do not fit together, or a tag is not valid.
    """
    if len(words) != len(tags):
        raise InputError(
            f"corpus: {len(words)} sentences of words, {len(tags)} of tags; expected as many; add the rest"
        )
    for row, (sentence, its_tags) in enumerate(zip(words, tags, strict=True)):
        if len(sentence) != len(its_tags):
            raise InputError(
                f"corpus, sentence {row}: {len(sentence)} words, {len(its_tags)} tags; expected one tag per word; "
                "fix the sentence"
            )
    starts = np.cumsum([0, *map(len, tags)])[:-1]
    flat = list(chain.from_iterable(tags))
    owner = np.repeat(np.arange(len(tags)), list(map(len, tags)))
    iob2, types, _ = _label(
        flat, starts, scheme, labels or LabelConfig(), lambda place: f"corpus, sentence {owner[place]}"
    )
    return Corpus(language, [list(sentence) for sentence in words], _cut(iob2, starts.tolist()), types, scheme)


def _assemble(
    parts: Sequence[tuple[str, str, Parsed]], format: CorpusFormat, labels: LabelConfig | None, language: str
) -> Corpus:
    """One corpus of all parts (name, format, what is in it)."""
    words: list[list[str]] = []
    tags: list[list[str]] = []
    types: set[str] = set()
    understood: list[Part] = []
    if format.misaligned == "auto":
        _check_whole_words(parts)
    for name, kind, parsed in parts:
        if not parsed.words:
            raise InputError(f"corpus {name}: no sentence in it, expected at least one; give another file")
        remarks = list(parsed.remarks)
        if parsed.splitter == "moses":
            remarks += unspaced_remarks(parsed.words, language)
        if format.segmenter != "auto" and parsed.splitter in ("", "spaces"):
            remarks.append(f"segmenter is {format.segmenter}, and has nothing to do: the words are given")
        starts = parsed.starts
        if format.split_sentences:
            starts = split_starts(parsed.words, parsed.starts, language)
            remarks.append(f"sentences split by sentencex: {len(starts):,}, from {len(parsed.starts):,}")
        else:
            remarks += boundary_remarks(parsed)
        words += _cut(parsed.words, starts)
        scheme: Scheme | None = None
        if labels is not None:
            flat, its_types, scheme, left_out = _iob2_tags(parsed, name, format, labels)
            remarks += left_out
            if format.split_sentences:
                remarks += _begin_again(flat, starts)
            tags += _cut(flat, starts)
            types.update(its_types)
            remarks += type_remarks(its_types)
        understood.append(Part(name, kind, parsed.layout, scheme, len(starts), tuple(remarks), parsed.splitter))
    if labels is not None and not types:
        names = ", ".join(name for name, _, _ in parts)
        raise InputError(f"corpus {names}: every tag is O, expected entities; set tag_column, or give a labelled file")
    schemes = {part.scheme for part in understood}
    corpus = Corpus(
        language,
        words,
        None if labels is None else tags,
        tuple(sorted(types)),
        schemes.pop() if len(schemes) == 1 else None,
        parts=tuple(understood),
    )
    return _select(corpus, format)


def _check_whole_words(parts: Sequence[tuple[str, str, Parsed]]) -> None:
    """Most entities begin and end with a word: those of each file; those of all texts of brat's, which are short."""
    texts: list[tuple[str, Widened]] = []
    groups = [texts]
    for name, kind, parsed in parts:
        if parsed.widened is not None and kind == "brat":
            texts.append((name, parsed.widened))
        elif parsed.widened is not None:
            groups.append([(name, parsed.widened)])
    for group in groups:
        count, entities = sum(each.count for _, each in group), sum(each.entities for _, each in group)
        if 2 * count > entities:
            name, first = next((name, each.first) for name, each in group if each.count)
            others = f" and the {len(group) - 1:,} other texts" if len(group) > 1 else ""
            raise InputError(
                f"corpus {name}{others}: {count:,} of {entities:,} entities begin or end inside a word, first {first}; "
                "expected whole words, mostly; do offsets count bytes, or was the text changed? Mend them; set "
                "offsets: utf-16 if they count UTF-16 units, span_ends if the last character is wrong, misaligned: "
                "outward for whole words"
            )


def _iob2_tags(
    parsed: Parsed, name: str, format: CorpusFormat, labels: LabelConfig
) -> tuple[list[str], tuple[str, ...], Scheme | None, list[str]]:
    """IOB2 tags of all words, their types, the scheme they were written in, and what to say of those left out."""

    def place(position: int) -> str:
        return f"corpus {name}, {parsed.unit} {parsed.lines[position]}"

    flat, starts, dialect = parsed.tags or [], np.array(parsed.starts), parsed.dialect
    if dialect is not None:
        check_choices(flat, dialect, format.label_layer, format.type_name, place)
        flat = plain_tags(flat, parsed.starts, dialect, format.label_layer, format.type_name)
    wrong = next((at for at, tag in enumerate(flat) if not tag), None)
    if wrong is not None:
        raise InputError(f"{place(wrong)}: the tag is empty; expected O or a prefix and a type such as B-PER; fix it")
    scheme = detect_scheme(flat, starts) if format.scheme == "auto" else format.scheme
    iob2, types, remarks = _label(flat, starts, scheme, labels, place)
    return iob2, types, None if dialect is not None and dialect.name == "io" else scheme, remarks


def _begin_again(tags: list[str], starts: Sequence[int]) -> list[str]:
    """Entities that go on over a new start of a sentence begin again there; what to say of them."""
    torn = [start for start in starts if tags[start].startswith("I-")]
    for start in torn:
        tags[start] = f"B-{tags[start][2:]}"
    return [f"{len(torn):,} entities were cut in two where sentences were split"] if torn else []


def _label(
    flat: Sequence[str], starts: np.ndarray, scheme: Scheme, labels: LabelConfig, place: Callable[[int], str]
) -> tuple[list[str], tuple[str, ...], list[str]]:
    """IOB2 tags of the label set, its types, and what to say of entities that are none of these."""
    try:
        iob2 = flat_to_iob2(flat, starts, scheme)
    except TagError as error:
        raise InputError(f"{place(error.position)}: {error.reason}") from None
    named: dict[str, str] = {"O": "O"}
    for tag in set(iob2) - {"O"}:
        target = labels.target_type(tag[2:])
        if target is not None:
            named[tag] = f"{tag[:2]}{target}"
        elif labels.other_types == "drop":
            named[tag] = "O"
    if not set(iob2) <= named.keys():
        position = next(row for row, tag in enumerate(iob2) if tag not in named)
        raise InputError(
            f"{place(position)}: tag {flat[position]!r} is not one of {', '.join(iob2_labels(labels.types or ()))}; "
            "fix the line, list the type under labels.types or labels.rename, or set labels.other_types: drop"
        )
    types = labels.types or tuple(entity_types(sorted(set(named.values()))))
    dropped = Counter(tag[2:] for tag in iob2 if tag[0] == "B" and named[tag] == "O")
    counts = ", ".join(f"{name} {count:,}" for name, count in sorted(dropped.items()))
    remarks = [f"entities of other types are O, as labels.other_types says: {counts}"] if dropped else []
    return [named[tag] for tag in iob2], types, remarks


def _select(corpus: Corpus, format: CorpusFormat) -> Corpus:
    """Leaves out duplicates, then what is behind the last sentence wanted."""
    kept = list(range(len(corpus.words)))
    if format.remove_duplicates:
        # Decided on words alone: sentences and gold, read apart, must lose the same rows.
        first: dict[tuple[str, ...], int] = {}
        for row, sentence in enumerate(corpus.words):
            first.setdefault(tuple(sentence), row)
        kept = list(first.values())
    duplicates = len(corpus.words) - len(kept)
    kept = kept[: format.max_sentences]
    if len(kept) == len(corpus.words):
        return corpus
    tags = None if corpus.tags is None else [corpus.tags[row] for row in kept]
    return replace(corpus, words=[corpus.words[row] for row in kept], tags=tags, duplicates=duplicates)


def _cut(flat: list[str], starts: Sequence[int]) -> list[list[str]]:
    return [flat[start:end] for start, end in pairwise([*starts, len(flat)])]
