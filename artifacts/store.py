"""The store: one folder per artifact, there completely or not at all. It lies in a folder, or in a bucket by its URL.

<root>/store.json                  the format of this store
<root>/<kind>/<key>/manifest.json  what the artifact is and how it was made; written last
<root>/<kind>/<key>/ref.json       Prefect's cache record, so that it goes when the artifact goes
<root>/<kind>/<key>/data.parquet   a table; or the files of a model
<root>/run/<id>/run.json           the record of a run
<root>/run/<id>/report.html        what became of it, to be read
<root>/by_hand/                    what people wrote by the pages, such as corrections
<root>/.unfinished/                artifacts being written; work folders of trainings; both renamed or deleted
<root>/.inspect/                   what is derived from artifacts to answer questions quickly; made anew when it is gone
<root>/.locks/                     one lock file per key

`artifacts.bucket` says where it lies otherwise in a bucket.
"""

import json
import shutil
import time
import uuid
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import ValidationError

from artifacts import unfinished
from artifacts.bucket import Bucket
from artifacts.catalog import Kind, catalogue
from artifacts.code.fingerprint import Definition
from artifacts.errors import InputError, StoreError, is_disk_full
from artifacts.folder import Folder
from artifacts.in_use import keep_until_done
from artifacts.lock import StoreLocks
from artifacts.manifest import MANIFEST_FILE, Manifest, Recipe
from artifacts.place import Place
from artifacts.reference import Reference
from artifacts.rows import row_of, rows_at, rows_where
from artifacts.writer import TABLE_FILE, Writer

STORE_FORMAT = 2
_MARK_FILE = "store.json"
_RECORD_FILE = "ref.json"
_RUNS = "run"
_RUN_FILE = "run.json"
_BY_HAND = "by_hand"
_REPORT_FILE = "report.html"


def is_url(root: str | Path) -> bool:
    """Whether a store is named by a URL, not by a folder."""
    return "://" in str(root)


def record_key(kind: str, key: str) -> str:
    """Where Prefect keeps the cache record of an artifact, relative to the store; also the name of its lock."""
    return f"{kind}/{key}/{_RECORD_FILE}"


def run_lock(identity: str) -> str:
    """The name of the lock that a run holds while it goes on."""
    return f"{_RUNS}/{identity}/{_RUN_FILE}"


def remove_failed_record(path: str) -> None:
    """Removes the exception of a failed task, which Prefect keeps as a file in a store; nothing reads it."""
    file = Path(path)
    if unfinished.is_failed_record(file.name) and (file.parent / _MARK_FILE).exists():
        file.unlink(missing_ok=True)


