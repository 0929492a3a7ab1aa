"""A translator of the user's: a command that reads JSON lines and writes JSON lines.

in    {"id": 17, "text": "Ada lives in Ulm.", "source": "en", "target": "de"}
out   {"id": 17, "translation": "Ada wohnt in Ulm."}

The command is started for some texts at a time, in the data folder, without a shell. Its answers may come in any order;
each is kept as soon as it has come. It ends when its input does.
"""

import json
import math
import shlex
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from pydantic import Field

from artifacts.command import CommandFailed, converse
from artifacts.digest import canonical_json, text_digest
from artifacts.errors import InputError
from artifacts.settings import Settings
from tasks.translation.machine.languages import known_language

_WANTED = 'expected a line such as {"id": 17, "translation": "..."} for each line of its input'
_FIRST_PAUSE_SECONDS = 1.0


class ExternalTranslator(Settings):
    """A command that translates, and how it is asked. Version and languages are in the cache key, and nothing else."""

    command: str = Field(
        min_length=1,
        title="Command",
        description="Program and arguments, such as `python translate.py`; secrets belong into its environment.",
    )
    version: str = Field(
        min_length=1,
        title="Version",
        description="Of what it does, such as the model's name; another version translates anew.",
    )
    languages: tuple[str, ...] = Field(
        (), title="Languages", description="The codes that it takes; empty: it is given those of the configuration."
    )
    texts_per_call: int = Field(
        100, ge=1, title="Texts per call", description="Lines that the command gets each time that it is started."
    )
    tries: int = Field(
        3,
        ge=1,
        le=100,
        title="Tries",
        description="Calls in a row without a new answer, then the run ends.",
    )
    timeout_seconds: float = Field(
        120.0, gt=0, title="Timeout", description="Seconds without an answer after which a call has failed."
    )
    per_minute: int | None = Field(
        None, ge=1, title="Texts a minute", description="No more than so many are given to it; empty: as it takes them."
    )

    def digest(self) -> str:
        """SHA-256 of version and languages, in hex."""
        return text_digest(canonical_json({"version": self.version, "languages": list(self.languages)}))

    def program(self, folder: Path) -> list[str]:
        """The words of the command; a program that lies in `folder` by its path there.

        Raises:
            InputError: if the command cannot be read.
        """
        try:
            words = shlex.split(self.command)
        except ValueError as error:
            raise InputError(f"translator.external.command {self.command!r}: {error}; quote its words") from error
        if not words:
            raise InputError(f"translator.external.command {self.command!r}: no program in it; name one")
        inside = folder / words[0]
        return [str(inside.absolute()) if "/" in words[0] and inside.is_file() else words[0], *words[1:]]


@dataclass
class ExternalEngine:
    """What stands for an engine.

    Attributes:
        translator: the command.
        source: the language of the texts, as the command calls it.
        target: the one to translate into.
        folder: where the command is started.
    """

    translator: ExternalTranslator
    source: str
    target: str
    folder: Path
    _next_text: float = field(default=0.0)

    @classmethod
    def of(cls, translator: ExternalTranslator, languages: tuple[str, str], folder: Path) -> "ExternalEngine":
        """An engine for a direction.

        Raises:
            UnknownLanguage: if languages are listed, and one is not among them.
        """
        known = translator.languages
        source, target = (known_language(each, known) if known else each for each in languages)
        return cls(translator, source, target, folder)

    def translate(self, texts: Sequence[str]) -> Iterator[tuple[np.ndarray, list[str]]]:
        """Translates texts, in the order of the answers.

        Yields:
            [1] int place of a text in `texts`, and its translation.

        Raises:
            InputError: if the command fails so often in a row that `tries` are used up; it names the line.
        """
        for first in range(0, len(texts), self.translator.texts_per_call):
            open_ids = dict(enumerate(texts[first : first + self.translator.texts_per_call], first))
            failures = 0
            while open_ids:
                before = len(open_ids)
                try:
                    for place, translation in self._call(dict(open_ids)):
                        del open_ids[place]
                        yield np.array([place]), [translation]
                except CommandFailed as error:
                    failures = 1 if len(open_ids) < before else failures + 1
                    if failures >= self.translator.tries:
                        raise InputError(
                            f"external translator `{self.translator.command}`: {error}; {len(open_ids)} of "
                            f"{len(texts)} texts have no translation, the others are kept; tried {failures} times in a "
                            "row; try it by hand with a few lines"
                        ) from error
                    time.sleep(_FIRST_PAUSE_SECONDS * 2 ** (failures - 1))

    def _call(self, texts: Mapping[int, str]) -> Iterator[tuple[int, str]]:
        """Starts the command once, with these texts by their ids.

        Raises:
            CommandFailed: if it fails, or gives a wrong line.
        """
        # A command may read all before it answers: then it waits for the limit, and we for it.
        patience = self.translator.timeout_seconds + 60 / (self.translator.per_minute or math.inf)
        words, lines = self.translator.program(self.folder), self._lines(texts)
        answered: set[int] = set()
        for number, line in enumerate(converse(words, self.folder, lines, len(texts), patience), 1):
            place, translation = _read(line, number)
            if place in answered or place not in texts:
                why = "it was answered before" if place in answered else f"asked were {min(texts)} to {max(texts)}"
                raise CommandFailed(f"answer {number} has the id {place}, and {why}: {_shown(line)}")
            answered.add(place)
            yield place, translation

    def _lines(self, texts: Mapping[int, str]) -> Iterator[tuple[float, bytes]]:
        """Each line of the input, and when it may be given."""
        for place, text in texts.items():
            if self.translator.per_minute is not None:
                self._next_text = max(self._next_text + 60 / self.translator.per_minute, time.monotonic())
            asked = {"id": place, "text": text, "source": self.source, "target": self.target}
            yield self._next_text, json.dumps(asked, ensure_ascii=False).encode() + b"\n"


def _read(line: bytes, number: int) -> tuple[int, str]:
    try:
        found = json.loads(line)
        place, translation = found["id"], found["translation"]
    except (ValueError, TypeError, KeyError) as error:
        raise CommandFailed(f"answer {number} cannot be read: {_shown(line)}; {_WANTED}") from error
    if not isinstance(place, int) or not isinstance(translation, str):
        raise CommandFailed(f"answer {number} has no number as id, or no text translated: {_shown(line)}; {_WANTED}")
    return place, translation


def _shown(line: bytes) -> str:
    text = line.decode("utf-8", "replace").strip()
    return text if len(text) <= 200 else f"{text[:200]} ..."
