"""Ask a command of the user's: JSON lines in, JSON lines out, an `id` in each.

The command is started for some questions at a time, in the data folder, without a shell. Its answers may come in any
order; each is given on as soon as it has come. It ends when its input does.
"""

import json
import math
import shlex
import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, TypeVar

from pydantic import Field

from artifacts.command import CommandFailed, converse
from artifacts.errors import InputError
from artifacts.settings import Settings

Q = TypeVar("Q")
A = TypeVar("A")

_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 1.0, 60.0
_SHOWN_CHARACTERS = 200
_EXPECTED = "expected an object of JSON in a line, with the id of a line of its input, for each of these"


class Command(Settings):
    """A program of the user's, and how it is asked."""

    command: str = Field(
        min_length=1,
        title="Command",
        description="Program and arguments, such as `python translate.py`; secrets belong into its environment.",
    )
    version: str = Field(
        min_length=1,
        title="Version",
        description="Of what it does, such as the model's name; with another version all is asked anew.",
    )
    texts_per_call: int = Field(
        100, ge=1, title="Texts per call", description="Lines that the command gets each time that it is started."
    )
    tries: int = Field(
        3,
        ge=1,
        le=100,
        title="Tries",
        description="Calls in a row that fail, then the run ends; one that brings answers first begins a row.",
    )
    timeout_seconds: float = Field(
        120.0, gt=0, title="Timeout", description="Seconds without an answer after which a call has failed."
    )
    per_minute: int | None = Field(
        None, ge=1, title="Texts a minute", description="No more than so many are given to it; empty: as it takes them."
    )

    def program(self, folder: Path, setting: str) -> list[str]:
        """The words of the command; a program that is named by a path from `folder`.

        Raises:
            InputError: if the command cannot be read; `setting` is where it stands.
        """
        try:
            words = shlex.split(self.command)
        except ValueError as error:
            raise InputError(f"{setting}.command {self.command!r}: {error}; quote its words") from error
        if not words:
            raise InputError(f"{setting}.command {self.command!r}: no program in it; name one")
        return [str((folder / words[0]).absolute()) if "/" in words[0] else words[0], *words[1:]]

    def check_program(self, folder: Path, setting: str) -> None:
        """The program is there, and so are files that it is given, by paths from the current folder or from `folder`.

        Raises:
            InputError: if it is not, if such a file is in the current folder alone, or if the command cannot be read.
        """
        program, *words = self.program(folder, setting)
        if shutil.which(program) is None:
            raise InputError(
                f"{setting}.command `{self.command}`: there is no program {program}, neither in the path nor, by its "
                f"path, in the data folder {folder.absolute()}; install it, or name it by its path"
            )
        for word in words:
            looks_so = "/" in word or Path(word).suffix
            if looks_so and Path(word).is_file() and not (folder / word).exists():
                raise InputError(
                    f"{setting}.command `{self.command}`: {word} is a file in the current folder, and the command is "
                    f"started in the data folder {folder.absolute()}, which has none; write {Path(word).absolute()}"
                )


@dataclass
class Asking(Generic[Q, A]):
    """Asks a command, again where it fails.

    Attributes:
        command: who is asked.
        what: what it is, for a person, such as external translator.
        setting: where it stands in a configuration.
        folder: where it is started.
        say: the keys of a question, but for its id.
        read: takes the answer from the object that came; a ValueError of it says what is wrong, and what is expected.
    """

    command: Command
    what: str
    setting: str
    folder: Path
    say: Callable[[Q], Mapping[str, Any]]
    read: Callable[[dict[str, Any]], A]
    _next_text: float = field(default=0.0)

    def answers(self, questions: Sequence[Q]) -> Iterator[tuple[int, A]]:
        """Asks all questions, some at a time.

        Yields:
            The place of a question in `questions`, and its answer, in the order of the answers.

        Raises:
            InputError: if the command fails so often in a row that `tries` are used up; it names the line.
        """
        left = len(questions)
        for first in range(0, len(questions), self.command.texts_per_call):
            open_ids = dict(enumerate(questions[first : first + self.command.texts_per_call], first))
            failures = 0
            while open_ids:
                before = len(open_ids)
                try:
                    for place, answer in self._call(dict(open_ids)):
                        del open_ids[place]
                        left -= 1
                        yield place, answer
                except CommandFailed as error:
                    failures = 1 if len(open_ids) < before else failures + 1
                    if failures >= self.command.tries:
                        raise InputError(
                            f"{self.what} `{self.command.command}`: {error}; {left} of {len(questions)} texts have no "
                            f"answer, the others are kept; tried {failures} times in a row; try it by hand with a few "
                            "lines"
                        ) from error
                    time.sleep(min(_FIRST_PAUSE_SECONDS * 2 ** (failures - 1), _LONGEST_PAUSE_SECONDS))

    def _call(self, questions: Mapping[int, Q]) -> Iterator[tuple[int, A]]:
        """Starts the command once, with these questions by their ids.

        Raises:
            CommandFailed: if it fails, or gives a wrong line.
        """
        # A command may read all before it answers: then it waits for the limit, and we for it.
        patience = self.command.timeout_seconds + 60 / (self.command.per_minute or math.inf)
        words, lines = self.command.program(self.folder, self.setting), self._lines(questions)
        answered: set[int] = set()
        for number, line in enumerate(converse(words, self.folder, lines, len(questions), patience), 1):
            place, answer = self._read(line, number)
            if place in answered or place not in questions:
                asked = f"asked were {min(questions)} to {max(questions)}"
                why = "it was answered before" if place in answered else asked
                raise CommandFailed(f"answer {number} has the id {place}, and {why}: {_shown(line)}")
            answered.add(place)
            yield place, answer

    def _lines(self, questions: Mapping[int, Q]) -> Iterator[tuple[float, bytes]]:
        """Each line of the input, and when it may be given."""
        for place, question in questions.items():
            if self.command.per_minute is not None:
                self._next_text = max(self._next_text + 60 / self.command.per_minute, time.monotonic())
            asked = {"id": place, **self.say(question)}
            yield self._next_text, json.dumps(asked, ensure_ascii=False).encode() + b"\n"

    def _read(self, line: bytes, number: int) -> tuple[int, A]:
        try:
            found = json.loads(line, parse_constant=_refuse)
            json.dumps(found, ensure_ascii=False).encode()  # Halves of surrogate pairs are no text.
        except (ValueError, RecursionError) as error:
            raise CommandFailed(f"answer {number} cannot be read: {_shown(line)}; {_EXPECTED}") from error
        if not isinstance(found, dict) or type(found.get("id")) is not int:
            raise CommandFailed(f"answer {number} has no number as id: {_shown(line)}; {_EXPECTED}")
        try:
            return found["id"], self.read(found)
        except ValueError as error:
            raise CommandFailed(f"answer {number}, {_shown(line)}: {error}") from error


def _refuse(name: str) -> None:
    raise ValueError(f"{name} is no number of JSON")


def _shown(line: bytes) -> str:
    text = line.decode("utf-8", "replace").strip()
    return text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]} ..."
