"""A labeller of the user's: a command that reads JSON lines and writes JSON lines (`artifacts.asking`).

in    {"id": 17, "language": "de", "text": "Ada wohnt in Ulm.", "words": ["Ada", "wohnt", "in", "Ulm", "."],
       "offsets": [[0, 3], [4, 9], [10, 12], [13, 16], [16, 17]], "types": {"LOC": "places", "PER": "persons"},
       "labels": ["O", "B-LOC", "I-LOC", "B-PER", "I-PER"]}
out   {"id": 17, "entities": [{"start": 0, "end": 3, "type": "PER", "probability": 0.98}, ...]}
out   {"id": 17, "tags": ["B-PER", "O", "O", null, "O"], "probabilities": [0.98, 1, 1, null, 1]}
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import Field, field_validator

from artifacts.asking import Asking, Command
from artifacts.digest import canonical_json, text_digest
from tasks.labelling.answer import Answer, read_answer
from tasks.labelling.placed_words import PlacedWords
from tasks.words.labels import LabelConfig, iob2_labels

SETTING = "labeller"


class ExternalLabeller(Command):
    """A command that labels, and how it is asked. Version and types are in the cache key, and nothing else."""

    types: dict[str, str] = Field(
        title="Entity types",
        description="Every type of the label set, with what it stands for, such as PER: names of persons; the command "
        "is given both.",
    )

    @field_validator("types")
    @classmethod
    def _types_are_names(cls, types: dict[str, str]) -> dict[str, str]:
        names = LabelConfig(types=tuple(types)).types or ()
        return {name: types[name] for name in names}

    @property
    def labels(self) -> list[str]:
        """The IOB2 labels of its types, as a tagger of the run has them."""
        return iob2_labels(self.types)

    def digest(self) -> str:
        """SHA-256 of version and types, in hex."""
        return text_digest(canonical_json({"version": self.version, "types": self.types}))


def asking(labeller: ExternalLabeller, language: str, folder: Path) -> Asking[tuple[list[str], PlacedWords], Answer]:
    """The command, to be asked about words in their text; it is started in a folder."""
    types, labels = dict(labeller.types), labeller.labels

    def say(sentence: tuple[list[str], PlacedWords]) -> Mapping[str, Any]:
        words, (text, places) = sentence
        about = {"language": language, "text": text, "words": words, "offsets": places}
        return {**about, "types": types, "labels": labels}

    def read(found: dict[str, Any]) -> Answer:
        return read_answer({name: value for name, value in found.items() if name != "id"})

    return Asking(labeller, "external labeller", SETTING, folder, say, read)
