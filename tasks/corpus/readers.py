"""The formats of corpus files, in one place: how each is told, and which module reads it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate, chain
from pathlib import Path
from typing import Protocol

from artifacts.errors import InputError
from artifacts.inputs import DatasetFolder, HubDataset, InputFile
from tasks.corpus.columns import parse_column_file
from tasks.corpus.comma import looks_like_csv, parse_csv
from tasks.corpus.conllu import looks_like_conllu, parse_conllu
from tasks.corpus.formats import CorpusFormat
from tasks.corpus.hub import dataset_name, read_dataset
from tasks.corpus.jsonlines import looks_like_json_lines, parse_json_lines
from tasks.corpus.layout import find_layout, is_sampled, looks_like_columns
from tasks.corpus.lines import read_content, split_lines
from tasks.corpus.parquet import is_parquet, parse_parquet, parse_table
from tasks.corpus.parsed import Parsed
from tasks.corpus.running_text import Unlike, unlike_text
from tasks.corpus.text import parse_text
from tasks.corpus.vertical import looks_like_words, parse_words
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
    "csv": _TextFormat(looks_like_csv, parse_csv),
    "words": _TextFormat(looks_like_words, parse_words),
    "text": _TextFormat(lambda lines, format: unlike_text(lines) is None, _parse_plain_text),
}
# Formats without tags.
UNLABELLED = frozenset({"text", "words"})
# Formats that are columns, too: each may be read as another if a configuration says so.
_COLUMNS = frozenset({"columns", "conllu", "wikiann", "csv"})
_HEAD_LINES = 5000


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
    if format.format == "auto":
        kind = _find_format(lines, name, format, with_tags=with_tags)
    else:
        kind = format.format
        if kind not in TEXT_FORMATS:
            raise InputError(f"corpus {name}: format is {kind}, which is no text format; expected a file of its own")
        _check_named(lines, name, format)
    _check_options(format, kind, name)
    return kind, TEXT_FORMATS[kind].parse(lines, name, format, language, with_tags=with_tags)


def _find_format(lines: Sequence[str], name: str, format: CorpusFormat, *, with_tags: bool) -> str:
    if format.token_column is not None or format.tag_column is not None:
        return "csv" if TEXT_FORMATS["csv"].fits(lines[:_HEAD_LINES], format) else "columns"
    if format.tokens_key or format.tags_key or format.spans_key or format.tag_names:
        return "jsonl"
    found = _structured(lines, format)
    if found is not None:
        return found
    unlike = unlike_text(lines)
    if unlike is None:
        return "columns" if with_tags else "text"
    if unlike.tagged:
        layout = find_layout(lines, name, None, None)
        if layout.tag is not None or layout.passed_over:
            # Words and tags with something wrong, or chunks alone: what reads them says what is wrong, and where.
            return "columns"
    raise InputError(_not_text(name, unlike))


def _structured(lines: Sequence[str], format: CorpusFormat) -> str | None:
    """The format, other than text, that a file's first lines have."""
    head = lines[:_HEAD_LINES]
    return next((kind for kind, each in TEXT_FORMATS.items() if kind != "text" and each.fits(head, format)), None)


def _not_text(name: str, unlike: Unlike) -> str:
    return (
        f"corpus {name}: its format is not known, and it is no running text: it looks like {unlike.what}; expected one "
        f"sentence a line, or a format of README's table; {unlike.advice}, or convert the file"
    )


def _check_named(lines: Sequence[str], name: str, format: CorpusFormat) -> None:
    """A format that a configuration names is not taken at its word where the file is plainly another.

    Raises:
        InputError: with what the file looks like, and both things that may be wrong: the path, or the format.
    """
    kind = format.format
    found = _structured(lines, CorpusFormat())
    what = f"format {found}" if found else ""
    if kind == "text" and found is None:
        unlike = unlike_text(lines)
        what = unlike.what if unlike is not None and unlike.certain else ""
    if kind in _COLUMNS and found is None and unlike_text(lines) is None and _is_prose(lines):
        what = "running text"
    alike = found == kind or {found, kind} <= _COLUMNS or (found == "words" and kind in {"text", "columns"})
    if what and not alike:
        labels = ", and its labels would be taken for words" if kind == "text" else ""
        raise InputError(
            f"corpus {name}: format is {kind}, but the file looks like {what}{labels}; expected what the "
            "configuration says; if the path is the right one, change format (auto finds it), else change the path"
        )


def _is_prose(lines: Sequence[str]) -> bool:
    """Whether lines have no column of tags, and differ in their number of words, or end as sentences do."""
    head = [line.rstrip() for line in lines[:_HEAD_LINES] if is_sampled(line)]
    ended = sum(line.endswith((".", "!", "?", "。", "…", "”", '"')) and " " in line for line in head)
    return 2 * ended > len(head) and find_layout(head, "", None, None).tag is None


def _check_options(format: CorpusFormat, kind: str, name: str) -> None:
    """Options that a format does not know are errors, lest somebody think that they work."""
    records = {"tokens_key", "tags_key", "spans_key", "tag_names"}
    columns = {"token_column", "tag_column"}
    unknown = {
        **dict.fromkeys(("columns", "wikiann", "csv"), records),
        **dict.fromkeys(("conllu", "text", "words"), records | columns),
    }
    for option in sorted(unknown.get(kind, columns)):
        if getattr(format, option) is not None:
            raise InputError(f"corpus {name}: {option} is set, but format {kind} does not know it; leave it out")
