"""Things from outside the store that steps read: files, folders, repositories on the hub.

They enter a cache key by their content alone, so a moved or touched file changes nothing.
"""

import hashlib
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Literal, Protocol, runtime_checkable

from pydantic import BaseModel, ConfigDict, Field

from artifacts.asked import called
from artifacts.digest import file_digest
from artifacts.errors import InputError

_SMALL_FILES = ("*.json", "*.txt", "*.model", "*.spm")


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
            raise InputError(
                f"{path}: no such file; check it, or the folder it starts from ({called('--data', 'Data folder')})"
            )
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
            raise InputError(
                f"{path}: no such folder; check it, or the folder it starts from ({called('--data', 'Data folder')})"
            )
        return path

    def digest(self) -> str:
        """SHA-256 over relative names and bytes of all files, in linked folders, too; hidden ones left out.

        Raises:
            InputError: if there is no such folder, or a link in it leads back to a folder around it.
        """
        folder = self.local()
        total = hashlib.sha256()
        for path in sorted(_files_below(folder)):
            status = path.stat()
            total.update(f"{path.relative_to(folder).as_posix()}\0".encode())
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

    def local(self, weights: bool = True, pickled: bool = False) -> Path:
        """The folder of the model's files, downloaded on first use.

        Args:
            weights: whether to download safetensors; without them the rest is small.
            pickled: whether to download pickled weights, too; whoever reads these must not run what is in them.
        """
        from huggingface_hub import snapshot_download

        patterns = [*_SMALL_FILES, *["*.safetensors"] * weights, *["pytorch_model*.bin"] * pickled]
        return Path(snapshot_download(self.name, revision=self.commit, allow_patterns=patterns))

    def names(self) -> list[str] | None:
        """The names of all files of the repository; None where the hub cannot be reached."""
        from huggingface_hub import HfApi
        from huggingface_hub.errors import HfHubHTTPError, HTTPError

        try:
            return HfApi().list_repo_files(self.name, revision=self.commit)
        except (HfHubHTTPError, HTTPError, OSError):
            return None

    def digest(self) -> str:
        """SHA-256 of name and commit."""
        return hashlib.sha256(f"{self.name}@{self.commit}".encode()).hexdigest()


class HubDataset(_Outside):
    """One split of a dataset on the Hugging Face hub, known to the cache by its name and resolved commit."""

    name: str = Field(title="Name", description="Repository on the hub, such as wikiann.")
    commit: str = Field(title="Commit", description="Full commit hash; resolve one with `HubDataset.resolve`.")
    config: str = Field("", title="Configuration", description="Such as de; empty: the only one.")
    split: str = Field(title="Split", description="Such as train.")

    @classmethod
    def resolve(cls, name: str, split: str, config: str = "", revision: str | None = None) -> "HubDataset":
        """Asks the hub (or, without a network, its local cache) which commit a revision is.

        Raises:
            InputError: if the hub cannot be reached and the local cache does not have it, or there is no such dataset.
        """
        return cls(name=name, commit=_hub_commit(name, revision or "main", "dataset"), config=config, split=split)

    def digest(self) -> str:
        """SHA-256 of name, commit, configuration and split."""
        return hashlib.sha256(f"{self.name}@{self.commit}:{self.config}:{self.split}".encode()).hexdigest()


class DatasetFolder(InputFolder):
    """One split of a dataset folder of the user's, known to the cache by its files, configuration and split."""

    config: str = Field("", title="Configuration", description="Such as de; empty: the only one.")
    split: str = Field(title="Split", description="Such as train.")

    def digest(self) -> str:
        """SHA-256 over the folder's digest, configuration and split."""
        return hashlib.sha256(f"{super().digest()}:{self.config}:{self.split}".encode()).hexdigest()


def _files_below(folder: Path, around: tuple[Path, ...] = ()) -> Iterator[Path]:
    """The files at any depth that are not hidden; whoever reads a folder follows links, so this does."""
    around = (*around, folder.resolve())
    for path in folder.iterdir():
        if path.name.startswith("."):
            continue
        if path.is_file():
            yield path
        elif path.is_dir():
            if path.resolve() in around:
                raise InputError(f"{path}: this link leads back to a folder around it; remove it")
            yield from _files_below(path, around)


@lru_cache(maxsize=65536)
def _file_digest(path: str, size_bytes: int, modified_ns: int) -> str:
    return file_digest(Path(path))


@lru_cache(maxsize=64)
def _hub_commit(name: str, revision: str, kind: Literal["model", "dataset"] = "model") -> str:
    from huggingface_hub import HfApi, try_to_load_from_cache

    # The hub's library changed from httpx to httpx2: we catch the errors of the one it uses.
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, HTTPError

    try:
        commit = HfApi().repo_info(name, revision=revision, repo_type=kind).sha
        if commit:
            return str(commit)
        reason = "the hub names no commit for it"
    except (HfHubHTTPError, HFValidationError, HTTPError, OSError) as error:
        known_file = "config.json" if kind == "model" else "README.md"
        cached = try_to_load_from_cache(name, known_file, revision=revision, repo_type=kind)
        if isinstance(cached, str):
            return Path(cached).parent.name
        reason = str(error).splitlines()[0]
    what, holds = ("model", "the checkpoint") if kind == "model" else ("dataset", "it, such as hf:./folder:train")
    raise InputError(
        f"{what} {name!r} (revision {revision}): {reason}; check the name and the network, "
        f"or give the path of a folder that holds {holds}"
    )
