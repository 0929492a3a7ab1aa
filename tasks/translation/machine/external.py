"""A translator of the user's: a command that reads JSON lines and writes JSON lines (`artifacts.asking`).

in    {"id": 17, "text": "Ada lives in Ulm.", "source": "en", "target": "de"}
out   {"id": 17, "translation": "Ada wohnt in Ulm."}

Translations are brought to Unicode NFC, in which corpora are.
"""

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import Field

from artifacts.asking import Asking, Command
from artifacts.digest import canonical_json, text_digest
from tasks.translation.machine.languages import known_language

SETTING = "translator.external"


class ExternalTranslator(Command):
    """A command that translates, and how it is asked. Version and languages are in the cache key, and nothing else."""

    languages: tuple[str, ...] = Field(
        (), title="Languages", description="The codes that it takes; empty: it is given those of the configuration."
    )

    def digest(self) -> str:
        """SHA-256 of version and languages, in hex."""
        return text_digest(canonical_json({"version": self.version, "languages": list(self.languages)}))


@dataclass(frozen=True)
class ExternalEngine:
    """What stands for an engine.

    Attributes:
        asking: the command, given texts of a direction.
    """

    asking: Asking[str, str]

    @classmethod
    def of(cls, translator: ExternalTranslator, languages: tuple[str, str], folder: Path) -> "ExternalEngine":
        """An engine for a direction; the command is started in a folder.

        Raises:
            UnknownLanguage: if languages are listed, and one is not among them.
        """
        known = translator.languages
        source, target = (known_language(each, known) if known else each for each in languages)

        def say(text: str) -> Mapping[str, str]:
            return {"text": text, "source": source, "target": target}

        return cls(Asking(translator, "external translator", SETTING, folder, say, _translation))

    def translate(self, texts: Sequence[str]) -> Iterator[tuple[np.ndarray, list[str]]]:
        """Translates texts, in the order of the answers.

        Yields:
            [1] int place of a text in `texts`, and its translation.

        Raises:
            InputError: if the command fails so often in a row that `tries` are used up; it names the line.
        """
        for place, translation in self.asking.answers(texts):
            yield np.array([place]), [translation]


def _translation(found: dict[str, Any]) -> str:
    translation = found.get("translation")
    if not isinstance(translation, str):
        raise ValueError('it has no text as translation; expected a line such as {"id": 17, "translation": "..."}')
    return unicodedata.normalize("NFC", translation)
