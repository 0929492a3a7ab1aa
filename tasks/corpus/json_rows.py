"""JSON records of any tool that we know, told by their keys, and turned into words and tags."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from artifacts.errors import InputError
from tasks.corpus.documents import Document, parse_documents
from tasks.corpus.exchange import argilla, doccano, label_studio, prodigy, spacy_json, word_spans
from tasks.corpus.formats import CorpusFormat
from tasks.corpus.parsed import Parsed
from tasks.corpus.records import TAG_KEYS, TOKEN_KEYS, Keys, find_keys, parse_records

_SAMPLE_ROWS = 50

Names = Sequence[str] | None


@dataclass(frozen=True)
class _Tool:
    """A kind of records of texts with offsets in characters: how it is told, what reads one."""

    name: str
    fits: Callable[[Any], bool]
    read: Callable[[Any, int, str, Names], Document]


_TOOLS = (
    _Tool("Label Studio", label_studio.is_task, lambda row, number, at, names: label_studio.read_task(row, number, at)),
    _Tool(
        "Label Studio, short form",
        label_studio.is_short_task,
        lambda row, number, at, names: label_studio.read_short_task(row, number, at),
    ),
    _Tool("Argilla 2", argilla.is_record, lambda row, number, at, names: argilla.read_record(row, number, at)),
    _Tool("Prodigy", prodigy.is_example, prodigy.read_example),
    _Tool("spaCy's training data", spacy_json.is_example, spacy_json.read_example),
)


def parse_rows(
    rows: Sequence[Any],
    numbers: Sequence[int],
    unit: str,
    name: str,
    format: CorpusFormat,
    language: str,
    *,
    with_tags: bool,
) -> Parsed:
    """The words and tags of records.

    Args:
        rows: the records, as JSON has them.
        numbers: the line or row of each.
        unit: what `numbers` counts: line or row.
        name: what to call the file in an error.
        format: which keys hold what, if it says so; how to treat entities.
        language: of the corpus.
        with_tags: whether the tags are wanted.

    Raises:
        InputError: if the records are of no kind that is known, or one is not what it should be.
    """
    if format.tokens_key or format.tags_key or format.spans_key:
        return _records(rows, numbers, unit, name, format, with_tags=with_tags)
    sample = rows[:_SAMPLE_ROWS]
    refused = sum(isinstance(row, dict) and row.get("answer") in prodigy.REFUSED for row in rows)
    if refused:
        kept = [place for place, row in enumerate(rows) if row.get("answer") not in prodigy.REFUSED]
        rows, numbers = [rows[place] for place in kept], [numbers[place] for place in kept]
    tool = next((each for each in _TOOLS if sample and all(map(each.fits, sample))), None)
    if tool is not None and not any(map(_has_tags, sample)):
        found = _documents(rows, numbers, unit, name, format, language, tool.name, tool.read)
    elif all(map(word_spans.is_record, sample)):
        found = _unfolded(rows, numbers, unit, name, format, word_spans.sentences_of, Keys("tokens", None, "spans"))
        found = replace(found, layout=f"{found.layout}, in words, the end inclusive (GLiNER, DyGIE, W2NER)")
    elif all(map(spacy_json.is_corpus, sample)):
        found = _unfolded(rows, numbers, unit, name, format, spacy_json.sentences_of, Keys("tokens", "tags", None))
    elif all(isinstance(row, dict) and isinstance(row.get("text"), str) for row in sample) and not any(
        map(_has_tags, sample)
    ):
        found = _texts(rows, numbers, unit, name, format, language, with_tags=with_tags)
    else:
        return _records(rows, numbers, unit, name, format, with_tags=with_tags)
    if refused:
        remark = f"{refused:,} records whose answer is {' or '.join(prodigy.REFUSED)} were left out"
        found = replace(found, remarks=(*found.remarks, remark))
    return found if with_tags else replace(found, tags=None, dialect=None)


def _texts(
    rows: Sequence[Any],
    numbers: Sequence[int],
    unit: str,
    name: str,
    format: CorpusFormat,
    language: str,
    *,
    with_tags: bool,
) -> Parsed:
    """Texts with entities under some key, in characters; in words, if they have words and fit those alone."""
    key = next((found for row in rows if (found := doccano.marks_key(row)) is not None), None)
    if key is None and with_tags:
        listed = ", ".join(map(repr, rows[0])) if rows else "none"
        raise InputError(
            f"corpus {name}: its keys are {listed}; expected entities under label, entities or spans beside text, or "
            "words with tags; set tokens_key and tags_key, or give a labelled file"
        )
    if key is not None and _counts_words(rows, key):
        return _records(rows, numbers, unit, name, format, with_tags=with_tags)

    def read(row: Any, number: int, place: str, names: Names) -> Document:
        return doccano.read_row(row, key or "label", number, place, names)

    return _documents(rows, numbers, unit, name, format, language, f"texts, entities under {key!r}", read)


def _counts_words(rows: Sequence[Any], key: str) -> bool:
    """Whether spans beside words and a text count words: as characters, most would not be whole words."""
    fitting = spans = 0
    for row in rows[:_SAMPLE_ROWS]:
        if not isinstance(row, dict) or not isinstance(row.get("tokens"), list):
            return False
        ends, at = set(), 0
        for word in row["tokens"]:
            at = row["text"].find(word, at) + len(word) if isinstance(word, str) else at
            ends.add(at)
        for span in row[key] if isinstance(row.get(key), list) else ():
            end = span.get("end") if isinstance(span, dict) else span[-1] if isinstance(span, list) and span else None
            if isinstance(span, list) and len(span) > 1 and type(span[1]) is int:
                end = span[2] if type(span[-1]) is int else span[1]
            spans += 1
            fitting += type(end) is int and (end in ends or end + 1 in ends)
    return spans > 0 and 2 * fitting < spans


def _documents(
    rows: Sequence[Any],
    numbers: Sequence[int],
    unit: str,
    name: str,
    format: CorpusFormat,
    language: str,
    what: str,
    read: Callable[[Any, int, str, Names], Document],
) -> Parsed:
    documents = []
    for row, number in zip(rows, numbers, strict=True):
        place = f"corpus {name}, {unit} {number}"
        try:
            documents.append(read(row, number, place, format.tag_names))
        except InputError:
            raise
        except (AttributeError, KeyError, TypeError) as error:
            raise InputError(
                f"{place}: no record as the first ones are, of {what} ({type(error).__name__}: {error}); fix it"
            ) from None
    return parse_documents(documents, name, unit, format, language, what)


def _unfolded(
    rows: Sequence[Any],
    numbers: Sequence[int],
    unit: str,
    name: str,
    format: CorpusFormat,
    sentences_of: Callable[[Any, str], Any],
    keys: Keys,
) -> Parsed:
    """Records that hold several sentences each."""
    sentences, places = [], []
    for row, number in zip(rows, numbers, strict=True):
        if not isinstance(row, dict):
            raise InputError(f"corpus {name}, {unit} {number}: no object as the first ones are; fix it")
        found = list(sentences_of(row, f"corpus {name}, {unit} {number}"))
        sentences += found
        places += [number] * len(found)
    return parse_records(sentences, places, unit, name, keys, format.tag_names, span_ends="exclusive")


def _records(
    rows: Sequence[Any], numbers: Sequence[int], unit: str, name: str, format: CorpusFormat, *, with_tags: bool
) -> Parsed:
    """Words with tags, or with spans that count words."""
    wrong = next((place for place, row in enumerate(rows) if not isinstance(row, dict)), None)
    if wrong is not None:
        raise InputError(
            f"corpus {name}, {unit} {numbers[wrong]}: a {type(rows[wrong]).__name__}; expected a JSON object with "
            "words and tags, or with a text and entities; fix it"
        )
    present = list(dict.fromkeys(key for row in rows for key in row))
    keys = find_keys(present, name, format, with_tags=with_tags)
    return parse_records(rows, numbers, unit, name, keys, format.tag_names, span_ends=format.span_ends)


def _has_tags(row: Any) -> bool:
    """Whether a record has words, and as many tags."""
    if not isinstance(row, dict):
        return False
    words = next((row[key] for key in TOKEN_KEYS if isinstance(row.get(key), list)), None)
    tags = (row[key] for key in TAG_KEYS if isinstance(row.get(key), list))
    return bool(words) and any(len(each) == len(words or []) and isinstance(each[0], str | int) for each in tags)
