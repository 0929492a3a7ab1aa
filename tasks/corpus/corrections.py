"""What people corrected in the labels of a text: a file of JSON lines that is only ever added to.

{"sentence_id": 7, "words": ["Ada", "lebt"], "tags": ["B-PER", "O"], "before": ["O", "O"], "author": "ben",
"made": "2026-11-29T01:23:41Z", "sentences": "sentences/3f2a..."}

A line is about one sentence; the latest about a sentence counts. `tags` null withdraws it: its labels are the models'
again. `before` are the labels that the author saw.
"""

import fcntl
import json
import os
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from artifacts.errors import InputError
from tasks.words.schemes import TagError, to_iob2

_FORBIDDEN = "\0\t\n\r"  # They would tear a line apart wherever sentences are written as columns.
_AUTHOR_LENGTH = 200
_NOT_ON_ONE_LINE = frozenset({"Cc", "Zl", "Zp"})

Author = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=_AUTHOR_LENGTH)]
Name = Annotated[str, StringConstraints(min_length=1)]


class Correction(BaseModel):
    """The labels that a person gave one sentence.

    Attributes:
        sentence_id: its id in the text.
        words: its words; a correction of other words is none of this sentence.
        tags: an IOB2 tag for each word; None withdraws what was said before.
        before: the labels that the author saw, one for each word.
        author: who says so.
        made: when, in UTC.
        sentences: the text, such as sentences/3f2a..., by kind and content.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    sentence_id: int = Field(ge=0)
    words: tuple[Name, ...] = Field(min_length=1)
    tags: tuple[Name, ...] | None
    before: tuple[Name, ...]
    author: Author
    made: AwareDatetime
    sentences: Name

    @model_validator(mode="after")
    def _is_of_one_piece(self) -> "Correction":
        for place, word in enumerate(self.words):
            if any(sign in word for sign in _FORBIDDEN):
                raise ValueError(f"word {place} is {word[:40]!r}; expected text without line ends, tabs and zero bytes")
        if any(unicodedata.category(sign) in _NOT_ON_ONE_LINE for sign in self.author):
            raise ValueError(f"author is {self.author[:40]!r}; expected a name on one line")
        for name, labels in (("tags", self.tags), ("before", self.before)):
            if labels is not None and len(labels) != len(self.words):
                raise ValueError(f"{len(self.words)} words, {len(labels)} {name}; expected one for each word")
        if self.tags is not None:
            try:
                to_iob2(self.tags, "iob2")
            except TagError as error:
                raise ValueError(
                    f"word {error.position}, {self.words[error.position][:40]!r}: {error.reason.partition('; fix')[0]}"
                ) from None
        return self

    @property
    def sentence(self) -> tuple[int, tuple[str, ...]]:
        """What it is about."""
        return self.sentence_id, self.words

    @property
    def changed(self) -> int:
        """How many words have another label than the author saw."""
        return sum(tag != seen for tag, seen in zip(self.tags or (), self.before, strict=False))


@dataclass(frozen=True)
class Line:
    """A line of a file of corrections: its number, from 1, and what it says."""

    number: int
    correction: Correction


def correction(**said: Any) -> Correction:
    """A correction made now, unless it says when.

    Args:
        said: the attributes of a `Correction`.

    Raises:
        InputError: if they do not make one.
    """
    now = datetime.now(UTC).replace(microsecond=0)
    lists = {name: tuple(value) for name, value in said.items() if isinstance(value, list)}
    try:
        return Correction(**{"made": now, **said, **lists})
    except ValidationError as error:
        sentence = said.get("sentence_id")
        raise InputError(f"correction of sentence {sentence}: {_reason(error)}; nothing was kept of it") from None


def load_corrections(path: Path) -> list[Line]:
    """Everything that a file of corrections says, in its order; nothing from a file that is not there yet.

    Raises:
        InputError: at the first line that is no correction.
    """
    try:
        with path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH)  # Who adds a line holds the other lock until it is whole.
            content = file.read()
    except FileNotFoundError:
        return []
    return parse_corrections(content, str(path))


def parse_corrections(content: bytes, name: str) -> list[Line]:
    """The same, of a file's bytes; `name` is what an error calls it."""
    lines = []
    for number, line in enumerate(content.split(b"\n"), 1):
        if line.strip():
            try:
                lines.append(Line(number, Correction.model_validate_json(line)))
            except ValidationError as error:
                raise InputError(
                    f"corrections {name}, line {number}: {_reason(error)}; fix the line, or delete it"
                ) from None
    return lines


