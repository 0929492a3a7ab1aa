"""The formats of corpus files, in one place: how each is told, and which module reads it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, chain
from pathlib import Path
from typing import Protocol

from artifacts.errors import InputError
from artifacts.inputs import DatasetFolder, HubDataset, InputFile
from tasks.corpus.brat import ANN, TXT, looks_like_brat, paired, parse_brat
from tasks.corpus.columns import parse_column_file
from tasks.corpus.comma import check_like_csv, looks_like_csv, parse_csv
from tasks.corpus.conllu import looks_like_conllu, parse_conllu
from tasks.corpus.docbin import is_docbin, parse_docbin
from tasks.corpus.encodings import decoded
from tasks.corpus.formats import CorpusFormat
from tasks.corpus.hub import dataset_name, read_dataset
from tasks.corpus.inline import looks_like_inline, parse_inline
from tasks.corpus.jsonlines import looks_like_json, looks_like_json_lines, parse_json, parse_json_lines
from tasks.corpus.layout import find_layout, is_sampled, looks_like_columns
from tasks.corpus.lines import BYTE_ORDER_MARK, in_nfc, is_blank, read_content, split_lines, without_inner_marks
from tasks.corpus.parquet import is_parquet, parse_parquet, parse_table
from tasks.corpus.parsed import Parsed
from tasks.corpus.pipes import looks_like_pipes, parse_pipes
from tasks.corpus.running_text import Unlike, told_by_beginning, unlike_text
from tasks.corpus.text import format_splitter, split_in_words
from tasks.corpus.vertical import looks_like_words, parse_words
from tasks.corpus.wikiann import looks_like_wikiann, parse_wikiann
from tasks.corpus.zipped import is_zip, unzipped, unzipped_all, zip_members

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
    split, splitter = format_splitter(format, language, name)
    sentences = [words for line in lines if line.strip(f"{BYTE_ORDER_MARK} \t") and (words := split(line))]
    starts = list(accumulate(map(len, sentences), initial=0))[:-1]
    layout = f"one sentence a line, {split_in_words(splitter)}"
    return Parsed(list(chain.from_iterable(sentences)), None, [], starts, layout=layout, splitter=splitter)


# In the order in which `auto` asks.
TEXT_FORMATS = {
    "jsonl": _TextFormat(looks_like_json_lines, parse_json_lines),
    "json": _TextFormat(looks_like_json, parse_json),
    "conllu": _TextFormat(looks_like_conllu, parse_conllu),
    "wikiann": _TextFormat(looks_like_wikiann, parse_wikiann),
    "columns": _TextFormat(lambda lines, format: looks_like_columns(lines), parse_column_file),
    "csv": _TextFormat(looks_like_csv, parse_csv),
    "pipes": _TextFormat(looks_like_pipes, parse_pipes),
    "inline": _TextFormat(looks_like_inline, parse_inline),
    "words": _TextFormat(looks_like_words, parse_words),
    "text": _TextFormat(lambda lines, format: unlike_text(lines) is None, _parse_plain_text),
}
# Formats without tags.
UNLABELLED = frozenset({"text", "words"})
# Formats whose offsets count characters as the file has them: not brought to NFC as a whole.
_WITH_OFFSETS = frozenset({"jsonl", "json"})
# Formats that are columns, too: each may be read as another if a configuration says so.
_COLUMNS = frozenset({"columns", "conllu", "wikiann", "csv"})
_HEAD_LINES = 2000
_FIRST_LINES = 20


def parse_source(
    source: CorpusSource | Path,
    format: CorpusFormat,
    language: str,
    *,
    with_tags: bool,
    following: Callable[[], CorpusSource | Path | None] = lambda: None,
) -> list[tuple[str, str, Parsed]]:
    """Reads one file, or one split of a dataset.

    Args:
        source: what to read.
        format: how it is written.
        language: of the corpus.
        with_tags: whether the tags are wanted.
        following: takes the next source of the corpus, which a format needs that is written in two files.

    Returns:
        What to call it in an error, the name of its format, and what is in it; of a zip of brat's pairs, one for each.

    Raises:
        InputError: if it cannot be read as it should.
    """
    if isinstance(source, HubDataset | DatasetFolder):
        name = dataset_name(source)
        if format.format not in ("auto", "parquet"):
            raise InputError(f"corpus {name}: format is {format.format}, this is a dataset; leave format out")
        _check_options(format, "dataset", name)
        return [(name, "dataset", parse_table(read_dataset(source), name, format, language, with_tags=with_tags))]
    path = source.local() if isinstance(source, InputFile) else source
    name, content = str(path), read_content(path)
    if is_zip(content) and format.format != "spacy":
        members = zip_members(content, name)
        if format.member is None and any(member.endswith(ANN) for member in members):
            return _zipped_brat(content, name, paired(members, name), format, language, with_tags=with_tags)
        content, member = unzipped(content, name, format.member)
        name = f"{name}:{member}"
    elif format.member is not None:
        raise InputError(f"corpus {name}: member is set, and the file is no zip; leave it out")
    if format.format == "parquet" or (format.format == "auto" and is_parquet(content)):
        _check_options(format, "parquet", name)
        return [(name, "parquet", parse_parquet(content, name, format, language, with_tags=with_tags))]
    if format.format == "spacy" or (format.format == "auto" and is_docbin(content)):
        _check_options(format, "spacy", name)
        return [(name, "spacy", parse_docbin(content, name, with_tags=with_tags))]
    if format.format == "brat" or (format.format == "auto" and path.suffix == ANN):
        return [_brat(content, name, _text_beside(path, following), format, language, with_tags=with_tags)]
    lines = split_lines(content, name, normalized=False, encoding=format.encoding)
    if format.format == "auto" and looks_like_brat(lines):
        return [_brat(content, name, _text_beside(path, following), format, language, with_tags=with_tags)]
    kind, parsed = parse_lines(lines, name, format, language, with_tags=with_tags)
    if doubled := content.count(b"\r\r\n"):
        remark = f"{doubled:,} line ends have several carriage returns, which were left out"
        parsed = replace(parsed, remarks=(*parsed.remarks, remark))
    return [(name, kind, parsed)]


def _brat(
    annotations: bytes, name: str, text: tuple[bytes, str], format: CorpusFormat, language: str, *, with_tags: bool
) -> tuple[str, str, Parsed]:
    """What brat's annotations say of a text; of an empty text, nothing."""
    _check_options(format, "brat", name)
    lines = split_lines(annotations, name, normalized=False, encoding=format.encoding)
    texts = ["\n".join(split_lines(*text, normalized=False, encoding=format.encoding))]
    as_it_is = decoded(*text, format.encoding)
    if "\r\n" in as_it_is:  # Offsets count what the tool that wrote them saw.
        texts.append(as_it_is)
    parsed = parse_brat(lines, texts, name, format, language)
    return name, "brat", parsed if with_tags else replace(parsed, tags=None)


