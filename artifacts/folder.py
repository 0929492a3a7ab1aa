"""A store in a folder of this machine; see `artifacts.place`."""

import os
import shutil
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from artifacts import unfinished
from artifacts.digest import file_digest
from artifacts.errors import InputError
from artifacts.lock import FlockManager
from artifacts.manifest import MANIFEST_FILE, FileEntry, Manifest
from artifacts.place import Status


class Folder:
    """Files under one folder. Whatever else is done to them, a name appears with its whole content or not at all."""

    clocks_differ = timedelta(seconds=1)  # A file system's clock goes in steps, and may be another machine's.

    def __init__(self, root: str | Path) -> None:
        """Opens a folder, which need not be there.

        Raises:
            InputError: if it is a file.
        """
        self.root = Path(root).expanduser().resolve()
        if self.root.is_file():
            raise InputError(f"store {self}: this is a file, not a folder; name another place with --store")
        self.locks = FlockManager(self.root / ".locks")

    def __str__(self) -> str:
        return str(self.root)

    @property
    def here(self) -> "Folder":
        """Where drafts, work folders and what is derived lie: in the store itself."""
        return self

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

    def read_all(self, names: Sequence[str]) -> Iterator[bytes]:
        """The bytes of small files in their order, none of one that is not there."""
        for name in names:
            with suppress(FileNotFoundError):
                yield self.read(name)

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
        """Where a file or folder lies on this machine; it is not to be changed."""
        return self.root / name

    fetched = local

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
        path.parent.mkdir(parents=True, exist_ok=True)
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

    def redate(self, name: str, modified_ns: int) -> None:
        """Dates a file, where we may; one of another user's, whose group may write it, with this very moment."""
        path = self.root / name
        if not os.access(path, os.W_OK):
            return
        try:
            os.utime(path, ns=(modified_ns, modified_ns))
        except PermissionError:
            os.utime(path)

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

    def by_hand(self, name: str) -> Path:
        """Where a file that people write lies, whether or not it is there; its writer makes the folder."""
        return self.root / name

    # --- Artifacts

    def keys(self, kind: str) -> list[str]:
        """What there is of one kind, artifacts and what is left of some."""
        return self.names(kind)

    def described(self, kind: str) -> dict[str, int]:
        """When the manifest of each artifact of one kind was written, in ns, by key."""
        found = {}
        for key in self.names(kind):
            with suppress(FileNotFoundError):
                found[key] = self.status(f"{kind}/{key}/{MANIFEST_FILE}").modified_ns
        return found

    def intact(self, manifest: Manifest) -> bool:
        """Whether the files of an artifact are there, and as they were written.

        Sizes are always compared. Where a file is no older than the manifest (it was touched or copied), its bytes are
        compared too, and the manifest is dated after it so that they need not be again.
        """
        described = f"{manifest.name}/{MANIFEST_FILE}"
        try:
            manifest_time = self.status(described).modified_ns
            newest = 0
            for name, entry in manifest.files.items():
                status = self.status(f"{manifest.name}/{name}")
                if status.bytes != entry.bytes:
                    return False
                if status.modified_ns >= manifest_time and self.digest(f"{manifest.name}/{name}") != entry.sha256:
                    return False
                newest = max(newest, status.modified_ns)
            if newest >= manifest_time:
                self.redate(described, newest + 1)
        except FileNotFoundError:
            return False
        return True

    def changed(self, manifest: Manifest) -> list[str]:
        """The files of an artifact that are gone, or whose bytes are not those that were written; it reads them all."""
        return [name for name, entry in manifest.files.items() if not self._has(f"{manifest.name}/{name}", entry)]

    @contextmanager
    def held(self, manifest: Manifest) -> Iterator[Path]:
        """The folder of an artifact's files on this machine, which stays while it is held."""
        yield self.root / manifest.name

    def commit(self, draft: str, manifest: Manifest) -> Manifest:
        """Puts a draft in the place of its artifact, by one rename; gives the manifest that counts from now on."""
        self.write(f"{draft}/{MANIFEST_FILE}", manifest.model_dump_json(indent=2))
        self.move_aside(manifest.kind, manifest.key)
        self.rename(draft, manifest.name)
        return manifest

    def share_files(self, manifest: Manifest, draft: str, key: str) -> None:
        """Has the files of an artifact in a draft of another key, too."""
        for name in manifest.files:
            self.copy(f"{manifest.name}/{name}", f"{draft}/{name}")

    def drop_files(self, manifest: Manifest) -> None:
        """Removes the files of an artifact."""
        for name in manifest.files:
            self.remove(f"{manifest.name}/{name}")

    def move_aside(self, kind: str, key: str) -> None:
        """Takes an incomplete or changed folder out of the way of the artifact to be written."""
        if self.exists(f"{kind}/{key}"):
            with suppress(FileNotFoundError):  # somebody deletes it at this moment
                self.rename(f"{kind}/{key}", unfinished.damaged(kind, key))

    def forget(self, kind: str, key: str) -> None:
        """Removes an artifact; whoever reads it finds all of it or nothing."""
        aside = unfinished.removed(kind, key)
        with suppress(FileNotFoundError):
            self.rename(f"{kind}/{key}", aside)
        self.remove(aside)

    def mark_used(self, kind: str, key: str) -> None:
        """Dates an artifact; nothing is wrong if it is not there."""
        with suppress(FileNotFoundError):  # somebody removes it at this moment
            self.redate(f"{kind}/{key}", time.time_ns())

    def used_ns(self, kind: str, key: str) -> int:
        """When an artifact was made, or last marked as used; 0 if it is gone."""
        try:
            return self.status(f"{kind}/{key}").modified_ns
        except FileNotFoundError:
            return 0

    @contextmanager
    def sharing_work(self, name: str) -> Iterator[None]:
        """While a step works: its work folder outlives it where it lies."""
        yield

    def uncommitted(self) -> list[unfinished.Leftover]:
        """What commits and locks left that did not end: here, nothing but drafts, which `unfinished` knows."""
        return []

    def _has(self, name: str, entry: FileEntry) -> bool:
        try:
            return self.digest(name) == entry.sha256
        except FileNotFoundError:
            return False


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