def append_corrections(path: Path, corrections: Sequence[Correction]) -> None:
    """Adds lines, all or none of them, whoever else adds some at the same time; makes file and folder.

    Raises:
        InputError: if the file ends in a line that is cut off.
    """
    if not corrections:
        return
    text = "".join(f"{_as_line(each)}\n" for each in corrections).encode()
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+b", buffering=0) as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        size = file.seek(0, os.SEEK_END)
        if size:
            file.seek(size - 1)
            if file.read(1) != b"\n":  # Written by hand without a last line end; or torn when a machine died.
                parse_corrections(path.read_bytes(), str(path))
                text = b"\n" + text
        try:
            written = file.write(text)
            if written != len(text):
                raise OSError(f"{path}: {written} of {len(text)} bytes could be written")
            os.fsync(file.fileno())
        except BaseException:
            file.truncate(size)
            raise


def latest(lines: Iterable[Line]) -> list[Line]:
    """What counts: the last line about each sentence, those that were withdrawn left out, by sentence."""
    last = {line.correction.sentence: line for line in lines}
    return sorted((each for each in last.values() if each.correction.tags is not None), key=_order)


def made_text(said: Correction) -> str:
    """When a correction was made: ISO 8601 in UTC."""
    return f"{said.made.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def by_whom(authors: Mapping[str, int]) -> str:
    """Numbers of corrected sentences by author, in words: `ada 2, ben 1`."""
    return ", ".join(f"{author} {count:,}" for author, count in authors.items())


def check_corrections(
    lines: Sequence[Line],
    words_of: Callable[[int], Sequence[str] | None],
    labels: Sequence[str],
    name: str,
    text: str,
) -> None:
    """Checks that corrections are of a text as it is, and of its label set.

    Args:
        lines: what counts, as `latest` gives it.
        words_of: the words of the text's sentence with an id; None if there is no such sentence.
        labels: all IOB2 labels of the label set.
        name: of the file.
        text: what to call the text in an error.

    Raises:
        InputError: naming file and line of the first that does not fit, and how many others do not.
    """
    if not lines:
        raise InputError(
            f"corrections {name}: no correction is in it that was not withdrawn; expected at least one; leave "
            "target.corrections out"
        )
    known = frozenset(labels)
    wrong = [(line, reason) for line in lines if (reason := _misfit(line.correction, words_of, known, text))]
    if wrong:
        line, reason = wrong[0]
        others = f" ({len(wrong) - 1} more lines do not fit)" if len(wrong) > 1 else ""
        raise InputError(f"corrections {name}, line {line.number}: {reason}{others}")


def _misfit(
    said: Correction, words_of: Callable[[int], Sequence[str] | None], labels: frozenset[str], text: str
) -> str | None:
    """Why a correction cannot be used; None if it can."""
    withdraw = "withdraw the correction, or read the text with the settings of then"
    words = words_of(said.sentence_id)
    if words is None:
        return f"{text} has no sentence {said.sentence_id} ({_shown(said.words)}, of {said.sentences}); {withdraw}"
    if tuple(words) != said.words:
        return (
            f"sentence {said.sentence_id} is {_shown(words)} in {text}, and was {_shown(said.words)} when it was "
            f"corrected (in {said.sentences}); {withdraw}"
        )
    strange = next((tag for tag in said.tags or () if tag not in labels), None)
    if strange is not None:
        expected = ", ".join(sorted(labels, key=lambda label: (label != "O", label)))
        return f"tag {strange!r} is not one of {expected}; correct sentence {said.sentence_id} again"
    return None


def _as_line(said: Correction) -> str:
    return json.dumps({**said.model_dump(mode="json"), "made": made_text(said)}, ensure_ascii=False)


def _order(line: Line) -> tuple[int, int]:
    return line.correction.sentence_id, line.number


def _shown(words: Sequence[str]) -> str:
    text = " ".join(words[:8])
    return repr(text[:60] + ("..." if len(words) > 8 or len(text) > 60 else ""))


def _reason(error: ValidationError) -> str:
    """The first thing that pydantic found, in one line."""
    first = error.errors(include_url=False)[0]
    where = ".".join(map(str, first["loc"]))
    message = str(first["msg"]).removeprefix("Value error, ")
    return f"{where}: {message}" if where else message
