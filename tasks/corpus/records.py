"""Sentences as records: lists of words with lists of tags, or with spans; what JSON lines and tables hold."""

import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from artifacts.errors import InputError
from tasks.corpus.dialects import find_dialect
from tasks.corpus.formats import CorpusFormat
from tasks.corpus.parsed import Parsed
from tasks.words.labels import span_type

TOKEN_KEYS = ("tokens", "words")
TAG_KEYS = ("ner_tags", "tags", "labels", "ner")
SPAN_KEYS = ("spans", "entities")
_SPAN_SHAPE = "{start, end, label} or [start, end, label], counted in words"
# They would tear a line apart wherever sentences are written as columns.
_FORBIDDEN = "\0\t\n\r"


@dataclass(frozen=True)
class Keys:
    """Which key or column holds what; without tags, spans give them, and without either there are only words."""

    tokens: str
    tags: str | None
    spans: str | None


def find_keys(present: Sequence[str], name: str, format: CorpusFormat, *, with_tags: bool) -> Keys:
    """Finds words and tags among the keys of records, those that are given first.

    Args:
        present: the keys, in their order.
        name: what to call the file in an error.
        format: may name keys.
        with_tags: whether tags are wanted.

    Raises:
        InputError: if a given key is not there, or none of the usual names is.
    """
    listed = ", ".join(map(repr, present[:20])) or "none"
    for option in ("tokens_key", "tags_key", "spans_key"):
        key = getattr(format, option)
        if key is not None and key not in present:
            raise InputError(f"corpus {name}: {option} is {key!r}, but its keys are {listed}; set another")
    tokens = format.tokens_key or _first(TOKEN_KEYS, present)
    if tokens is None:
        raise InputError(
            f"corpus {name}: its keys are {listed}; expected words under one of {', '.join(TOKEN_KEYS)}; set tokens_key"
        )
    if not with_tags:
        return Keys(tokens, None, None)
    if format.tags_key or format.spans_key:
        return Keys(tokens, format.tags_key, None if format.tags_key else format.spans_key)
    tags, spans = _first(TAG_KEYS, present), _first(SPAN_KEYS, present)
    if tags is None and spans is None:
        raise InputError(
            f"corpus {name}: its keys are {listed}; expected tags under one of {', '.join(TAG_KEYS)}, or spans under "
            f"one of {', '.join(SPAN_KEYS)}; set tags_key or spans_key, or give a labelled file"
        )
    return Keys(tokens, tags, None if tags else spans)


def parse_records(
    rows: Sequence[Mapping[str, Any]],
    numbers: Sequence[int],
    unit: str,
    name: str,
    keys: Keys,
    tag_names: Sequence[str] | None,
    *,
    span_ends: Literal["auto", "exclusive", "inclusive"] = "auto",
) -> Parsed:
    """Reads records; those without a word are left out.

    Args:
        rows: one mapping per sentence.
        numbers: the line or row of each.
        unit: what `numbers` counts: line or row.
        name: what to call the file in an error.
        keys: which key holds what.
        tag_names: names of numbered tags, in order; None if tags are strings.
        span_ends: whether the last word of a span is before its end or at it.

    Raises:
        InputError: at a record whose words or tags are not what they should be.
    """
    words: list[str] = []
    tags: list[str] = []
    lines: list[int] = []
    starts: list[int] = []
    renormalised: list[int] = []
    inclusive = span_ends == "inclusive"
    if keys.spans is not None and span_ends == "auto":
        inclusive = _are_inclusive(rows, keys, name)
    for row, number in zip(rows, numbers, strict=True):
        place = f"corpus {name}, {unit} {number}"
        sentence = _words(row.get(keys.tokens), place, keys.tokens)
        if sentence != row.get(keys.tokens):
            renormalised.append(number)
        if keys.tags is not None:
            tags += _tags(row.get(keys.tags), len(sentence), place, keys.tags, tag_names)
        elif keys.spans is not None:
            tags += _tags_of_spans(row.get(keys.spans), len(sentence), place, keys.spans, tag_names, inclusive)
        if sentence:
            starts.append(len(words))
            words += sentence
            lines += [number] * len(sentence)
    read_tags = keys.tags or keys.spans
    layout = f"words under {keys.tokens!r}" + (f", tags under {keys.tags!r}" if keys.tags else "")
    layout += f", spans under {keys.spans!r}" if keys.spans else ""
    layout += f", numbered tags: {', '.join(tag_names)}" if tag_names and read_tags else ""
    if renormalised:
        layout += f"; words of {len(renormalised):,} sentences brought to NFC, first {unit} {renormalised[0]}"
    dialect = find_dialect(Counter(tags), named=True) if keys.tags else None
    return Parsed(words, tags if read_tags else None, lines, starts, unit, layout, dialect)


def _first(usual: Sequence[str], present: Sequence[str]) -> str | None:
    return next((key for key in usual if key in present), None)


def _words(value: Any, place: str, key: str) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(word, str) for word in value):
        raise InputError(f"{place}: {key} is {_short(value)}; expected a list of words; fix the {_unit(place)}")
    words = [unicodedata.normalize("NFC", word) for word in value]
    together = "".join(words)
    if not all(words) or _is_torn(together):
        position = next(i for i, word in enumerate(words) if not word or _is_torn(word))
        raise InputError(
            f"{place}: word {position} of {key} is {words[position]!r}; expected text without line ends, tabs, zero "
            f"bytes and halves of characters; fix the {_unit(place)}"
        )
    return words


