"""What is written down beside an artifact: how it came to be and what it consists of."""

from pathlib import PurePosixPath
from typing import Any

from pydantic import BaseModel, ConfigDict, field_validator

from artifacts.code.fingerprint import Definition

MANIFEST_FILE = "manifest.json"


class Recipe(BaseModel):
    """Everything a step's cache key is made of (contract 2), so that two keys can be told apart in words."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    step: str
    parameters: dict[str, Any]
    inputs: dict[str, str]
    code: str
    schemas: dict[str, str]
    store_format: int


class FileEntry(BaseModel):
    """One file of an artifact."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    bytes: int
    sha256: str


class Manifest(BaseModel):
    """The last file written into an artifact's folder; a folder without one is no artifact.

    `notes`, `made` and `environment` do not enter the digest: they may differ between two runs of the same step.
    `dropped` says that the files were removed on purpose: the content is known, and is made again if it is needed.
    `definitions` explain `recipe.code`; they do not enter the key, so a definition may move to another module.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: str
    key: str
    digest: str
    recipe: Recipe
    definitions: dict[str, Definition] = {}
    files: dict[str, FileEntry]
    metadata: dict[str, Any]
    rows: int | None = None
    label: str = ""
    notes: dict[str, Any] = {}
    seconds: float
    made: str
    environment: dict[str, str]
    dropped: bool = False
    adopted_from: str | None = None
    adopted_why: str | None = None

    @property
    def name(self) -> str:
        """Names the artifact: kind/key."""
        return f"{self.kind}/{self.key}"

    @field_validator("files")
    @classmethod
    def _inside_the_folder(cls, files: dict[str, FileEntry]) -> dict[str, FileEntry]:
        for name in files:
            if PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts:
                raise ValueError(f"file {name!r} lies outside the artifact's folder")
        return files
