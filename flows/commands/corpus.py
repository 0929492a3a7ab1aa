"""What `crosstag corpus` prints: how a corpus was understood."""

import sys
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from artifacts.inputs import InputFile
from artifacts.runtime import Runtime
from flows.commands.configuration import checked_file, override
from flows.parts.console import text_console
from flows.parts.corpora import corpus_input
from tasks.corpus.corpus import Corpus, CorpusInput, load_corpus
from tasks.corpus.formats import CorpusFormat
from tasks.corpus.inspection import (
    encoding_remarks,
    entities_by_type,
    longest_sentence,
    odd_characters,
    oddest_words,
    repeated_sentences,
)
from tasks.corpus.once import readings
from tasks.corpus.readers import UNLABELLED
from tasks.corpus.visible import visible
from tasks.words.labels import LabelConfig

_WIDTH = 120
_ODD_SHOWN = 20
_WORDS_SHOWN = 5
_PARTS_SHOWN = 10
_LONGEST_WORD_SHOWN = 40


def print_corpus(
    paths: Sequence[str], settings: Sequence[str], language: str, rows: int, data: str, *, unlabelled: bool
) -> None:
    """Reads a corpus as a run would, and prints what was understood.

    Args:
        paths: the files, or bundled: and hf: names.
        settings: settings of `CorpusFormat`, as KEY=VALUE.
        language: of the corpus; empty: text is split as English, and WikiAnn's codes are not compared.
        rows: how many sentences to print.
        data: where relative paths start.
        unlabelled: read the words alone, whatever their tags are.

    Raises:
        InputError: if it cannot be read as it should.
    """
    given: dict[str, Any] = override({"path": list(paths)}, settings)
    file = checked_file(given, "corpus", {"path": "FILE", "format": "--format"})
    source = corpus_input(file, Runtime(data=data))
    corpus = load_corpus(source, file.without_path(), None, language)
    if not unlabelled and any(part.format not in UNLABELLED for part in corpus.parts):
        corpus = load_corpus(source, file.without_path(), LabelConfig(), language)
    console = text_console(_WIDTH)
    _print_parts(console, corpus, source, file.without_path())
    _print_counts(console, corpus)
    _print_odd(console, corpus)
    _print_odd_words(console, corpus)
    _print_sentences(console, corpus, rows)


def _print_parts(console: Console, corpus: Corpus, source: CorpusInput, format: CorpusFormat) -> None:
    sources = source if isinstance(source, tuple) else (source,)
    files = {each.path: each for each in sources if isinstance(each, InputFile)}
    for part in corpus.parts[:_PARTS_SHOWN]:
        console.print(Text(part.name, style="bold"))
        # A member of a zip is named behind it.
        path = next((each for each in files if part.name == each or part.name.startswith(f"{each}:")), None)
        remarks = []
        if path is not None:
            here = format.model_copy(update={"member": part.name.removeprefix(path)[1:] or None})
            remarks = encoding_remarks(files[path].local().read_bytes(), part.name, here)
        facts = {
            "format": part.format,
            "read as": part.layout,
            "scheme": (part.scheme or "").upper(),
            "encoding": "; ".join(remarks)
            or ("UTF-8, nothing changed" if part.format not in ("parquet", "spacy") else ""),
            "sentences": f"{part.sentences:,}" if len(corpus.parts) > 1 else "",
            "note": "; ".join(part.remarks),
        }
        for name, value in facts.items():
            if value:
                console.print(f"  {name:<10} {visible(value)}")
    if left := corpus.parts[_PARTS_SHOWN:]:
        noted = sum(bool(part.remarks) for part in left)
        console.print(f"... and {len(left):,} more files" + (f", {noted:,} of them with notes" if noted else ""))


def _print_counts(console: Console, corpus: Corpus) -> None:
    number, longest = longest_sentence(corpus)
    duplicates = f", {corpus.duplicates:,} duplicates left out" if corpus.duplicates else ""
    repeated = repeated_sentences(corpus)
    console.print()
    console.print(
        f"{len(corpus.words):,} sentences{duplicates}" + (f", {repeated:,} of them repeated" if repeated else "")
    )
    console.print(f"{corpus.word_count:,} words; the longest sentence is number {number} with {longest:,}")
    if corpus.tags is None:
        console.print("no tags read")
        return
    types = ", ".join(f"{visible(name)} {count:,}" for name, count in entities_by_type(corpus).items())
    console.print(f"{corpus.entity_count:,} entities: {types}")


def _print_odd(console: Console, corpus: Corpus) -> None:
    found = odd_characters(corpus.words)
    console.print()
    if not found:
        console.print("no odd characters")
        return
    table = Table("odd character", "kind", "count", "first in sentence", "word", box=None, pad_edge=False)
    for each in found[:_ODD_SHOWN]:
        cells = (each.name, each.kind, f"{each.count:,}", str(each.sentence), visible(each.word)[:_LONGEST_WORD_SHOWN])
        table.add_row(*map(Text, cells))
    console.print(table)
    if len(found) > _ODD_SHOWN:
        console.print(f"... and {len(found) - _ODD_SHOWN} more characters")


def _print_odd_words(console: Console, corpus: Corpus) -> None:
    if found := oddest_words(corpus.words, _WORDS_SHOWN):
        console.print(f"oddest words: {'  '.join(visible(word)[:_LONGEST_WORD_SHOWN] for word in found)}")


def _print_sentences(console: Console, corpus: Corpus, rows: int) -> None:
    start = replace(corpus, words=corpus.words[:rows], tags=None if corpus.tags is None else corpus.tags[:rows])
    tags = start.tags or [["O"] * len(sentence) for sentence in start.words]
    if start.words:
        console.print()
    for number, (sentence, its_tags) in enumerate(zip(start.words, tags, strict=True), 1):
        pairs = zip(sentence, its_tags, strict=True)
        console.print(f"[{number}] " + " ".join(visible(w if t == "O" else f"{w}/{t}") for w, t in pairs))


def print_remarks() -> None:
    """Says on stderr what is to be known of the corpora that were read inside `reading_once`."""
    corpora = [each for each in readings() if isinstance(each, Corpus)]
    said = dict.fromkeys((part.name, remark) for corpus in corpora for part in corpus.parts for remark in part.remarks)
    for name, remark in said:
        print(f"note: corpus {name}: {remark}", file=sys.stderr)
