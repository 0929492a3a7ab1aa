"""A corpus in memory: its sentences, and their IOB2 tags where it has them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import chain, pairwise
from pathlib import Path

import numpy as np

from artifacts.errors import InputError
from tasks.corpus.columns import Columns, parse_columns
from tasks.corpus.formats import CorpusFormat
from tasks.corpus.labels import LabelConfig, entity_types, iob2_labels
from tasks.corpus.layout import find_layout, is_sampled, looks_like_columns
from tasks.corpus.lines import read_lines
from tasks.corpus.schemes import Scheme, TagError, detect_scheme, flat_to_iob2
from tasks.corpus.text import parse_text


@dataclass(frozen=True)
class Corpus:
    """Sentences of one language.

    Attributes:
        language: code such as de.
        words: the words of each sentence.
        tags: one IOB2 tag per word; None if they were not asked for.
        types: entity types of the label set, sorted; of the whole file, also where only its start was kept.
        scheme: what the tags were written in.
        duplicates: sentences left out because the same words came before.
    """

    language: str
    words: list[list[str]]
    tags: list[list[str]] | None = None
    types: tuple[str, ...] = ()
    scheme: Scheme | None = None
    duplicates: int = 0

    @property
    def labels(self) -> list[str]:
        """All IOB2 labels of the label set."""
        return iob2_labels(self.types)

    @property
    def word_count(self) -> int:
        """Number of words."""
        return sum(map(len, self.words))

    @property
    def entity_count(self) -> int:
        """Number of entities."""
        return sum(tag[0] == "B" for tag in chain.from_iterable(self.tags or []))


def load_corpus(path: Path, format: CorpusFormat, labels: LabelConfig | None, language: str) -> Corpus:
    """Reads a corpus file.

    Args:
        path: the file.
        format: how it is written.
        labels: which entity types to keep; None to read the words alone, whatever their tags are.
        language: its language; raw text is split into words accordingly.

    Raises:
        InputError: if the file cannot be read as it should.
    """
    return parse_corpus(read_lines(path), str(path), format, labels, language)


def parse_corpus(
    lines: Sequence[str], name: str, format: CorpusFormat, labels: LabelConfig | None, language: str
) -> Corpus:
    """Reads the lines of a corpus file; see `load_corpus`.

    Sentences are the same, and in the same order, with and without labels: sentences and gold join by position.
    """
    columns_given = format.token_column is not None or format.tag_column is not None
    text_possible = format.format == "auto" and labels is None and not columns_given
    if format.format == "text" or (text_possible and not looks_like_columns(lines)):
        if labels is not None:
            raise InputError(f"corpus {name}: a text has no tags, expected labelled words; set format: columns")
        corpus = Corpus(language, parse_text(lines, language, tokenized=format.tokenized))
    else:
        columns = _read_columns(lines, name, format, with_tags=labels is not None)
        corpus = Corpus(language, _cut(columns.words, columns.starts))
        if labels is not None and corpus.words:
            corpus = _with_tags(corpus, columns, name, format, labels)
    if not corpus.words:
        raise InputError(f"corpus {name}: no sentence in it, expected at least one; give another file")
    return _select(corpus, format)


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
    iob2, types = _label(
        flat, starts, scheme, labels or LabelConfig(), lambda place: f"corpus, sentence {owner[place]}"
    )
    return Corpus(language, [list(sentence) for sentence in words], _cut(iob2, starts.tolist()), types, scheme)


def _read_columns(lines: Sequence[str], name: str, format: CorpusFormat, *, with_tags: bool) -> Columns:
    layout = find_layout(lines, name, format.token_column, format.tag_column)
    filled = next((number for number, line in enumerate(lines, 1) if is_sampled(line)), None)
    if with_tags and layout.tag is None and filled is not None:
        raise InputError(
            f"corpus {name}, line {filled}: {lines[filled - 1][:40]!r} and what follows has no column of tags; "
            "expected a word and its tag on each line; set tag_column, or give a labelled file"
        )
    return parse_columns(lines, name, layout, with_tags=with_tags)


def _with_tags(corpus: Corpus, columns: Columns, name: str, format: CorpusFormat, labels: LabelConfig) -> Corpus:
    def place(position: int) -> str:
        return f"corpus {name}, line {columns.lines[position]}"

    flat, starts = columns.tags or [], np.array(columns.starts)
    scheme = detect_scheme(flat, starts) if format.scheme == "auto" else format.scheme
    iob2, types = _label(flat, starts, scheme, labels, place)
    if not types:
        raise InputError(f"corpus {name}: every tag is O, expected entities; set tag_column, or give a labelled file")
    return replace(corpus, tags=_cut(iob2, columns.starts), types=types, scheme=scheme)


def _label(
    flat: Sequence[str], starts: np.ndarray, scheme: Scheme, labels: LabelConfig, place: Callable[[int], str]
) -> tuple[list[str], tuple[str, ...]]:
    """IOB2 tags of the label set, and its types."""
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
    return [named[tag] for tag in iob2], types


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
