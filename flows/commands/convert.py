"""`crosstag convert`: a corpus in one format, written in another, and read again to see that nothing was lost."""

import os
from collections.abc import Sequence
from itertools import zip_longest
from pathlib import Path
from typing import Any

import typer

from artifacts.errors import InputError
from artifacts.inputs import InputFile
from artifacts.runtime import Runtime
from flows.commands.configuration import checked_file, override
from flows.parts.corpora import corpus_input
from tasks.corpus.corpus import Corpus, load_corpus
from tasks.corpus.formats import CorpusFormat
from tasks.corpus.readers import UNLABELLED
from tasks.corpus.write import ENDINGS, WRITERS, written
from tasks.words.labels import LabelConfig

# Formats that leave tags behind.
_WITHOUT_TAGS = frozenset({"text", "words"})


def convert(source: str, target: Path, to: str, settings: Sequence[str], language: str, data: str) -> None:
    """Reads a corpus as a run would, writes it, reads it again, and prints what was written.

    Args:
        source: the file, or a bundled: or hf: name.
        target: the file to write; brat's text is written beside it.
        to: the format to write; empty: that of the target's ending.
        settings: settings of `CorpusFormat` for the source, as KEY=VALUE.
        language: of the corpus.
        data: where a relative source starts.

    Raises:
        InputError: if the source cannot be read, the target is there already, or its format cannot hold the corpus.
    """
    to = format_of(target, to)
    given: dict[str, Any] = override({"path": source}, settings)
    file = checked_file(given, "convert", {"path": "IN"})
    place = corpus_input(file, Runtime(data=data))
    corpus = load_corpus(place, file.without_path(), None, language)
    if to not in _WITHOUT_TAGS and any(part.format not in UNLABELLED for part in corpus.parts):
        corpus = load_corpus(place, file.without_path(), LabelConfig(), language)
    write_corpus(corpus, target, to, language)
    for part in corpus.parts:
        for remark in part.remarks:
            typer.echo(f"note: corpus {part.name}: {remark}", err=True)


def format_of(target: Path, to: str) -> str:
    """The format to write: `to`, or that of a path's ending.

    Raises:
        InputError: if the ending tells none.
    """
    to = to or ENDINGS.get(target.suffix.lower(), "")
    if not to:
        raise InputError(
            f"convert: the ending of {target} tells no format; expected {', '.join(ENDINGS)}, or --to with one of "
            f"{', '.join(WRITERS)}"
        )
    return to


def write_corpus(corpus: Corpus, target: Path, to: str, language: str) -> None:
    """Writes a corpus, reads it again, and prints what was written.

    Raises:
        InputError: if something is at the place already, or its format cannot hold the corpus.
    """
    files = {target.with_suffix(ending) if ending else target: text for ending, text in written(corpus, to).items()}
    for path in files:
        if path.exists():
            raise InputError(f"convert: {path} is there already; name a new place")
        if not path.absolute().parent.is_dir():
            raise InputError(f"convert: there is no folder {path.absolute().parent}; make it, or name another place")
    _write(files, corpus, to, language)
    entities = "" if corpus.tags is None else f", {corpus.entity_count:,} entities"
    if entities and to in _WITHOUT_TAGS:
        entities = ", without their labels"
    typer.echo(
        f"{', '.join(map(str, files))}: {to}, {len(corpus.words):,} sentences, {corpus.word_count:,} words{entities}"
    )
    if options := [f"{key}: {str(value).lower()}" for key, value in WRITERS[to].read.items() if key == "tokenized"]:
        typer.echo(f"read it again with {', '.join(options)}, so that its words stay as they are")


def _write(files: dict[Path, bytes], corpus: Corpus, to: str, language: str) -> None:
    """Writes files that are there whole or not at all, once they were read again."""
    unfinished = {path: path.with_name(f".part.{path.name}") for path in files}
    try:
        for path, content in files.items():
            unfinished[path].write_bytes(content)
        _check(list(unfinished.values()), corpus, to, language)
        for path, part in unfinished.items():
            os.replace(part, path)
    finally:
        for part in unfinished.values():
            part.unlink(missing_ok=True)


def _check(paths: Sequence[Path], corpus: Corpus, to: str, language: str) -> None:
    """What was written is read as the corpus was.

    Raises:
        InputError: at the first sentence that is not.
    """
    # A corpus of a few sentences may have no entity, though it has types; without types every tag is O.
    plain = corpus.tags is None or to in _WITHOUT_TAGS or not corpus.types
    labels = None if plain else LabelConfig(types=corpus.types)
    sources = tuple(InputFile(path=str(path.absolute())) for path in paths)
    try:
        again = load_corpus(sources, CorpusFormat.model_validate(WRITERS[to].read), labels, language)
    except InputError as error:
        raise InputError(f"convert: {to} cannot hold this corpus: {error}; jsonl holds every corpus") from None
    tags = corpus.tags if labels is not None else None
    before, after = (
        zip_longest(each, its_tags or []) for each, its_tags in ((corpus.words, tags), (again.words, again.tags))
    )
    for number, (one, other) in enumerate(zip_longest(before, after), 1):
        if one != other:
            words, found = (" ".join(each[0])[:60] if each else "nothing" for each in (one, other))
            raise InputError(
                f"convert: {to} cannot hold sentence {number}, {words!r}, which would be read as {found!r}, or with "
                "other tags; choose another format (jsonl holds every corpus)"
            )
