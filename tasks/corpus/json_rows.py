"""JSON records of any tool that we know, told by their keys, and turned into words and tags."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain
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
class Rows:
    """The records of one file, or of one table.

    Attributes:
        values: the records, as JSON has them.
        numbers: the line or row of each.
        unit: what `numbers` counts: line or row.
        name: what to call the file in an error.
        format: which keys hold what, if it says so; how to treat entities.
        language: of the corpus.
    """

    values: Sequence[Any]
    numbers: Sequence[int]
    unit: str
    name: str
    format: CorpusFormat
    language: str

    @property
    def sample(self) -> Sequence[Any]:
        """The first records, by which their kind is told."""
        return self.values[:_SAMPLE_ROWS]

    def places(self) -> Iterator[tuple[Any, int, str]]:
        """Each record with its number, and where it stands."""
        for value, number in zip(self.values, self.numbers, strict=True):
            yield value, number, f"corpus {self.name}, {self.unit} {number}"

    def without_refused(self) -> tuple["Rows", tuple[str, ...]]:
        """Those that no annotator rejected, skipped or cancelled, and what to say of the others."""
        why = list(map(_why_refused, self.values))
        if not any(why):
            return self, ()
        kept = [at for at, refused in enumerate(why) if not refused]
        remarks = tuple(f"{count:,} {what} were left out" for what, count in Counter(filter(None, why)).items())
        values, numbers = [self.values[at] for at in kept], [self.numbers[at] for at in kept]
        return replace(self, values=values, numbers=numbers), remarks


@dataclass(frozen=True)
class _Tool:
    """A kind of records of texts with offsets in characters.

    Attributes:
        name: for a person.
        fits: tells it by the first records.
        read: one record.
        remarks: what to say of all of them to who wants their entities.
    """

    name: str
    fits: Callable[[Rows], bool]
    read: Callable[[Any, int, str, Names], Document]
    remarks: Callable[[Sequence[Any]], tuple[str, ...]] = lambda rows: ()


def _all(fits: Callable[[Any], bool]) -> Callable[[Rows], bool]:
    return lambda rows: all(map(fits, rows.sample))


_TOOLS = (
    _Tool(
        "Label Studio",
        _all(label_studio.is_task),
        lambda row, number, at, names: label_studio.read_task(row, number, at),
        label_studio.remarks,
    ),
    _Tool(
        "Label Studio, short form",
        lambda rows: label_studio.are_short_tasks(rows.values, rows.sample),
        lambda row, number, at, names: label_studio.read_short_task(row, number, at),
    ),
    _Tool("Argilla 2", _all(argilla.is_record), lambda row, number, at, names: argilla.read_record(row, number, at)),
    _Tool(
        "Prodigy",
        lambda rows: all(map(prodigy.is_example, rows.sample)) and _filled(rows).keys() <= {"spans"},
        prodigy.read_example,
    ),
    _Tool("spaCy's training data", _all(spacy_json.is_example), spacy_json.read_example),
)


def parse_rows(rows: Rows, *, with_tags: bool) -> Parsed:
    """The words and tags of records.

    Raises:
        InputError: if the records are of no kind that is known, or one is not what it should be.
    """
    sample, (kept, remarks) = rows.sample, rows.without_refused()
    tool = next((each for each in _TOOLS if sample and each.fits(rows)), None)
    if rows.format.tokens_key or rows.format.tags_key or rows.format.spans_key:
        found = _records(kept, with_tags=with_tags)
    elif tool is not None and not any(map(_has_tags, sample)):
        found = _documents(kept, tool.name, tool.read)
        remarks += tool.remarks(kept.values) if with_tags else ()
    elif all(map(word_spans.is_record, sample)):
        found = _unfolded(kept, word_spans.sentences_of, Keys("tokens", None, "spans"))
        found = replace(found, layout=f"{found.layout}, in words, the end inclusive (GLiNER, DyGIE, W2NER)")
    elif all(map(spacy_json.is_corpus, sample)):
        found = _unfolded(kept, spacy_json.sentences_of, Keys("tokens", "tags", None))
    elif all(isinstance(row, dict) and isinstance(row.get("text"), str) for row in sample) and not any(
        map(_has_tags, sample)
    ):
        found = _texts(kept, with_tags=with_tags)
    else:
        found = _records(kept, with_tags=with_tags)
    found = replace(found, remarks=(*found.remarks, *remarks))
    return found if with_tags else replace(found, tags=None, dialect=None)


def _why_refused(row: Any) -> str:
    """What an annotator refused, with the reason; empty: nobody did."""
    if label_studio.is_cancelled(row):
        return "tasks whose annotations are all cancelled"
    if isinstance(row, dict) and row.get(prodigy.ANSWER) in prodigy.REFUSED:
        return f"records whose answer is {' or '.join(prodigy.REFUSED)}"
    return ""


def _filled(rows: Rows) -> Counter[str]:
    """Under which keys texts have entities: how many of them under each."""
    return Counter(key for row in rows.values for key in doccano.filled_keys(row))


def _texts(rows: Rows, *, with_tags: bool) -> Parsed:
    """Texts with entities under some key, in characters; in words, if they have words and fit those alone."""
    filled = _filled(rows)
    if len(filled) > 1:
        counts = ", ".join(f"{count:,} under {key!r}" for key, count in filled.items())
        raise InputError(
            f"corpus {rows.name}: entities stand under several keys (records with some: {counts}); expected one key; "
            f"put them together, or take a key out, such as with jq 'del(.{list(filled)[-1]})'"
        )
    key = next(chain(filled, chain.from_iterable(map(doccano.marks_keys, rows.values))), None)
    if key is None and with_tags:
        listed = ", ".join(map(repr, rows.values[0])) if rows.values else "none"
        raise InputError(
            f"corpus {rows.name}: its keys are {listed}; expected entities under label, entities or spans beside "
            "text, or words with tags; set tokens_key and tags_key, or give a labelled file"
        )
    if key is not None and _counts_words(rows.sample, key):
        return _records(rows, with_tags=with_tags)

    def read(row: Any, number: int, place: str, names: Names) -> Document:
        return doccano.read_row(row, key, number, place, names)

    return _documents(rows, f"texts, entities under {key!r}" if key else "texts", read)


def _counts_words(sample: Sequence[Any], key: str) -> bool:
    """Whether spans beside words and a text count words: as characters, most would not be whole words."""
    fitting = spans = 0
    for row in sample:
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


def _documents(rows: Rows, what: str, read: Callable[[Any, int, str, Names], Document]) -> Parsed:
    documents = []
    for row, number, place in rows.places():
        try:
            documents.append(read(row, number, place, rows.format.tag_names))
        except InputError:
            raise
        except (AttributeError, KeyError, TypeError) as error:
            raise InputError(
                f"{place}: no record as the first ones are, of {what} ({type(error).__name__}: {error}); fix it"
            ) from None
    return parse_documents(documents, rows.name, rows.unit, rows.format, rows.language, what)


def _unfolded(rows: Rows, sentences_of: Callable[[Any, str], Any], keys: Keys) -> Parsed:
    """Records that hold several sentences each."""
    sentences, numbers = [], []
    for row, number, place in rows.places():
        if not isinstance(row, dict):
            raise InputError(f"{place}: no object as the first ones are; fix it")
        found = list(sentences_of(row, place))
        sentences += found
        numbers += [number] * len(found)
    return parse_records(sentences, numbers, rows.unit, rows.name, keys, rows.format.tag_names, span_ends="exclusive")


def _records(rows: Rows, *, with_tags: bool) -> Parsed:
    """Words with tags, or with spans that count words."""
    wrong = next(((row, place) for row, _, place in rows.places() if not isinstance(row, dict)), None)
    if wrong is not None:
        raise InputError(
            f"{wrong[1]}: a {type(wrong[0]).__name__}; expected a JSON object with words and tags, or with a text and "
            "entities; fix it"
        )
    present = list(dict.fromkeys(key for row in rows.values for key in row))
    keys = find_keys(present, rows.name, rows.format, with_tags=with_tags)
    names, ends = rows.format.tag_names, rows.format.span_ends
    return parse_records(rows.values, rows.numbers, rows.unit, rows.name, keys, names, span_ends=ends)


def _has_tags(row: Any) -> bool:
    """Whether a record has words, and as many tags."""
    if not isinstance(row, dict):
        return False
    words = next((row[key] for key in TOKEN_KEYS if isinstance(row.get(key), list)), None)
    tags = (row[key] for key in TAG_KEYS if isinstance(row.get(key), list))
    return bool(words) and any(len(each) == len(words or []) and isinstance(each[0], str | int) for each in tags)
