"""The formats of corpus files, in one place: how each is told, and which module reads it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate, chain
from pathlib import Path
from typing import Protocol

from artifacts.errors import InputError
from artifacts.inputs import DatasetFolder, HubDataset, InputFile
from tasks.corpus.columns import parse_column_file
from tasks.corpus.conllu import looks_like_conllu, parse_conllu
from tasks.corpus.formats import CorpusFormat
from tasks.corpus.hub import dataset_name, read_dataset
from tasks.corpus.jsonlines import looks_like_json_lines, parse_json_lines
from tasks.corpus.layout import looks_like_columns
from tasks.corpus.lines import read_content, split_lines
from tasks.corpus.parquet import is_parquet, parse_parquet, parse_table
from tasks.corpus.parsed import Parsed
from tasks.corpus.text import parse_text
from tasks.corpus.wikiann import looks_like_wikiann, parse_wikiann

CorpusSource = InputFile | HubDataset | DatasetFolder


class _Parse(Protocol):
    def __call__(
        self, lines: Sequence[str], name: str, format: CorpusFormat, language: str, *, with_tags: bool
    ) -> Parsed: ...


@dataclass(frozen=True)
class _TextFormat:
    """How a text format is told from the others, and what reads it."""

    fits: Callable[[Sequence[str], CorpusFormat], bool]
    parse: _Parse


def _parse_plain_text(
    lines: Sequence[str], name: str, format: CorpusFormat, language: str, *, with_tags: bool
) -> Parsed:
    if with_tags:
        raise InputError(f"corpus {name}: a text has no tags, expected labelled words; set format: columns")
    sentences = parse_text(lines, language or "en", tokenized=format.tokenized)
    starts = list(accumulate(map(len, sentences), initial=0))[:-1]
    how = "split at spaces" if format.tokenized else "split into words for its language"
    return Parsed(list(chain.from_iterable(sentences)), None, [], starts, layout=f"one sentence a line, {how}")


# In the order in which `auto` asks.
TEXT_FORMATS = {
    "jsonl": _TextFormat(looks_like_json_lines, parse_json_lines),
    "conllu": _TextFormat(looks_like_conllu, parse_conllu),
    "wikiann": _TextFormat(looks_like_wikiann, parse_wikiann),
    "columns": _TextFormat(lambda lines, format: looks_like_columns(lines), parse_column_file),
    "text": _TextFormat(lambda lines, format: True, _parse_plain_text),
}


def parse_source(
    source: CorpusSource | Path, format: CorpusFormat, language: str, *, with_tags: bool
) -> tuple[str, str, Parsed]:
    """Reads one file, or one split of a dataset.

    Returns:
        What to call it in an error, the name of its format, and what is in it.

    Raises:
        InputError: if it cannot be read as it should.
    """
    if isinstance(source, HubDataset | DatasetFolder):
        name = dataset_name(source)
        if format.format not in ("auto", "parquet"):
            raise InputError(f"corpus {name}: format is {format.format}, this is a dataset; leave format out")
        _check_options(format, "dataset", name)
        return name, "dataset", parse_table(read_dataset(source), name, format, with_tags=with_tags)
    path = source.local() if isinstance(source, InputFile) else source
    name, content = str(path), read_content(path)
    if format.format == "parquet" or (format.format == "auto" and is_parquet(content)):
        _check_options(format, "parquet", name)
        return name, "parquet", parse_parquet(content, name, format, with_tags=with_tags)
    return (name, *parse_lines(split_lines(content, name), name, format, language, with_tags=with_tags))


def parse_lines(
    lines: Sequence[str], name: str, format: CorpusFormat, language: str, *, with_tags: bool
) -> tuple[str, Parsed]:
    """Reads the lines of a text file in the format that is given, or found.

    Returns:
        The name of the format, and what is in the file.

    Raises:
        InputError: if it cannot be read as it should.
    """
    kind = _find_format(lines, format, with_tags=with_tags) if format.format == "auto" else format.format
    if kind not in TEXT_FORMATS:
        raise InputError(f"corpus {name}: format is {kind}, which is no text format; expected a file of its own")
    _check_options(format, kind, name)
    return kind, TEXT_FORMATS[kind].parse(lines, name, format, language, with_tags=with_tags)


def _find_format(lines: Sequence[str], format: CorpusFormat, *, with_tags: bool) -> str:
    if format.token_column is not None or format.tag_column is not None:
        return "columns"
    if format.tokens_key or format.tags_key or format.spans_key or format.tag_names:
        return "jsonl"
    found = next(kind for kind, each in TEXT_FORMATS.items() if each.fits(lines, format))
    return "columns" if found == "text" and with_tags else found


def _check_options(format: CorpusFormat, kind: str, name: str) -> None:
    """Options that a format does not know are errors, lest somebody think that they work."""
    records = {"tokens_key", "tags_key", "spans_key", "tag_names"}
    columns = {"token_column", "tag_column"}
    unknown = {"columns": records, "wikiann": records, "conllu": records | columns, "text": records | columns}
    for option in sorted(unknown.get(kind, columns)):
        if getattr(format, option) is not None:
            raise InputError(f"corpus {name}: {option} is set, but format {kind} does not know it; leave it out")