class Store:
    """A folder of artifacts. It may be moved or copied as a whole."""

    def __init__(self, root: str | Path) -> None:
        """Opens a store; nothing is created before the first artifact is written.

        Args:
            root: a folder, or the URL of a place in an object store, such as s3://bucket/prefix.

        Raises:
            InputError: if another version of Crosstag wrote the store in another format, or if `root` is no folder, or
                no URL that can be used.
            StoreError: if an object store does not answer, or refuses.
        """
        self.place: Place = Bucket(str(root)) if is_url(root) else Folder(root)
        found = self._format()
        if isinstance(found, int) and found < STORE_FORMAT:
            raise InputError(
                f"store {self}: an older Crosstag wrote it, in format {found}; this one has format {STORE_FORMAT} and "
                "could reuse nothing of it; name another store with --store, or delete this one"
            )
        if found not in (None, STORE_FORMAT):
            raise InputError(
                f"store {self}: it has format {found}, this Crosstag has format {STORE_FORMAT}; "
                "upgrade Crosstag, or name another store with --store"
            )

    def __str__(self) -> str:
        return str(self.place)

    @property
    def root(self) -> Path:
        """The folder of this machine that it is, or that copies of what lies in a bucket are in."""
        return self.place.here.root

    @property
    def record_folder(self) -> Path:
        """Where Prefect keeps its cache records, as `record_key` names them: on this machine, whatever the store."""
        return self.place.here.root

    @property
    def locks(self) -> StoreLocks:
        """Locks among all who use the store."""
        return self.place.locks

    @property
    def clocks_differ(self) -> timedelta:
        """By how much the clocks of those who use the store may be apart."""
        return self.place.clocks_differ

    def exists(self) -> bool:
        """Whether anything was written here."""
        return self.place.exists(_MARK_FILE)

    def create(self) -> None:
        """Makes the folder and its format mark, if they are not there.

        Raises:
            InputError: if an object store does not honour the conditions of a put.
        """
        self.place.create()
        places: tuple[Place, ...] = (self.place, self.place.here)
        for place in places:
            if not place.exists(_MARK_FILE):
                with self._disk_errors("its creation"):
                    place.write(_MARK_FILE, json.dumps({"format": STORE_FORMAT}))

    # --- Reading

    def local(self, kind: str, key: str) -> Path:
        """Where an artifact lies on this machine, if it is there; of one in a bucket, Prefect's record alone is."""
        return self.place.here.local(f"{kind}/{key}")

    def where(self, kind: str, key: str) -> str:
        """Where the artifact of this kind and key, or a run, lies, for a person."""
        return f"{self}/{kind}/{key}"

    def keys(self, kind: str) -> list[str]:
        """What there is of one kind, artifacts and what is left of some."""
        return self.place.keys(kind)

    def manifest(self, kind: str, key: str) -> Manifest | None:
        """The artifact's manifest, or None if it is not there or its manifest cannot be read."""
        try:
            return Manifest.model_validate_json(self.place.read(f"{kind}/{key}/{MANIFEST_FILE}"))
        except (FileNotFoundError, ValidationError):
            return None

    def intact(self, kind: str, key: str) -> Reference | None:
        """A reference to the artifact if it is complete and unchanged, else None."""
        manifest = self._intact(kind, key)
        return None if manifest is None else Reference(kind=kind, key=key, digest=manifest.digest)

    def dropped(self, kind: str, key: str) -> Reference | None:
        """A reference to an artifact whose files were dropped: its content is known, but must be made anew to be read.

        None for any other artifact.
        """
        manifest = self._own_manifest(kind, key)
        if manifest is None or not manifest.dropped:
            return None
        return Reference(kind=kind, key=key, digest=manifest.digest)

    def known(self, kind: str, key: str) -> Reference | None:
        """A reference to the artifact if it is intact, or its files were dropped; else None."""
        manifest = self._own_manifest(kind, key)
        if manifest is None or not (manifest.dropped or self.place.intact(manifest)):
            return None
        return Reference(kind=kind, key=key, digest=manifest.digest)

    def describe(self, reference: Reference) -> Manifest:
        """The manifest behind a reference, also if the files were dropped; raises as `require` does."""
        manifest = self.manifest(reference.kind, reference.key)
        if manifest is not None and manifest.dropped and manifest.digest == reference.digest:
            return manifest
        return self.require(reference)

    def require(self, reference: Reference) -> Manifest:
        """The manifest behind a reference.

        Raises:
            StoreError: if the artifact is gone, incomplete, changed, dropped, or not the content that the reference
                names.
        """
        intact = self._intact(reference.kind, reference.key)
        if intact is None and self.dropped(reference.kind, reference.key):
            raise StoreError(
                f"artifact {reference}: its files in {self} were dropped by a run that kept the last taggers alone; "
                "a run makes them again when one of its steps reads them (--keep-taggers all keeps them)"
            )
        if intact is None:
            raise StoreError(
                f"artifact {reference}: its files in {self} are gone or changed; run the flow again to rebuild it"
            )
        if reference.digest and intact.digest != reference.digest:
            raise StoreError(
                f"artifact {reference}: content {intact.digest[:12]} is there, {reference.digest[:12]} was expected; "
                "run the flow again"
            )
        return intact

    def folder(self, reference: Reference) -> Path:
        """The folder of an artifact's files on this machine, checked to be complete; read it, do not change it.

        It stays there until the step that asked for it is done; asked outside a step, while this process lives.
        """
        return keep_until_done(f"{self}/{reference}", self.place.held(self.require(reference)))

    def metadata(self, reference: Reference) -> dict[str, Any]:
        """What the artifact says about itself, such as its label list."""
        return dict(self.require(reference).metadata)

    def table(self, reference: Reference, columns: list[str] | None = None) -> pa.Table:
        """The whole table, or some of its columns."""
        with self._open_table(reference) as file:
            return pq.read_table(file, columns=columns)

    def batches(
        self, reference: Reference, columns: list[str] | None = None, rows: int = 4096
    ) -> Iterator[pa.RecordBatch]:
        """The table in batches of at most `rows` rows; memory does not grow with the table."""
        with self._open_table(reference) as source, pq.ParquetFile(source) as file:
            yield from file.iter_batches(batch_size=rows, columns=columns)

    def rows_where(
        self, reference: Reference, column: str, value: int, columns: list[str] | None = None
    ) -> list[dict[str, Any]]:
        """The rows of a table whose number in a column is `value`; memory does not grow with the table."""
        with self._open_table(reference) as source, pq.ParquetFile(source) as file:
            return rows_where(file, column, value, columns)

    def row_of(self, reference: Reference, column: str, value: int) -> int | None:
        """The place in a table, from 0, of the first row whose number in a column is `value`; None if there is none."""
        with self._open_table(reference) as source, pq.ParquetFile(source) as file:
            return row_of(file, column, value)

    def rows_at(self, reference: Reference, places: Iterable[int], columns: list[str]) -> dict[int, dict[str, Any]]:
        """Rows of a table by their places, from 0; groups of rows that hold none of them are not read."""
        with self._open_table(reference) as source, pq.ParquetFile(source) as file:
            return rows_at(file, places, columns)

    def file(self, reference: Reference, name: str) -> bytes:
        """One small file of a model's folder, such as a picture."""
        with self.place.held(self.require(reference)) as folder:
            return (folder / name).read_bytes()

    def copy_table(self, reference: Reference, path: Path) -> None:
        """Copies a table's Parquet file to a place of the user's."""
        path.parent.mkdir(parents=True, exist_ok=True)
        with self.place.held(self.require(reference)) as folder:
            shutil.copyfile(folder / TABLE_FILE, path)

    def copy_files(self, reference: Reference, folder: Path) -> None:
        """Copies the files of a model to a folder of the user's."""
        manifest = self.require(reference)
        with self.place.held(manifest) as held:
            for name in manifest.files:
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(held / name, folder / name)

    def described(self, kind: str) -> dict[str, int]:
        """When the manifest of each artifact of one kind was last written, in ns, by key."""
        return self.place.described(kind)

    def described_at(self, kind: str, key: str) -> int | None:
        """When an artifact's manifest was last written, in ns; None if there is none."""
        try:
            return self.place.status(f"{kind}/{key}/{MANIFEST_FILE}").modified_ns
        except FileNotFoundError:
            return None

    def unreadable(self, readable: Container[tuple[str, str]]) -> list[str]:
        """What lies where an artifact would and has no readable manifest, as kind/key: the next run makes it again.

        Args:
            readable: kind and key of artifacts whose manifests were read; these are not looked at.
        """
        return [
            f"{kind}/{key}"
            for kind in catalogue()
            for key in self.keys(kind)
            if (kind, key) not in readable and self.manifest(kind, key) is None and self.place.files(f"{kind}/{key}")
        ]

    def manifests(self) -> Iterator[Manifest]:
        """The manifests of all complete artifacts, by kind and key."""
        for kind in catalogue():
            yield from self.manifests_of(kind)

    def manifests_of(self, kind: str) -> Iterator[Manifest]:
        """The manifests of all complete artifacts of one kind, by key."""
        for text in self.place.read_all([f"{kind}/{key}/{MANIFEST_FILE}" for key in self.keys(kind)]):
            with suppress(ValidationError):
                yield Manifest.model_validate_json(text)

    def changed_files(self, manifest: Manifest) -> list[str]:
        """The files of an artifact that are gone, or whose bytes are not those that were written; it reads them all."""
        return [] if manifest.dropped else self.place.changed(manifest)

    def earlier(self, kind: str, recipe: Recipe, varying: Iterable[str]) -> list[Reference]:
        """Intact artifacts whose recipe is `recipe` but for the inputs of the parameters `varying`; newest first."""
        names = frozenset(varying)
        wanted = _without_inputs(recipe, names)
        alike = [m for m in self.manifests_of(kind) if _without_inputs(m.recipe, names) == wanted]
        alike.sort(key=lambda m: (m.made, m.key), reverse=True)
        intact = (self.intact(kind, m.key) for m in alike)
        return [reference for reference in intact if reference is not None]

    def find(self, text: str) -> Reference:
        """The artifact that `kind/key` names; a unique beginning of the key or of the digest is enough.

        Of several with the same content the newest whose files were not dropped; if all were, the newest.

        Raises:
            InputError: if none or several fit, or no key is given.
        """
        kind, _, start = text.rpartition("/")
        those = f"ls {kind}` lists those of this kind" if kind in catalogue() else "ls` lists kind/key"
        if not start:
            raise InputError(f"store {self}: no key is given in {text!r}; `crosstag store {those}")
        hits = [
            m
            for m in self.manifests()
            if kind in ("", m.kind) and (m.key.startswith(start) or m.digest.startswith(start))
        ]
        hits.sort(key=lambda m: (not m.dropped, m.made, m.key), reverse=True)
        if len({(m.kind, m.digest) for m in hits}) != 1:
            names = [f"{m.kind}/{m.key}" for m in hits[:4]] + ["..."] * (len(hits) > 4)
            found = f"{len(hits)} artifacts ({', '.join(names)}) fit" if hits else "nothing fits"
            raise InputError(f"store {self}: {found} {text!r}; `crosstag store {those}")
        return Reference(kind=hits[0].kind, key=hits[0].key, digest=hits[0].digest)

    def holding(self, content: str) -> Reference | None:
        """An artifact with a content, `kind:digest` as recipes name inputs; one that was not dropped, if there is."""
        kind, _, digest = content.partition(":")
        hits = sorted((m for m in self.manifests_of(kind) if m.digest == digest), key=lambda m: m.dropped)
        return Reference(kind=kind, key=hits[0].key, digest=digest) if hits else None

    # --- Writing

    @contextmanager
    def writing(
        self, kind: Kind, key: str, recipe: Recipe, label: str = "", definitions: Mapping[str, Definition] | None = None
    ) -> Iterator["Writer"]:
        """A writer for one artifact. On success it is committed at once; on failure nothing stays.

        Where somebody else committed the same step first, his result is what the writer's reference names.
        """
        name = unfinished.draft(kind.name, key)
        with self._disk_errors(f"step {recipe.step}"):
            try:
                self.create()
                draft = self.place.here.draft(name)
                writer = Writer(
                    kind=kind, key=key, recipe=recipe, draft=draft, label=label, definitions=definitions or {}
                )
                yield writer
                counts = self.place.commit(name, writer.finish())
                writer.reference = Reference(kind=kind.name, key=key, digest=counts.digest)
            finally:
                self.place.here.remove(name)
        self.drop_work(kind.name, key)

    def work_folder(self, kind: str, key: str) -> Path:
        """Where a training step keeps its checkpoints; owned by whoever holds the step's lock."""
        return self.place.here.work(unfinished.work(kind, key))

    def sharing_work(self, kind: str, key: str) -> AbstractContextManager[None]:
        """While a step works: its checkpoints go where any machine finds them that goes on with it, and come from."""
        return self.place.sharing_work(unfinished.work(kind, key))

    def work_left_at(self, kind: str, key: str) -> datetime | None:
        """When a training step that did not end wrote its last whole checkpoint; None if it left none."""
        return unfinished.left_at(self.place, kind, key)

    def drop_work(self, kind: str, key: str) -> None:
        """Removes the checkpoints of a step whose artifact is committed."""
        for place in (self.place, self.place.here):
            place.remove(unfinished.work(kind, key))

    def is_recorded(self, reference: Reference) -> bool:
        """Whether Prefect's cache record of an artifact names its content; one of this machine may name an older one's.

        Another machine may have made anew what is in a bucket.
        """
        try:
            return reference.digest.encode() in self.place.here.read(record_key(reference.kind, reference.key))
        except FileNotFoundError:
            return False

    def drop_record(self, kind: str, key: str) -> None:
        """Removes Prefect's cache record of an artifact that is not what it should be."""
        self.place.here.remove(record_key(kind, key))

    def drop_files(self, kind: str, key: str) -> None:
        """Removes the files of an artifact, and keeps what is known of it: its digest stands in for it in cache keys.

        The manifest says so first: a crash in between leaves files that nobody reads, for the next call to remove.
        """
        manifest = self.manifest(kind, key)
        if manifest is None:
            return
        told = manifest.model_copy(update={"dropped": True})
        with self._disk_errors(f"the removal of files of {kind}/{key}"):
            self.place.write(f"{kind}/{key}/{MANIFEST_FILE}", told.model_dump_json(indent=2))
        self.place.drop_files(manifest)

    def mark_used(self, kind: str, key: str) -> None:
        """Dates an artifact that a run takes from the store, so that nobody removes it meanwhile."""
        self.place.mark_used(kind, key)

    def last_used_ns(self, kind: str, key: str) -> int:
        """When an artifact was made, or last used by a run; 0 if it is gone."""
        return self.place.used_ns(kind, key)

    def artifact_bytes(self, kind: str, key: str) -> int:
        """The size of all files of an artifact."""
        return sum(status.bytes for status in self.place.files(f"{kind}/{key}").values())

    def remove(self, kind: str, key: str) -> None:
        """Forgets an artifact; whoever holds a reference to it finds all of it or nothing."""
        self.place.forget(kind, key)

    def move_aside(self, kind: str, key: str) -> None:
        """Takes what is incomplete or changed out of the way of the artifact to be written."""
        self.place.move_aside(kind, key)

    def leftovers(self) -> list[unfinished.Leftover]:
        """Everything in the store that is no artifact: what runs are writing, and what crashed ones left behind."""
        found = unfinished.leftovers(self.place) + self.place.uncommitted()
        if self.place.here is not self.place:
            found += [replace(leftover, here=True) for leftover in unfinished.leftovers(self.place.here)]
        return found

    def remove_leftover(self, leftover: unfinished.Leftover) -> None:
        """Removes what is no artifact."""
        (self.place.here if leftover.here else self.place).remove(leftover.name)

    def adopt(
        self, manifest: Manifest, key: str, recipe: Recipe, definitions: Mapping[str, Definition], why: str
    ) -> Reference:
        """Gives an artifact a second key: the code that makes it changed, its content does not.

        The files are linked where the disk can, copied where it cannot; the manifest says from where and why.

        Raises:
            StoreError: if the artifact's files are gone or changed.
        """
        self.describe(Reference(kind=manifest.kind, key=manifest.key, digest=manifest.digest))
        name = unfinished.draft(manifest.kind, key)
        update = {"key": key, "recipe": recipe, "definitions": dict(definitions)}
        update |= {"adopted_from": manifest.key, "adopted_why": why}
        adopted = manifest.model_copy(update={**update, "made": datetime.now(UTC).isoformat(timespec="seconds")})
        with self._disk_errors(f"the adoption of {manifest.kind}/{manifest.key}"):
            try:
                self.place.here.draft(name)
                if not manifest.dropped:
                    self.place.share_files(manifest, name, key)
                counts = self.place.commit(name, adopted)
            finally:
                self.place.here.remove(name)
        return Reference(kind=adopted.kind, key=key, digest=counts.digest)

    # --- What is derived from artifacts; `collect_garbage` removes it when nobody has read it for a while

    def derived(self, name: str, key: str) -> Path | None:
        """The folder of files that were derived from the artifact of a key; None if they are not there."""
        found = unfinished.derived(name, key)
        if not self.place.here.exists(found):
            return None
        self.place.here.redate(found, time.time_ns())
        return self.place.here.local(found)

    def derive(self, name: str, key: str, make: Callable[[Path], None]) -> Path:
        """As `derived`, made if it is not there: whole or not at all, and by one process of those that want it.

        Args:
            name: what the files are, in letters.
            key: of the artifact.
            make: writes them into an empty folder.

        Raises:
            StoreError: if the disk is full.
        """
        lock, holder = record_key(name, key), uuid.uuid4().hex
        self.locks.acquire_lock(lock, holder)
        try:
            if (found := self.derived(name, key)) is not None:
                return found
            draft = unfinished.draft(name, key)
            with self._disk_errors(f"the making of {name}"):
                try:
                    made = self.place.here.draft(draft)
                    make(made.folder)
                    made.sealed()
                    self.place.here.rename(draft, unfinished.derived(name, key))
                finally:
                    self.place.here.remove(draft)
        finally:
            self.locks.release_lock(lock, holder)
        return self.place.here.local(unfinished.derived(name, key))

    # --- Files that people write by the pages, such as corrections; nothing ever removes them

    def by_hand(self, name: str) -> Path:
        """Where a file of this name lies, whether or not it is there; its writer makes the folder.

        Raises:
            InputError: if the store is a bucket, where no line can be added to a file.
        """
        return self.place.by_hand(f"{_BY_HAND}/{name}")

    def files_by_hand(self) -> list[Path]:
        """Those that are there, by name."""
        return [self.by_hand(name) for name in self.place.names(_BY_HAND)]

    # --- Records of runs; see `artifacts.runs`

    def run_ids(self) -> list[str]:
        """The runs that are on record."""
        files = self.place.files(_RUNS)
        return sorted(name.split("/")[1] for name in files if name.endswith(f"/{_RUN_FILE}"))

    def read_run(self, identity: str) -> bytes:
        """The record of a run.

        Raises:
            FileNotFoundError: if there is none.
        """
        return self.place.read(f"{_RUNS}/{identity}/{_RUN_FILE}")

    def read_runs(self) -> Iterator[bytes]:
        """The records of all runs; none of one that is removed meanwhile."""
        return self.place.read_all([f"{_RUNS}/{identity}/{_RUN_FILE}" for identity in self.run_ids()])

    def write_run(self, identity: str, text: str) -> None:
        """Puts a record in the place of the one before; a reader sees the one or the other, also after a power cut."""
        with self._disk_errors(f"run {identity}"):
            self.place.write(f"{_RUNS}/{identity}/{_RUN_FILE}", text)

    def report(self, identity: str) -> Path | None:
        """Where the report of a run lies on this machine; None if it has none."""
        name = f"{_RUNS}/{identity}/{_REPORT_FILE}"
        return self.place.fetched(name) if self.place.exists(name) else None

    def write_report(self, identity: str, text: str) -> None:
        """Puts the report of a run beside its record, whole or not at all; it goes with the record."""
        with self._disk_errors(f"the report of run {identity}"):
            self.place.write(f"{_RUNS}/{identity}/{_REPORT_FILE}", text)

    def run_bytes(self, identity: str) -> int:
        """The size of a record, and of the report beside it."""
        return sum(status.bytes for status in self.place.files(f"{_RUNS}/{identity}").values())

    def drop_run(self, identity: str) -> None:
        """Removes the record of a run, and its report."""
        self.place.remove(f"{_RUNS}/{identity}")

    def _intact(self, kind: str, key: str) -> Manifest | None:
        manifest = self._own_manifest(kind, key)
        return manifest if manifest is not None and not manifest.dropped and self.place.intact(manifest) else None

    def _own_manifest(self, kind: str, key: str) -> Manifest | None:
        """The manifest, if it is that of this very artifact."""
        manifest = self.manifest(kind, key)
        return manifest if manifest is not None and (manifest.kind, manifest.key) == (kind, key) else None

    def _open_table(self, reference: Reference) -> pa.NativeFile:
        with self.place.held(self.require(reference)) as folder:
            return pa.OSFile(str(folder / TABLE_FILE))  # Once open it can be read, whatever becomes of its name.

    def _format(self) -> object:
        """What the format mark says; None without one."""
        try:
            return json.loads(self.place.read(_MARK_FILE))["format"]
        except FileNotFoundError:
            return None
        except (ValueError, KeyError, TypeError):
            return "unreadable"

    @contextmanager
    def _disk_errors(self, work: str) -> Iterator[None]:
        """Explains a full disk. What was half-written has gone by then, so that more is needed than is free now."""
        try:
            yield
        except Exception as error:
            if not is_disk_full(error):
                raise
            here = self.place.here
            raise StoreError(
                f"store {here}: the disk is full during {work}: the file that it was writing needs more than the "
                f"{here.free_bytes() / 1e6:,.1f} MB that are free there; nothing half-written was kept. Free "
                "some space (`crosstag store gc` removes what no run needs), then run again: finished steps are "
                "cached, a training goes on from its last checkpoint"
            ) from error


def _without_inputs(recipe: Recipe, parameters: frozenset[str]) -> Recipe:
    """The recipe without the inputs that came in by some parameters, or by parts of these (`texts.0`)."""
    kept = {name: digest for name, digest in recipe.inputs.items() if name.partition(".")[0] not in parameters}
    return recipe.model_copy(update={"inputs": kept})
