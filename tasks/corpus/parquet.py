"""Read Arrow tables: Parquet files, and datasets of the Hugging Face library."""

import io
import json
from collections.abc import Sequence
from dataclasses import replace

import pyarrow as pa
import pyarrow.parquet as pq

from artifacts.errors import InputError
from tasks.corpus.exchange.doccano import MARK_KEYS
from tasks.corpus.exchange.prodigy import ANSWER
from tasks.corpus.formats import CorpusFormat
from tasks.corpus.json_rows import Rows, parse_rows
from tasks.corpus.parsed import Parsed
from tasks.corpus.records import TAG_KEYS, TOKEN_KEYS, Keys, find_keys, parse_records, span_list

_MAGIC = b"PAR1"
_FOOTER_BYTES = 12
_MOST_BYTES = 4 << 30
_MOST_VALUES = 300_000_000


def is_parquet(content: bytes) -> bool:
    """Whether bytes are a whole Parquet file: its mark at both ends, a footer that fits in between."""
    if len(content) < _FOOTER_BYTES or not content.startswith(_MAGIC) or not content.endswith(_MAGIC):
        return False
    return int.from_bytes(content[-8:-4], "little") <= len(content) - _FOOTER_BYTES


def parse_parquet(content: bytes, name: str, format: CorpusFormat, language: str, *, with_tags: bool) -> Parsed:
    """Reads the bytes of a Parquet file: one row per sentence or text, columns as the keys of JSON lines.

    Raises:
        InputError: if the file is damaged, or its columns are not what they should be.
    """
    try:
        with pq.ParquetFile(io.BytesIO(content)) as file:
            schema = file.schema_arrow
            _check_size(file.metadata, name)
            columns, _ = _columns(schema.names, name, format, with_tags=with_tags)
            table = file.read(columns=columns).replace_schema_metadata(schema.metadata)
    except (pa.ArrowException, OSError, ValueError, MemoryError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(
            f"corpus {name}: the Parquet file is damaged ({_first_line(error)}); expected a whole one; fetch it again"
        ) from None
    return parse_table(table, name, format, language, with_tags=with_tags)


def _columns(
    present: Sequence[str], name: str, format: CorpusFormat, *, with_tags: bool
) -> tuple[list[str], Keys | None]:
    """The columns to read, and what words and tags are among them; None for texts, which are read as JSON lines are."""
    given = format.tokens_key or format.tags_key or format.spans_key
    tagged = not set(TOKEN_KEYS).isdisjoint(present) and not set(TAG_KEYS).isdisjoint(present)
    if "text" in present and not given and not tagged:
        # Entities say where sentences end, too, and whether they count words, so they are read in any case.
        return [column for column in present if column in ("text", ANSWER, *TOKEN_KEYS, *MARK_KEYS)], None
    keys = find_keys(present, name, format, with_tags=with_tags)
    wanted = [keys.tokens, keys.tags, keys.spans, ANSWER if ANSWER in present else None]
    return [key for key in wanted if key is not None], keys


def _check_size(metadata: pq.FileMetaData, name: str) -> None:
    """A few bytes can stand for any number of equal values; no corpus that fits in memory has that many."""
    groups = [metadata.row_group(place) for place in range(metadata.num_row_groups)]
    size = sum(group.total_byte_size for group in groups)
    values = sum(max((group.column(i).num_values for i in range(group.num_columns)), default=0) for group in groups)
    if size > _MOST_BYTES or max(values, metadata.num_rows) > _MOST_VALUES:
        raise InputError(
            f"corpus {name}: {metadata.num_rows:,} rows, {values:,} values, {size:,} bytes unpacked; expected at most "
            f"{_MOST_VALUES:,} values and {_MOST_BYTES:,} bytes; split the file"
        )


def parse_table(table: pa.Table, name: str, format: CorpusFormat, language: str, *, with_tags: bool) -> Parsed:
    """Reads a table, one row per sentence, or per text with entities in characters; rows count from 0.

    Names of numbered tags come from `format.tag_names`, else from the ClassLabel features that the Hugging Face
    library keeps in the schema's metadata.

    Raises:
        InputError: if its columns, or the values in a row, are not what they should be.
    """
    columns, keys = _columns(table.column_names, name, format, with_tags=with_tags)
    labelled = [column for column in columns if column in MARK_KEYS] if keys is None else [keys.tags or keys.spans]
    named = (class_names(table.schema, column) for column in labelled if column is not None)
    names = format.tag_names or next(filter(None, named), None)
    try:
        rows = table.select(columns).to_pylist()
    except (pa.ArrowException, ValueError, OverflowError, KeyError) as error:
        raise InputError(
            f"corpus {name}: columns {', '.join(columns)} cannot be read ({_first_line(error)}); expected lists of "
            "words and of tags; fix the file"
        ) from None
    if keys is None:
        values = [{key: span_list(value) if key in MARK_KEYS else value for key, value in row.items()} for row in rows]
        format = format.model_copy(update={"tag_names": names})
        return parse_rows(Rows(values, range(len(rows)), "row", name, format, language), with_tags=with_tags)
    kept, remarks = Rows(rows, range(len(rows)), "row", name, format, language).without_refused()
    found = parse_records(kept.values, kept.numbers, "row", name, keys, names, span_ends=format.span_ends)
    return replace(found, remarks=(*found.remarks, *remarks))


def class_names(schema: pa.Schema, column: str) -> tuple[str, ...] | None:
    """The names of a ClassLabel feature, at any depth of a column; None if it has none."""
    try:
        waiting = [json.loads((schema.metadata or {})[b"huggingface"])["info"]["features"][column]]
    except (KeyError, TypeError, ValueError, RecursionError):
        return None
    while waiting:
        feature = waiting.pop()
        if isinstance(feature, dict):
            names = feature.get("names")
            if feature.get("_type") == "ClassLabel" and isinstance(names, list):
                return tuple(map(str, names))
            waiting += feature.values()
        elif isinstance(feature, list):
            waiting += feature
    return None


def _first_line(error: BaseException) -> str:
    return ascii(str(error).partition("\n")[0])[1:160].rstrip("'\"")
