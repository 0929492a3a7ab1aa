"""Things from outside the store that steps read: files, folders, repositories on the hub.

They enter a cache key by their content alone, so a moved or touched file changes nothing.
"""

import hashlib
from functools import lru_cache
from pathlib import Path
from typing import Protocol, runtime_checkable

from pydantic import BaseModel, ConfigDict, Field

from artifacts.errors import InputError

_BLOCK_BYTES = 1 << 20


@runtime_checkable
class Input(Protocol):
    """What `step_key` needs of an input from outside."""

    def digest(self) -> str:
        """SHA-256 of the content, in hex."""


class _Outside(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class InputFile(_Outside):
    """A file of the user's, known to the cache by the digest of its bytes."""

    path: str = Field(title="Path", description="Where the file lies on this machine.")

    def local(self) -> Path:
        """The file's path.

        Raises:
            InputError: if there is no such file.
        """
        path = Path(self.path)
        if not path.is_file():
            raise InputError(f"{path}: no such file; check the path, or name the folder it lies in with --data")
        return path

    def digest(self) -> str:
        """SHA-256 of the file's bytes; remembered while its size and modification time stay the same."""
        path = self.local()
        status = path.stat()
        return _file_digest(str(path), status.st_size, status.st_mtime_ns)


class InputFolder(_Outside):
    """A folder of the user's (a checkpoint), known to the cache by its file names and their bytes."""

    path: str = Field(title="Path", description="Where the folder lies on this machine.")

    def local(self) -> Path:
        """The folder's path.

        Raises:
            InputError: if there is no such folder.
        """
        path = Path(self.path)
        if not path.is_dir():
            raise InputError(f"{path}: no such folder; check the path, or name the folder it lies in with --data")
        return path

    def digest(self) -> str:
        """SHA-256 over relative names and bytes of all files, hidden ones left out."""
        folder = self.local()
        total = hashlib.sha256()
        for path in sorted(folder.rglob("*")):
            relative = path.relative_to(folder)
            if path.is_file() and not any(part.startswith(".") for part in relative.parts):
                status = path.stat()
                total.update(f"{relative.as_posix()}\0".encode())
                total.update(_file_digest(str(path), status.st_size, status.st_mtime_ns).encode())
        return total.hexdigest()


class HubModel(_Outside):
    """A model on the Hugging Face hub, known to the cache by its name and resolved commit."""

    name: str = Field(title="Name", description="Repository on the hub, such as bert-base-multilingual-cased.")
    commit: str = Field(title="Commit", description="Full commit hash; resolve one with `HubModel.resolve`.")

    @classmethod
    def resolve(cls, name: str, revision: str | None = None) -> "HubModel":
        """Asks the hub (or, without a network, its local cache) which commit a revision is.

        Raises:
            InputError: if the hub cannot be reached and the local cache does not have it, or if there is no such model.
        """
        return cls(name=name, commit=_hub_commit(name, revision or "main"))

    def local(self) -> Path:
        """The folder of the model's files, downloaded on first use; pickled weights are never downloaded."""
        from huggingface_hub import snapshot_download

        patterns = ["*.json", "*.safetensors", "*.txt", "*.model", "*.spm"]
        return Path(snapshot_download(self.name, revision=self.commit, allow_patterns=patterns))

    def digest(self) -> str:
        """SHA-256 of name and commit."""
        return hashlib.sha256(f"{self.name}@{self.commit}".encode()).hexdigest()


@lru_cache(maxsize=65536)
def _file_digest(path: str, size_bytes: int, modified_ns: int) -> str:
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(_BLOCK_BYTES):
            digest.update(block)
    return digest.hexdigest()


@lru_cache(maxsize=64)
def _hub_commit(name: str, revision: str) -> str:
    from httpx import HTTPError
    from huggingface_hub import HfApi, try_to_load_from_cache
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError

    try:
        commit = HfApi().model_info(name, revision=revision).sha
        if commit:
            return commit
        reason = "the hub names no commit for it"
    except (HfHubHTTPError, HFValidationError, HTTPError, OSError) as error:
        cached = try_to_load_from_cache(name, "config.json", revision=revision)
        if isinstance(cached, str):
            return Path(cached).parent.name
        reason = str(error).splitlines()[0]
    raise InputError(
        f"encoder {name!r} (revision {revision}): {reason}; check the name and the network, "
        "or give the path of a folder that holds the checkpoint"
    )
