"""What a translator is: `translator.json` in its folder, by which engines know how to feed it."""

import json
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError

from artifacts.errors import InputError
from artifacts.settings import Settings

CARD_FILE = "translator.json"
VERSION = 1

Family = Literal["m2m100", "small100", "nllb", "marian", "madlad"]
_OF_TYPE: dict[str, Family] = {"m2m_100": "m2m100", "marian": "marian", "t5": "madlad"}
_SMALL100_LAYERS = (12, 3)


class TranslatorCard(Settings):
    """The content of `translator.json`."""

    version: int = Field(VERSION, title="Version", description="Of this form of the file.")
    family: Family = Field(title="Family", description="How texts and languages become numbers.")
    languages: tuple[str, ...] = Field((), title="Languages", description="Its codes; empty: those of its folders.")
    folders: dict[str, str] = Field(
        default_factory=dict,
        title="Folders",
        description="Of translators of one pair of languages each: the folder of each direction, such as `en de`.",
    )
    markers: tuple[Literal["slot"], ...] | None = Field(
        None, title="Markers", description="Forms that it has learnt, if it was trained here; null: nobody knows."
    )

    def folder(self, root: Path, source: str, target: str) -> Path:
        """Where the model of a direction lies.

        Raises:
            InputError: if there is none.
        """
        if not self.folders:
            return root
        name = f"{source} {target}"
        if name not in self.folders:
            raise InputError(
                f"translator: it has no checkpoint for {source} to {target}, only for "
                f"{', '.join(each.replace(' ', ' to ') for each in self.folders)}; give one for each direction: write "
                "{from} and {to} in translator.checkpoint"
            )
        return root / self.folders[name]

    @property
    def directions(self) -> tuple[tuple[str, str], ...]:
        """The directions that have a model of their own."""
        return tuple((source, target) for source, target in (name.split() for name in self.folders))


def write_card(card: TranslatorCard, folder: Path) -> None:
    """Writes `translator.json`."""
    text = json.dumps(card.model_dump(mode="json"), indent=1, ensure_ascii=False, sort_keys=True)
    (folder / CARD_FILE).write_text(text + "\n", encoding="utf-8")


def read_card(folder: Path) -> TranslatorCard:
    """Reads `translator.json`; a folder without one is of the family that its configuration tells.

    Raises:
        InputError: if it is damaged or of a later version, or the family is not known.
    """
    path = folder / CARD_FILE
    if not path.is_file():
        return TranslatorCard(family=family_of(folder))
    try:
        card = TranslatorCard.model_validate_json(path.read_bytes())
    except ValidationError as error:
        raise InputError(
            f"{path}: no translator's card of version {VERSION}: {error.errors()[0]['msg']}; expected family, "
            "languages, folders and version; remove the file, or import the checkpoint again"
        ) from error
    if card.version > VERSION:
        raise InputError(
            f"{path}: version {card.version}, expected at most {VERSION}; a later Crosstag wrote it: upgrade"
        )
    return card


def family_of(folder: Path, name: str = "") -> Family:
    """The family of a checkpoint, as its files tell.

    M2M100, SMaLL-100 and NLLB have one architecture: what tells them apart is the tokenizer. SMaLL-100's goes with its
    code, which is not run; its name, or that file beside the weights, tells of it.

    Args:
        folder: of the checkpoint.
        name: of the checkpoint, such as that on the hub.

    Raises:
        InputError: if the architecture is no translator's that can be used, or M2M100 and SMaLL-100 cannot be told
            apart.
    """
    if (folder / CARD_FILE).is_file():
        return read_card(folder).family
    config = read_json(folder / "config.json")
    family = _OF_TYPE.get(str(config.get("model_type")))
    if family is None:
        raise InputError(
            f"translator config {folder / 'config.json'}: model_type is {config.get('model_type')!r}, expected one of "
            f"{', '.join(_OF_TYPE)}: checkpoints of M2M100, SMaLL-100, NLLB-200, Marian (OPUS-MT) and MADLAD-400 can "
            "be used; others by a command: translator.external"
        )
    if family != "m2m100":
        return family
    tokenizer = folder / "tokenizer_config.json"
    named = str(read_json(tokenizer).get("tokenizer_class", "")).lower() if tokenizer.is_file() else ""
    if "nllb" in named or "nllb" in name.lower():
        return "nllb"
    if "small100" in named or _is_small100(name) or (folder / "tokenization_small100.py").is_file():
        return "small100"
    if (config.get("encoder_layers"), config.get("decoder_layers")) == _SMALL100_LAYERS:
        raise InputError(
            f"translator {name or folder}: 12 encoder and 3 decoder layers, as SMaLL-100 has, and nothing that says "
            "whether it is one, or an M2M100; their language tokens differ: set translator.family to small100 or m2m100"
        )
    return "m2m100"


def read_json(path: Path) -> dict[str, Any]:
    """A small file of a checkpoint.

    Raises:
        InputError: if it is no JSON object.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise InputError(f"translator config {path}: not JSON ({error}); take the whole checkpoint again") from error
    if not isinstance(found, dict):
        raise InputError(f"translator config {path}: no JSON object; take the whole checkpoint again")
    return found


def _is_small100(name: str) -> bool:
    return "small100" in name.lower().replace("-", "").replace("_", "")
