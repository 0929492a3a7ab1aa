"""Any bytes end in a corpus or in the documented error, for every format, found or given."""

import contextlib
import gzip
import io
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from artifacts.errors import InputError
from flows.commands.corpus import print_corpus
from tasks.corpus.corpus import load_corpus
from tasks.corpus.formats import CorpusFormat
from tasks.corpus.tables import labelled_table, sentences_table
from tasks.words.labels import LabelConfig

FORMATS = ["auto", "columns", "text", "wikiann", "conllu", "jsonl", "parquet"]
BOUNDED = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True
)


def parquet_bytes() -> bytes:
    buffer = io.BytesIO()
    names = json.dumps(
        {"info": {"features": {"ner_tags": {"feature": {"_type": "ClassLabel", "names": ["O", "B-PER"]}}}}}
    )
    table = pa.table({"tokens": [["Ana", "in"], ["Rio"]], "ner_tags": [[1, 0], [0]]})
    pq.write_table(table.replace_schema_metadata({"huggingface": names}), buffer)
    return buffer.getvalue()


COLUMNS = "0\tAna\tB-PER\n1\tKoch\tI-PER\n\n0\tM\u00fcller\tO\n".encode()
WIKIANN = b"en:Rio\tB-LOC\nen:a:b\tO\n\nen:UN\tB-ORG\n"
CONLLU = b"# id\n1-2\tx" + b"\t_" * 8 + b"\n1\tAna" + b"\t_" * 7 + b"\tname=B-PER\n2\tx" + b"\t_" * 7 + b"\tname=O\n"
JSON_LINES = (
    b'{"tokens": ["Ana", "x"], "tags": ["B-PER", "O"]}\n{"tokens": ["Rio"], "tags": ["B-LOC"]}\n'
    b'{"tokens": ["a", "b"], "spans": [{"start": 0, "end": 1, "label": "X"}], "tags": [0, 1]}\n'
)
SPANS = b'{"words": ["Ana", "x"], "entities": [[0, 1, "PER"]]}\n{"words": ["Rio"], "entities": [[0, 1, "LOC"]]}\n'
WHOLE = {
    "columns": COLUMNS,
    "spaces": COLUMNS.replace(b"\t", b" "),
    "wikiann": WIKIANN,
    "conllu": CONLLU,
    "jsonl": JSON_LINES,
    "spans": SPANS,
    "parquet": parquet_bytes(),
    "text": "Ana in M\u00fcnchen.\nJa.\n".encode(),
    "gzip": gzip.compress(COLUMNS, mtime=0),
    "packed json": gzip.compress(SPANS, mtime=0),
}
TELLING = st.sampled_from(
    [
        *(b"\t", b"\n", b"\n\n", b":", b"en:", b"name=", b"|", b"{", b"}", b"[", b"]", b'"', b",", b" ", b""),
        *(b"\\ud800", b"\\u0000", b"\0", b"\r", b"\xff", b"\xef\xbb\xbf", b"\xe2\x80\x8b", b"PAR1", b"\x1f\x8b"),
        *(b"-DOCSTART-", b"# ", b"B-", b"I-", b"S-PER", b"1e999", b"null", b"-1", b"99999999999999999999"),
    ]
)


@st.composite
def damaged(draw: st.DrawFn, whole: bytes) -> bytes:
    """A file with a few pieces replaced, put in, or cut out."""
    content = whole
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(content)))
        end = start + draw(st.integers(0, 12))
        piece = draw(TELLING | st.binary(max_size=4))
        content = content[:start] + piece + content[end:]
    return content


def check(path: Path, format: str) -> None:
    """Reads a file as users do: through the command, and as the steps that fill the tables do."""
    with contextlib.suppress(InputError), contextlib.redirect_stdout(io.StringIO()):
        print_corpus([str(path)], [f"format={format}"], "en", 2, ".", unlabelled=False)
    words = tagged = None
    with contextlib.suppress(InputError):
        words = load_corpus(path, CorpusFormat(format=format), None, "en")
        assert sentences_table(words).num_rows == len(words.words) > 0
    with contextlib.suppress(InputError):
        tagged = load_corpus(path, CorpusFormat(format=format), LabelConfig(), "en")
        table = labelled_table(tagged)
        assert [len(row) for row in table["tags"].to_pylist()] == [len(row) for row in tagged.words]
    if tagged is not None:
        # Sentences and gold labels are read apart and joined by position.
        assert words is not None and words.words == tagged.words


@pytest.mark.parametrize("format", FORMATS)
@BOUNDED
@given(content=st.binary(max_size=200))
def test_any_bytes(tmp_path: Path, format: str, content: bytes) -> None:
    (tmp_path / "file").write_bytes(content)
    check(tmp_path / "file", format)


@pytest.mark.parametrize("format", FORMATS)
@BOUNDED
@given(content=st.text(alphabet='ab\t\n\r :#-_12OBIPERname=|{}[]",\u0301\u00a0\u2028', max_size=120))
def test_any_text_of_telling_characters(tmp_path: Path, format: str, content: str) -> None:
    (tmp_path / "file").write_text(content, encoding="utf-8")
    check(tmp_path / "file", format)


@pytest.mark.parametrize("kind", WHOLE)
@BOUNDED
@given(data=st.data())
def test_damaged_files(tmp_path: Path, kind: str, data: st.DataObject) -> None:
    content = data.draw(damaged(WHOLE[kind]))
    if data.draw(st.booleans()):
        content = gzip.compress(content)
    (tmp_path / "file").write_bytes(content)
    check(tmp_path / "file", data.draw(st.sampled_from(FORMATS)) if data.draw(st.booleans()) else "auto")


@pytest.mark.parametrize("kind", WHOLE)
def test_whole_files_are_read(tmp_path: Path, kind: str) -> None:
    (tmp_path / "file").write_bytes(WHOLE[kind] if kind != "jsonl" else b"".join(JSON_LINES.splitlines(True)[:2]))
    assert load_corpus(tmp_path / "file", CorpusFormat(), None, "en").words
    if kind != "text":
        assert load_corpus(tmp_path / "file", CorpusFormat(), LabelConfig(), "en").tags
