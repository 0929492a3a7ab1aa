"""Write a corpus in any format that is read, so that it is read again as it was."""

import csv
import io
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from artifacts.errors import InputError
from tasks.corpus.corpus import Corpus
from tasks.corpus.docbin import docbin_bytes
from tasks.corpus.documents import Mark
from tasks.corpus.exchange import argilla, doccano, label_studio, prodigy, spacy_json
from tasks.corpus.tables import string_lists
from tasks.words.spans import spans_of

Words = Sequence[str]
Tags = Sequence[str]
Files = Mapping[str, bytes]
"""Contents by the ending of the file: usually one, whose ending is empty."""


@dataclass(frozen=True)
class Writer:
    """How a format is written.

    Attributes:
        write: makes the files of a corpus.
        read: settings of the reader with which it is read again.
        labelled: whether the format has tags.
    """

    write: Callable[[Corpus], Files]
    read: dict[str, Any] = field(default_factory=dict)
    labelled: bool = True


def written(corpus: Corpus, to: str) -> Files:
    """The files of a corpus in a format.

    Raises:
        InputError: if there is no such format, or it needs tags and the corpus has none.
    """
    writer = WRITERS.get(to)
    if writer is None:
        raise InputError(f"convert: there is no format {to!r} to write; expected one of {', '.join(WRITERS)}")
    if writer.labelled and corpus.tags is None:
        raise InputError(f"convert: {to} has tags, and the corpus has none; expected text, words or jsonl")
    return writer.write(corpus)


def marks_of(words: Words, tags: Tags) -> list[Mark]:
    """The entities of a sentence by characters of its words with a space between two."""
    starts, at = [], 0
    for word in words:
        starts.append(at)
        at += len(word) + 1
    return [Mark(starts[first], starts[last - 1] + len(words[last - 1]), kind) for first, last, kind in spans_of(tags)]


def _sentences(corpus: Corpus) -> list[tuple[Words, Tags]]:
    return list(zip(corpus.words, corpus.tags or [], strict=True))


def _text(text: str) -> Files:
    return {"": text.encode()}


def _columns(corpus: Corpus) -> Files:
    lines = ["".join(f"{word}\t{tag}\n" for word, tag in zip(*each, strict=True)) for each in _sentences(corpus)]
    return _text("\n".join(lines))


def _few_nerd(corpus: Corpus) -> Files:
    """Words, and types without prefixes (`person-actor`): of neighbours with one type it cannot tell where one ends."""
    lines = [
        "".join(f"{word}\t{tag if tag == 'O' else tag[2:]}\n" for word, tag in zip(*each, strict=True))
        for each in _sentences(corpus)
    ]
    return _text("\n".join(lines))


def _conllu(corpus: Corpus) -> Files:
    def sentence(words: Words, tags: Tags) -> str:
        rows = enumerate(zip(words, tags, strict=True), 1)
        return "".join("\t".join([str(i), word, *"_______", f"NER={tag}"]) + "\n" for i, (word, tag) in rows)

    return _text("\n".join(sentence(*each) for each in _sentences(corpus)) + "\n")


def _csv(corpus: Corpus) -> Files:
    file = io.StringIO()
    rows = csv.writer(file, lineterminator="\n")
    rows.writerow(["Sentence #", "Word", "Tag"])
    for number, (words, tags) in enumerate(_sentences(corpus), 1):
        rows.writerows([f"Sentence: {number}", word, tag] for word, tag in zip(words, tags, strict=True))
    return _text(file.getvalue())


def _pipes(corpus: Corpus) -> Files:
    lines = [" ".join(f"{word}|{tag}" for word, tag in zip(*each, strict=True)) for each in _sentences(corpus)]
    return _text("\n".join(lines) + "\n")


def _marked(corpus: Corpus, begin: str, end: str, escaped: Callable[[str], str]) -> Files:
    """A sentence a line, each entity between marks; `begin` has its type."""
    lines = []
    for words, tags in _sentences(corpus):
        parts = [escaped(word) for word in words]
        for first, last, kind in spans_of(tags):
            parts[first] = begin.format(kind) + parts[first]
            parts[last - 1] += end
        lines.append(" ".join(parts))
    return _text("\n".join(lines) + "\n")


def _brat(corpus: Corpus) -> Files:
    texts: list[str] = []
    annotations: list[str] = []
    at = 0
    for words, tags in _sentences(corpus):
        text = " ".join(words)
        for mark in marks_of(words, tags):
            number, surface = len(annotations) + 1, text[mark.start : mark.end]
            annotations.append(f"T{number}\t{mark.label} {at + mark.start} {at + mark.end}\t{surface}\n")
        texts.append(text)
        at += len(text) + 1
    return {".ann": "".join(annotations).encode(), ".txt": ("\n".join(texts) + "\n").encode()}


