"""A store in a bucket of an object store; see `artifacts.place`.

<url>/store.json                  the format of this store
<url>/<kind>/<key>/<sha256>       the files of artifacts, each named by its content, so that none ever changes
<url>/<kind>/<key>/manifest.json  created if there is none: that is the commit; names the files
<url>/run/<id>/...                records of runs, and reports
<url>/.unfinished/work-...        checkpoints of trainings
<url>/.used/<kind>/<key>          dated when a run takes the artifact
<url>/.locks/                     leases

What is read is copied to this machine, where also drafts, Prefect's records, and what is derived from artifacts lie:
$CROSSTAG_CACHE, within $CROSSTAG_CACHE_GB.
"""

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, suppress
from datetime import timedelta
from functools import partial
from pathlib import Path

from pydantic import ValidationError

from artifacts import lease, unfinished
from artifacts.catalog import catalogue
from artifacts.copies import Copies
from artifacts.digest import text_digest
from artifacts.errors import InputError, StoreError
from artifacts.folder import Folder
from artifacts.lease import LeaseManager
from artifacts.manifest import MANIFEST_FILE, FileEntry, Manifest
from artifacts.objects import PROBES, Object, OutdatedError, TakenError, Version, objects_at
from artifacts.place import Status
from artifacts.shared_work import shared_work
from artifacts.unfinished import Leftover
from artifacts.variables import positive

CACHE_VARIABLE = "CROSSTAG_CACHE"
CACHE_GB_VARIABLE = "CROSSTAG_CACHE_GB"
LEASE_VARIABLE = "CROSSTAG_LEASE_SECONDS"
_CACHE_GB = 20.0
_LEASE_SECONDS = 60.0
_READERS = 16
_NOBODY_RENEWS = timedelta(days=1)
_COPIES = ".copies"
_USED = ".used"


