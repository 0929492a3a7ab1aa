"""Read Arrow tables: Parquet files, and datasets of the Hugging Face library."""

import io
import json

import pyarrow as pa
import pyarrow.parquet as pq

from artifacts.errors import InputError
from tasks.corpus.formats import CorpusFormat
from tasks.corpus.parsed import Parsed
from tasks.corpus.records import find_keys, parse_records

_MAGIC = b"PAR1"
_FOOTER_BYTES = 12
_MOST_BYTES = 4 << 30
_MOST_VALUES = 300_000_000


def is_parquet(content: bytes) -> bool:
    """Whether bytes are a whole Parquet file: its mark at both ends, a footer that fits in between."""
    if len(content) < _FOOTER_BYTES or not content.startswith(_MAGIC) or not content.endswith(_MAGIC):
        return False
    return int.from_bytes(content[-8:-4], "little") <= len(content) - _FOOTER_BYTES


def parse_parquet(content: bytes, name: str, format: CorpusFormat, *, with_tags: bool) -> Parsed:
    """Reads the bytes of a Parquet file: one row per sentence, columns as the keys of JSON lines.

    Raises:
        InputError: if the file is damaged, or its columns are not what they should be.
    """
    try:
        with pq.ParquetFile(io.BytesIO(content)) as file:
            schema = file.schema_arrow
            _check_size(file.metadata, name)
            keys = find_keys(schema.names, name, format, with_tags=with_tags)
            columns = [key for key in (keys.tokens, keys.tags, keys.spans) if key is not None]
            table = file.read(columns=columns).replace_schema_metadata(schema.metadata)
    except (pa.ArrowException, OSError, ValueError, MemoryError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(
            f"corpus {name}: the Parquet file is damaged ({_first_line(error)}); expected a whole one; fetch it again"
        ) from None
    return parse_table(table, name, format, with_tags=with_tags)


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


def parse_table(table: pa.Table, name: str, format: CorpusFormat, *, with_tags: bool) -> Parsed:
    """Reads a table, one row per sentence; rows count from 0.

    Names of numbered tags come from `format.tag_names`, else from the ClassLabel features that the Hugging Face
    library keeps in the schema's metadata.

    Raises:
        InputError: if its columns, or the values in a row, are not what they should be.
    """
    keys = find_keys(table.column_names, name, format, with_tags=with_tags)
    columns = [key for key in (keys.tokens, keys.tags, keys.spans) if key is not None]
    tag_column = keys.tags or keys.spans
    names = format.tag_names or (class_names(table.schema, tag_column) if tag_column else None)
    try:
        rows = table.select(columns).to_pylist()
    except (pa.ArrowException, ValueError, OverflowError, KeyError) as error:
        raise InputError(
            f"corpus {name}: columns {', '.join(columns)} cannot be read ({_first_line(error)}); expected lists of "
            "words and of tags; fix the file"
        ) from None
    return parse_records(rows, range(len(rows)), "row", name, keys, names, span_ends=format.span_ends)


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