def _zipped_brat(
    content: bytes,
    name: str,
    pairs: Sequence[tuple[str, str]],
    format: CorpusFormat,
    language: str,
    *,
    with_tags: bool,
) -> list[tuple[str, str, Parsed]]:
    """The pairs of annotations and texts in a zip."""
    if format.format not in ("auto", "brat"):
        raise InputError(
            f"corpus {name}: format is {format.format}, but the zip holds brat's .ann files; leave format out, or set "
            "member to the file that is meant"
        )
    contents = unzipped_all(content, name, [member for pair in pairs for member in pair])
    return [
        _brat(annotations, f"{name}:{pair[0]}", (text, f"{name}:{pair[1]}"), format, language, with_tags=with_tags)
        for pair, annotations, text in zip(pairs, contents[::2], contents[1::2], strict=True)
    ]


def _text_beside(path: Path, following: Callable[[], CorpusSource | Path | None]) -> tuple[bytes, str]:
    """The text that a file of brat's annotations is about: the source that follows it, which a run knows by content.

    Returns:
        Its bytes, and what to call it in an error.

    Raises:
        InputError: if there is none.
    """
    text = following()
    if not isinstance(text, InputFile | Path):
        raise InputError(
            f"corpus {path}: brat's annotations count characters of a text, and none follows; expected "
            f"{path.with_suffix(TXT).name} beside it, or behind it in the list of paths; put it there"
        )
    place = text.local() if isinstance(text, InputFile) else text
    return read_content(place), str(place)


def parse_lines(
    lines: Sequence[str], name: str, format: CorpusFormat, language: str, *, with_tags: bool
) -> tuple[str, Parsed]:
    """Reads the lines of a text file in the format that is given, or found.

    Returns:
        The name of the format, and what is in the file.

    Raises:
        InputError: if it cannot be read as it should.
    """
    lines, marked = without_inner_marks(lines)
    if format.format == "auto":
        kind = _find_format(lines, name, format, with_tags=with_tags)
    else:
        kind = format.format
        assert kind in TEXT_FORMATS, "the others are read from bytes"
        _check_named(lines, name, format)
    _check_options(format, kind, name)
    if kind not in _WITH_OFFSETS:
        lines = in_nfc(lines)
    parsed = TEXT_FORMATS[kind].parse(lines, name, format, language, with_tags=with_tags)
    if marked:
        remark = f"byte order marks at the beginning of {marked:,} lines, where files were joined, were left out"
        parsed = replace(parsed, remarks=(*parsed.remarks, remark))
    return kind, parsed


def _find_format(lines: Sequence[str], name: str, format: CorpusFormat, *, with_tags: bool) -> str:
    if format.token_column is not None or format.tag_column is not None:
        return "csv" if TEXT_FORMATS["csv"].fits(lines[:_HEAD_LINES], format) else "columns"
    if format.tokens_key or format.tags_key or format.spans_key or format.tag_names:
        return "jsonl" if looks_like_json_lines(lines, format) else "json"
    told = told_by_beginning([line for line in lines[:_FIRST_LINES] if not is_blank(line)] or [""])
    if told is not None:
        raise InputError(_not_text(name, told))
    found = _structured(lines, format)
    if found is not None:
        return found
    unlike = unlike_text(lines)
    if unlike is None:
        return "columns" if with_tags else "text"
    check_like_csv(lines, name)
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
        **dict.fromkeys(("conllu", "text", "words", "brat", "pipes", "inline", "spacy"), records | columns),
    }
    for option in sorted(unknown.get(kind, columns)):
        if getattr(format, option) is not None:
            raise InputError(f"corpus {name}: {option} is set, but format {kind} does not know it; leave it out")
