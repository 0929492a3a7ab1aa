"""Where a store keeps its files: a folder of this machine.

This module and `artifacts.store` alone deal in paths of a store; all else names artifacts. So a store may lie elsewhere
some day, in a place that can do what stands here. Names are relative to the place, with slashes, such as
`scores/086a/manifest.json`.
"""

import os
import shutil
import uuid
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from artifacts.digest import file_digest
from artifacts.lock import FlockManager
from artifacts.manifest import FileEntry


@dataclass(frozen=True)
class Status:
    """How large a file is, and when it was last written."""

    bytes: int
    modified_ns: int


class Place:
    """Files under one folder. Whatever else is done to them, a name appears with its whole content or not at all."""

    def __init__(self, root: str | Path) -> None:
        self.root = Path(root).expanduser().resolve()

    def locks(self, name: str) -> FlockManager:
        """Locks among all processes that use this place; they end with their holders."""
        return FlockManager(self.root / name)

    # --- Reading

    def names(self, folder: str = "") -> list[str]:
        """What lies directly in a folder, sorted; nothing if it is not there."""
        try:
            return sorted(os.listdir(self.root / folder))
        except (FileNotFoundError, NotADirectoryError):
            return []

    def files(self, name: str) -> dict[str, Status]:
        """Every file at or below a name, but those that go while we look; a folder counts as a file of no bytes."""
        top = self.root / name
        inside = (Path(folder, each) for folder, folders, files in os.walk(top) for each in (*folders, *files))
        found = {}
        for path in (top, *inside):
            try:
                status = path.stat()
            except FileNotFoundError:
                continue
            size = 0 if path.is_dir() else status.st_size
            found[path.relative_to(self.root).as_posix()] = Status(size, status.st_mtime_ns)
        return found

    def status(self, name: str) -> Status:
        """Size and time of a file.

        Raises:
            FileNotFoundError: if it is not there.
        """
        try:
            status = (self.root / name).stat()
        except NotADirectoryError as error:
            raise FileNotFoundError(name) from error
        return Status(status.st_size, status.st_mtime_ns)

    def read(self, name: str) -> bytes:
        """The bytes of a small file.

        Raises:
            FileNotFoundError: if it is not there.
        """
        try:
            return (self.root / name).read_bytes()
        except NotADirectoryError as error:
            raise FileNotFoundError(name) from error

    def open(self, name: str) -> pa.NativeFile:
        """A file to read here and there in, as Parquet is read."""
        return pa.OSFile(str(self.root / name))

    def digest(self, name: str) -> str:
        """SHA-256 of a file's bytes, in hex.

        Raises:
            FileNotFoundError: if it is not there.
        """
        try:
            return file_digest(self.root / name)
        except (NotADirectoryError, IsADirectoryError) as error:
            raise FileNotFoundError(name) from error

    def local(self, name: str) -> Path:
        """A folder of files on this machine, for libraries that load a model from one; it is not to be changed."""
        return self.root / name

    # --- Writing

    def create(self) -> None:
        """Makes the place, if it is not there."""
        self.root.mkdir(parents=True, exist_ok=True)

    def draft(self, name: str) -> "Draft":
        """A new folder of this machine to write files into, which `publish` puts in its place."""
        folder = self.root / name
        folder.mkdir(parents=True)
        return Draft(folder)

    def work(self, name: str) -> Path:
        """A folder of this machine for files that outlive a crash; what is in it stays."""
        folder = self.root / name
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def write(self, name: str, text: str) -> None:
        """Writes a small file by a temporary name, so that it is there whole or not at all, also after a power cut."""
        path = self.root / name
        temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}")
        try:
            temporary.write_text(text, encoding="utf-8")
            _sync_file(temporary)
            os.replace(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)
        _sync_folder(path.parent)

    def rename(self, name: str, new: str) -> None:
        """Gives a folder another name, at once and for good; there must be nothing of that name.

        Raises:
            FileNotFoundError: if it is not there.
        """
        target = self.root / new
        target.parent.mkdir(parents=True, exist_ok=True)
        os.rename(self.root / name, target)
        _sync_folder(target.parent)

    def copy(self, name: str, new: str) -> None:
        """The same file under another name: a link where the disk can, else a copy."""
        target = self.root / new
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            os.link(self.root / name, target)
        except OSError:
            shutil.copy2(self.root / name, target)

    def copy_out(self, name: str, path: Path) -> None:
        """Copies a file to a place of the user's."""
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(self.root / name, path)

    def redate(self, name: str, modified_ns: int) -> None:
        """Dates a file, where we may."""
        if os.access(self.root / name, os.W_OK):
            os.utime(self.root / name, ns=(modified_ns, modified_ns))

    def remove(self, name: str) -> None:
        """Removes a file, or a folder and all in it; nothing is wrong if it is not there."""
        path = self.root / name
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)

    def exists(self, name: str = "") -> bool:
        """Whether there is anything of that name, be it a broken link."""
        return os.path.lexists(self.root / name)

    def free_bytes(self) -> int:
        """Room that is left on the disk."""
        existing = next(path for path in (self.root, *self.root.parents) if path.exists())
        return shutil.disk_usage(existing).free


@dataclass(frozen=True)
class Draft:
    """A folder that is being written; nobody else looks into it."""

    folder: Path

    def file(self, name: str) -> Path:
        """Where a file of that name is to be written."""
        return self.folder / name

    def sealed(self) -> dict[str, FileEntry]:
        """Makes all files durable; gives their sizes and digests by name.

        Raises:
            TypeError: if there is a link among them: an artifact holds its own files.
        """
        files = {}
        for path in sorted(self.folder.rglob("*")):
            if path.is_symlink():
                raise TypeError(f"the link {path.name} was written; an artifact holds its own files")
            if path.is_dir():
                _sync_folder(path)
                continue
            _sync_file(path)
            name = path.relative_to(self.folder).as_posix()
            files[name] = FileEntry(bytes=path.stat().st_size, sha256=file_digest(path))
        _sync_folder(self.folder)
        return files


def _sync_file(path: Path) -> None:
    """Returns when the file's bytes are on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _sync_folder(path: Path) -> None:
    """Returns when the folder's entries are on the disk."""
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