class Bucket:
    """Objects below one URL, and a folder of this machine for copies of them."""

    clocks_differ = timedelta(days=1)  # Dates are the service's, of runs those of any machine.

    def __init__(self, url: str) -> None:
        """Opens a place in an object store.

        Raises:
            InputError: if the URL cannot be used, or a setting of the environment.
        """
        self.objects = objects_at(url)
        self.locks = LeaseManager(self.objects, positive(LEASE_VARIABLE, _LEASE_SECONDS))
        caches = os.environ.get(CACHE_VARIABLE) or Path(os.environ.get("XDG_CACHE_HOME", "~/.cache"), "crosstag")
        self.here = Folder(Path(caches) / text_digest(f"{self.objects.endpoint} {self.objects}")[:16])
        self.copies = Copies(self.here.local(_COPIES), int(1e9 * positive(CACHE_GB_VARIABLE, _CACHE_GB)))

    def __str__(self) -> str:
        return str(self.objects)

    # --- Small files

    def create(self) -> None:
        """Makes sure that the service honours the conditions on which commits rest.

        Raises:
            InputError: if it does not.
        """
        self.objects.probe()
        self.here.create()

    def names(self, folder: str = "") -> list[str]:
        """What lies directly in a folder, sorted; nothing if it is not there."""
        return self.objects.names(folder)

    def files(self, name: str) -> dict[str, Status]:
        """Every object below a name."""
        return {each.name: _status(each) for each in self.objects.below(name)}

    def exists(self, name: str) -> bool:
        """Whether there is an object of that name."""
        try:
            self.objects.head(name)
        except FileNotFoundError:
            return False
        return True

    def status(self, name: str) -> Status:
        """Size and time of an object.

        Raises:
            FileNotFoundError: if it is not there.
        """
        return _status(self.objects.head(name))

    def read(self, name: str) -> bytes:
        """The bytes of a small object.

        Raises:
            FileNotFoundError: if it is not there.
        """
        return self.objects.get(name)[0]

    def read_all(self, names: Sequence[str]) -> Iterator[bytes]:
        """The bytes of small objects in their order, several at a time, none of one that is not there."""
        with ThreadPoolExecutor(_READERS) as readers:
            yield from (found for found in readers.map(self._read, names) if found is not None)

    def write(self, name: str, text: str) -> None:
        """Puts a small object in the place of the one before."""
        self.objects.put(name, text.encode())

    def remove(self, name: str) -> None:
        """Removes an object, or all below a name; nothing is wrong if there is none."""
        for each in list(self.objects.below(name)):
            self.objects.delete(each.name)
        self.objects.delete(name)

    def fetched(self, name: str) -> Path:
        """A copy of a small object on this machine, made anew each time: it may change."""
        self.here.write(name, self.read(name).decode())
        return self.here.local(name)

    def by_hand(self, name: str) -> Path:
        """Raises InputError: no line can be added to an object."""
        raise InputError(
            f"store {self}: corrections are kept in a folder, not in an object store; keep them in a file of your own "
            "(`crosstag corrections queue` and `import` with a FILE), which target.corrections names"
        )

    # --- Artifacts

    def keys(self, kind: str) -> list[str]:
        """The committed artifacts of one kind."""
        return sorted(self.described(kind))

    def described(self, kind: str) -> dict[str, int]:
        """When the manifest of each artifact of one kind was written, in ns, by key."""
        there = (each for each in self.objects.below(kind) if each.name.endswith(f"/{MANIFEST_FILE}"))
        return {each.name.split("/")[1]: _status(each).modified_ns for each in there}

    def intact(self, manifest: Manifest) -> bool:
        """Whether all files of an artifact are there in their sizes; their bytes are compared when they are fetched."""
        there = {each.name: each.bytes for each in self.objects.below(manifest.name)}
        return all(there.get(_blob(manifest, entry.sha256)) == entry.bytes for entry in manifest.files.values())

    def changed(self, manifest: Manifest) -> list[str]:
        """The files of an artifact that are gone, or whose bytes are not those that were written; it reads them all."""
        draft = unfinished.draft(manifest.kind, manifest.key)
        try:
            path = self.here.draft(draft).file("file")
            return [name for name, entry in manifest.files.items() if not self._has(manifest, entry, path)]
        finally:
            self.here.remove(draft)

    def held(self, manifest: Manifest) -> AbstractContextManager[Path]:
        """A copy of an artifact's files on this machine, which stays while it is held.

        Raises:
            StoreError: if files are gone or changed.
        """
        return self.copies.held(manifest, partial(self._fetch, manifest))

    def commit(self, draft: str, manifest: Manifest) -> Manifest:
        """Makes an artifact of a draft: its files first, then its manifest, if there is none.

        Returns:
            The manifest that counts: of somebody who was first, if his artifact is whole.
        """
        folder, name = self.here.local(draft), f"{manifest.name}/{MANIFEST_FILE}"
        text = manifest.model_dump_json(indent=2)
        self._upload(folder, manifest)
        while True:
            try:
                self.objects.create(name, text.encode())
                break
            except TakenError:
                there, version = self._manifest(name)
            if there == manifest:
                break  # Ours: the answer to the put got lost.
            if there is not None and not there.dropped and self.intact(there):
                return there
            if version is not None:
                try:  # What is there cannot be read, or its files were dropped, or are gone.
                    self.objects.replace(name, text.encode(), version)
                    break
                except OutdatedError:
                    continue
        if not self.intact(manifest):  # Somebody took old files of the same names for leftovers.
            self._upload(folder, manifest)
        if all((folder / file).is_file() for file in manifest.files):
            self.copies.keep(manifest, folder)
        return manifest

    def share_files(self, manifest: Manifest, draft: str, key: str) -> None:
        """Copies the files of an artifact to another key, inside the service."""
        for entry in manifest.files.values():
            self.objects.copy(_blob(manifest, entry.sha256), f"{manifest.kind}/{key}/{entry.sha256}")

    def drop_files(self, manifest: Manifest) -> None:
        """Removes the files of an artifact, and leaves the manifest."""
        for entry in manifest.files.values():
            self.objects.delete(_blob(manifest, entry.sha256))

    def move_aside(self, kind: str, key: str) -> None:
        """Does nothing: a commit replaces a manifest whose artifact is not whole."""

    def forget(self, kind: str, key: str) -> None:
        """Removes an artifact: first its manifest, so that nobody takes it for whole."""
        self.objects.delete(f"{kind}/{key}/{MANIFEST_FILE}")
        self.remove(f"{kind}/{key}")
        self.objects.delete(f"{_USED}/{kind}/{key}")
        self.here.remove(f"{kind}/{key}")

    def mark_used(self, kind: str, key: str) -> None:
        """Dates an artifact, by the service's clock."""
        self.objects.put(f"{_USED}/{kind}/{key}", b"")

    def used_ns(self, kind: str, key: str) -> int:
        """When an artifact was made, or last marked as used; 0 if it is gone."""
        dated = [name for name in (f"{kind}/{key}/{MANIFEST_FILE}", f"{_USED}/{kind}/{key}") if self.exists(name)]
        return max((self.status(name).modified_ns for name in dated), default=0)

    # --- What is unfinished

    @contextmanager
    def sharing_work(self, name: str) -> Iterator[None]:
        """While a step works: its checkpoints come from the bucket, and go there."""
        with shared_work(self.objects, name, self.here.work(name)):
            yield

    def uncommitted(self) -> list[Leftover]:
        """Files that no manifest names, leases that nobody renews any more, probes, and dates of what is gone."""
        old = self.objects.now() - _NOBODY_RENEWS
        passing = [each for folder in (lease.FOLDER, PROBES) for each in self.objects.below(folder)]
        found = [self._leftover(each) for each in passing if each.modified < old]
        used = {each.name.removeprefix(f"{_USED}/"): each for each in self.objects.below(_USED)}
        for kind in catalogue():
            objects = list(self.objects.below(kind))
            manifests = [each.name for each in objects if each.name.endswith(f"/{MANIFEST_FILE}")]
            for name in manifests:
                used.pop(name.removesuffix(f"/{MANIFEST_FILE}"), None)
            described = set(manifests)
            for text in self.read_all(manifests):
                with suppress(ValidationError):
                    manifest = Manifest.model_validate_json(text)
                    described.update(_blob(manifest, entry.sha256) for entry in manifest.files.values())
            found += [self._leftover(each) for each in objects if each.name not in described]
        return found + [self._leftover(each) for each in used.values()]

    def _read(self, name: str) -> bytes | None:
        try:
            return self.read(name)
        except FileNotFoundError:
            return None

    def _leftover(self, each: Object) -> Leftover:
        kind, _, rest = each.name.partition("/")
        owner = (kind, rest.partition("/")[0]) if kind in catalogue() else None
        return Leftover(each.name, each.bytes, _status(each).modified_ns, owner)

    def _manifest(self, name: str) -> tuple[Manifest | None, Version | None]:
        """A manifest and its version; None where it cannot be read or is not there."""
        try:
            text, version = self.objects.get(name)
        except FileNotFoundError:
            return None, None
        try:
            return Manifest.model_validate_json(text), version
        except ValidationError:
            return None, version

    def _upload(self, folder: Path, manifest: Manifest) -> None:
        """Puts the files that a draft has; they may be there already, and are dated anew."""
        for name, entry in manifest.files.items():
            if (folder / name).is_file():
                self.objects.put(_blob(manifest, entry.sha256), folder / name)

    def _fetch(self, manifest: Manifest, folder: Path) -> None:
        for name, entry in manifest.files.items():
            if not self._has(manifest, entry, folder / name):
                raise StoreError(
                    f"artifact {manifest.name}: its file {name} in {self} is gone or changed; delete "
                    f"{self}/{manifest.name}/{MANIFEST_FILE} and run the flow again to rebuild it"
                )

    def _has(self, manifest: Manifest, entry: FileEntry, path: Path) -> bool:
        """Copies a file of an artifact to this machine; whether it is there, and as it was written."""
        try:
            return self.objects.download(_blob(manifest, entry.sha256), entry.bytes, path) == entry.sha256
        except FileNotFoundError:
            return False


def _blob(manifest: Manifest, sha256: str) -> str:
    return f"{manifest.name}/{sha256}"


def _status(each: Object) -> Status:
    return Status(each.bytes, int(each.modified.timestamp() * 1e9))