def _rows(row: Callable[[Words, str, Sequence[Mark]], Any]) -> Callable[[Corpus], list[Any]]:
    return lambda corpus: [row(words, " ".join(words), marks_of(words, tags)) for words, tags in _sentences(corpus)]


def _tasks(corpus: Corpus) -> list[Any]:
    """Label Studio's tasks, numbered: its converter asks for ids, its import takes them."""
    rows = _rows(label_studio.write_task)(corpus)
    return [{"id": number, **task} for number, task in enumerate(rows, 1)]


def _records(corpus: Corpus) -> list[Any]:
    if corpus.tags is None:
        return [{"tokens": words} for words in corpus.words]
    return [{"tokens": words, "tags": tags} for words, tags in _sentences(corpus)]


def _lines(rows: Callable[[Corpus], list[Any]]) -> Callable[[Corpus], Files]:
    return lambda corpus: _text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows(corpus)))


def _array(rows: Callable[[Corpus], list[Any]]) -> Callable[[Corpus], Files]:
    def write(corpus: Corpus) -> Files:
        return _text("[" + ",\n".join(json.dumps(row, ensure_ascii=False) for row in rows(corpus)) + "]\n")

    return write


def _parquet(corpus: Corpus) -> Files:
    table = pa.table({"tokens": string_lists(corpus.words), "tags": string_lists(corpus.tags or [])})
    buffer = io.BytesIO()
    pq.write_table(table, buffer)
    return {"": buffer.getvalue()}


def _docbin(corpus: Corpus) -> Files:
    return {"": docbin_bytes(corpus.words, corpus.tags or [], "to write")}


_TOKENIZED = {"tokenized": True}
_CHARACTERS = {"offsets": "characters"}

WRITERS: dict[str, Writer] = {
    "columns": Writer(_columns, {"format": "columns", "token_column": 1, "tag_column": 2}),
    "few-nerd": Writer(_few_nerd, {"format": "columns", "token_column": 1, "tag_column": 2}),
    "csv": Writer(_csv, {"format": "csv"}),
    "conllu": Writer(_conllu, {"format": "conllu"}),
    "jsonl": Writer(_lines(_records), {"format": "jsonl"}, labelled=False),
    "json": Writer(_array(_records), {"format": "json"}, labelled=False),
    "doccano": Writer(_lines(_rows(doccano.write_row)), {"format": "jsonl", **_CHARACTERS}),
    "label-studio": Writer(_array(_tasks), {"format": "json", **_CHARACTERS}),
    "prodigy": Writer(_lines(_rows(prodigy.write_example)), {"format": "jsonl", **_CHARACTERS}),
    "argilla": Writer(_array(_rows(argilla.write_record)), {"format": "json", **_CHARACTERS}),
    "spacy-json": Writer(_array(_rows(spacy_json.write_example)), {"format": "json", **_CHARACTERS}),
    "spacy": Writer(_docbin, {"format": "spacy"}),
    "brat": Writer(_brat, {"format": "brat", **_CHARACTERS, **_TOKENIZED}),
    "pipes": Writer(_pipes, {"format": "pipes"}),
    "opennlp": Writer(lambda corpus: _marked(corpus, "<START:{}> ", " <END>", str), {"format": "inline"}),
    "enamex": Writer(
        lambda corpus: _marked(corpus, '<ENAMEX TYPE="{}">', "</ENAMEX>", escape), {"format": "inline", **_TOKENIZED}
    ),
    "parquet": Writer(_parquet, {"format": "parquet"}),
    "text": Writer(
        lambda corpus: _text("".join(" ".join(words) + "\n" for words in corpus.words)),
        {"format": "text", **_TOKENIZED},
        labelled=False,
    ),
    "words": Writer(
        lambda corpus: _text("\n".join("".join(f"{word}\n" for word in words) for words in corpus.words)),
        {"format": "words"},
        labelled=False,
    ),
}
"""What can be written, by name. Text and words leave the tags behind; all others are read again with the same ones."""

ENDINGS = {
    ".conll": "columns",
    ".tsv": "columns",
    ".bio": "columns",
    ".iob2": "columns",
    ".csv": "csv",
    ".conllu": "conllu",
    ".jsonl": "jsonl",
    ".spacy": "spacy",
    ".ann": "brat",
    ".parquet": "parquet",
    ".txt": "text",
}
"""The format that the ending of a path stands for."""