def _is_torn(text: str) -> bool:
    """Whether a text holds what no column file can, or what UTF-8 cannot: half of a surrogate pair."""
    return any(char in text for char in _FORBIDDEN) or any("\ud800" <= char <= "\udfff" for char in text)


def _tags(value: Any, length: int, place: str, key: str, names: Sequence[str] | None) -> list[str]:
    if not isinstance(value, list):
        raise InputError(f"{place}: {key} is {_short(value)}; expected a list of tags; fix the {_unit(place)}")
    if len(value) != length:
        raise InputError(
            f"{place}: {length} words, {len(value)} tags under {key}; expected one tag per word; fix the {_unit(place)}"
        )
    if all(isinstance(tag, str) for tag in value) and not _is_torn("".join(value)):
        return value
    return [_named(tag, f"{place}: tag {position} of {key}", names) for position, tag in enumerate(value)]


def _named(tag: Any, place: str, names: Sequence[str] | None) -> str:
    """A tag or entity type as a string; numbers are looked up."""
    if type(tag) is int:
        if names is None:
            raise InputError(
                f"{place} is the number {_short(tag)}; expected names of tags; list them, from 0, under tag_names"
            )
        if not 0 <= tag < len(names):
            raise InputError(
                f"{place} is the number {_short(tag)}; expected 0 to {len(names) - 1}; list more names under tag_names"
            )
        tag = names[tag]
    if not isinstance(tag, str) or _is_torn(tag):
        raise InputError(f"{place} is {_short(tag)}; expected a string, or a number that tag_names names; fix it")
    return tag


def _are_inclusive(rows: Sequence[Mapping[str, Any]], keys: Keys, name: str) -> bool:
    """Whether a span's last word is at its end: told by spans of one word, and by those that end with the sentence.

    Raises:
        InputError: if the spans tell nothing, or both.
    """
    exclusive = inclusive = spans = 0
    for row in rows:
        words, value = row.get(keys.tokens), span_list(row.get(keys.spans or ""))
        if not isinstance(words, list) or not isinstance(value, list):
            continue
        for span in value:
            try:
                start, end, _ = _span(span, "")
            except InputError:
                continue
            if not 0 <= start <= end <= len(words):
                continue
            spans += 1
            inclusive += start == end
            exclusive += end == len(words)
    if spans and bool(exclusive) == bool(inclusive):
        what = "none is empty or ends behind the last word" if not exclusive else "some fit one, some the other"
        raise InputError(
            f"corpus {name}: whether ends of spans under {keys.spans!r} are exclusive or inclusive cannot be told "
            f"({what}); expected spans that tell; set span_ends: exclusive if [0, 1] is the first word alone, "
            "inclusive if it is the first two"
        )
    return inclusive > 0


def span_list(value: Any) -> Any:
    """Spans as a list; a table may keep them as one list per field."""
    if isinstance(value, dict) and value and all(isinstance(column, list) for column in value.values()):
        return [dict(zip(value, fields, strict=False)) for fields in zip(*value.values(), strict=False)]
    return value


def _tags_of_spans(
    value: Any, length: int, place: str, key: str, names: Sequence[str] | None, inclusive: bool
) -> list[str]:
    """IOB2 tags of one sentence's spans."""
    value = span_list(value)
    if not isinstance(value, list):
        raise InputError(f"{place}: {key} is {_short(value)}; expected a list of {_SPAN_SHAPE}; [] where there is none")
    tags = ["O"] * length
    for position, span in enumerate(value):
        here = f"{place}: span {position} of {key}"
        start, end, label = _span(span, here)
        end += inclusive
        name = _named(label, f"{here}: its label", names)
        if not name or any(char.isspace() for char in name):
            raise InputError(f"{here}: its label is {name!r}; expected a name without spaces, such as PER; rename it")
        span_type(name, here)
        if not 0 <= start < end <= length:
            raise InputError(
                f"{here} goes from {start} to {end}, the sentence has {length} words; expected 0 <= start < end <= "
                f"{length} (the end is {'inclusive' if inclusive else 'exclusive'}); fix the {_unit(place)}"
            )
        if any(tag != "O" for tag in tags[start:end]):
            raise InputError(f"{here} overlaps another; expected spans that do not; keep one of them")
        tags[start:end] = [f"B-{name}", *[f"I-{name}"] * (end - start - 1)]
    return tags


def _span(span: Any, place: str) -> tuple[int, int, Any]:
    if isinstance(span, dict):
        span = [span.get("start"), span.get("end"), span["label"] if "label" in span else span.get("type")]
    if isinstance(span, list) and len(span) == 3 and all(type(bound) is int for bound in span[:2]):
        return span[0], span[1], span[2]
    raise InputError(f"{place} is {_short(span)}; expected {_SPAN_SHAPE}; fix it")


def _short(value: Any) -> str:
    if value is None:
        return "missing"
    if isinstance(value, int) and abs(value) >= 10**18:
        return "a huge number"
    return ascii(value)[:60] if isinstance(value, str | int | float | bool) else f"a {type(value).__name__}"


def _unit(place: str) -> str:
    return place.rpartition(", ")[2].partition(" ")[0]
