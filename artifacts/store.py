"""The store: one folder per artifact, there completely or not at all.

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
"""

import json
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pydantic import ValidationError

from artifacts import unfinished
from artifacts.catalog import Kind, catalogue
from artifacts.code.fingerprint import Definition
from artifacts.errors import InputError, StoreError, is_disk_full
from artifacts.manifest import Manifest, Recipe
from artifacts.place import Place
from artifacts.reference import Reference
from artifacts.writer import TABLE_FILE, Writer

STORE_FORMAT = 2
_MARK_FILE = "store.json"
_MANIFEST_FILE = "manifest.json"
_RECORD_FILE = "ref.json"
_RUNS = "run"
_RUN_FILE = "run.json"
_BY_HAND = "by_hand"
_REPORT_FILE = "report.html"


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

        Raises:
            InputError: if another version of Crosstag wrote the store in another format, or if `root` is no folder.
        """
        self.place = Place(root)
        self.locks = self.place.locks(".locks")
        if self.root.is_file():
            raise InputError(f"store {self}: this is a file, not a folder; name another place with --store")
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
        return str(self.root)

    @property
    def root(self) -> Path:
        """The folder that it is: for Prefect, which keeps cache records in it, and for a person."""
        return self.place.root

    def exists(self) -> bool:
        """Whether anything was written here."""
        return self.place.exists(_MARK_FILE)

    def create(self) -> None:
        """Makes the folder and its format mark, if they are not there."""
        self.place.create()
        if not self.exists():
            with self._disk_errors("its creation"):
                self.place.write(_MARK_FILE, json.dumps({"format": STORE_FORMAT}))

    # --- Reading

    def local(self, kind: str, key: str) -> Path:
        """Where the artifact of this kind and key lies on this machine, whether or not it is there."""
        return self.place.local(f"{kind}/{key}")

    def keys(self, kind: str) -> list[str]:
        """What there is of one kind, artifacts and what is left of some."""
        return self.place.names(kind)

    def manifest(self, kind: str, key: str) -> Manifest | None:
        """The artifact's manifest, or None if it is not there or its manifest cannot be read."""
        try:
            return Manifest.model_validate_json(self.place.read(f"{kind}/{key}/{_MANIFEST_FILE}"))
        except (FileNotFoundError, ValidationError):
            return None

    def intact(self, kind: str, key: str) -> Reference | None:
        """A reference to the artifact if it is complete and unchanged, else None.

        Sizes are always compared. Where a file is no older than the manifest (it was touched or copied), its bytes are
        compared too, and the manifest is dated after it so that they need not be again.
        """
        manifest = self.manifest(kind, key)
        if manifest is None or manifest.dropped or manifest.kind != kind or manifest.key != key:
            return None
        described = f"{kind}/{key}/{_MANIFEST_FILE}"
        try:
            manifest_time = self.place.status(described).modified_ns
            newest = 0
            for name, entry in manifest.files.items():
                file = f"{kind}/{key}/{name}"
                status = self.place.status(file)
                if status.bytes != entry.bytes:
                    return None
                if status.modified_ns >= manifest_time and self.place.digest(file) != entry.sha256:
                    return None
                newest = max(newest, status.modified_ns)
            if newest >= manifest_time:
                self.place.redate(described, newest + 1)
        except FileNotFoundError:
            return None
        return Reference(kind=kind, key=key, digest=manifest.digest)

    def dropped(self, kind: str, key: str) -> Reference | None:
        """A reference to an artifact whose files were dropped: its content is known, but must be made anew to be read.

        None for any other artifact.
        """
        manifest = self.manifest(kind, key)
        if manifest is None or not manifest.dropped or manifest.kind != kind or manifest.key != key:
            return None
        return Reference(kind=kind, key=key, digest=manifest.digest)

    def known(self, kind: str, key: str) -> Reference | None:
        """A reference to the artifact if it is intact, or its files were dropped; else None."""
        return self.dropped(kind, key) or self.intact(kind, key)

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
        intact = self.intact(reference.kind, reference.key)
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
        manifest = self.manifest(reference.kind, reference.key)
        if manifest is None:
            raise StoreError(f"artifact {reference}: it went while it was being read; run the flow again")
        return manifest

    def folder(self, reference: Reference) -> Path:
        """The folder of an artifact's files, checked to be complete; read it, do not change it."""
        self.require(reference)
        return self.local(reference.kind, reference.key)

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
        """The rows of a table whose number in a column is `value`; memory does not grow with the table.

        Groups of rows that cannot hold it, by the least and the largest number that the file tells of each, are not
        read.
        """
        found: list[dict[str, Any]] = []
        with self._open_table(reference) as source, pq.ParquetFile(source) as file:
            place = file.schema_arrow.get_field_index(column)
            wanted = columns and list(dict.fromkeys([*columns, column]))
            for group in range(file.num_row_groups):
                bounds = file.metadata.row_group(group).column(place).statistics
                if bounds is not None and bounds.has_min_max and not bounds.min <= value <= bounds.max:
                    continue
                there = pc.equal(file.read_row_group(group, columns=[column])[column], value)
                if pc.any(there).as_py():
                    found += file.read_row_group(group, columns=wanted).filter(there).to_pylist()
        return found

    def row_of(self, reference: Reference, column: str, value: int) -> int | None:
        """The place in a table, from 0, of the first row whose number in a column is `value`; None if there is none."""
        first = 0
        with self._open_table(reference) as source, pq.ParquetFile(source) as file:
            for group in range(file.num_row_groups):
                place = pc.index(file.read_row_group(group, columns=[column])[column], value).as_py()
                if place >= 0:
                    return first + int(place)
                first += file.metadata.row_group(group).num_rows
        return None

    def rows_at(self, reference: Reference, places: Iterable[int], columns: list[str]) -> dict[int, dict[str, Any]]:
        """Rows of a table by their places, from 0; groups of rows that hold none of them are not read."""
        wanted, first = sorted(set(places)), 0
        found: dict[int, dict[str, Any]] = {}
        with self._open_table(reference) as source, pq.ParquetFile(source) as file:
            for group in range(file.num_row_groups):
                last = first + file.metadata.row_group(group).num_rows
                here = [place for place in wanted if first <= place < last]
                if here:
                    rows = file.read_row_group(group, columns=columns).take([place - first for place in here])
                    found |= dict(zip(here, rows.to_pylist(), strict=True))
                first = last
        return found

    def file(self, reference: Reference, name: str) -> bytes:
        """One small file of a model's folder, such as a picture."""
        self.require(reference)
        return self.place.read(f"{reference}/{name}")

    def copy_table(self, reference: Reference, path: Path) -> None:
        """Copies a table's Parquet file to a place of the user's."""
        self.require(reference)
        self.place.copy_out(f"{reference}/{TABLE_FILE}", path)

    def copy_files(self, reference: Reference, folder: Path) -> None:
        """Copies the files of a model to a folder of the user's."""
        for name in self.require(reference).files:
            self.place.copy_out(f"{reference}/{name}", folder / name)

    def described_at(self, kind: str, key: str) -> int | None:
        """When an artifact's manifest was last written, in ns; None if there is none."""
        try:
            return self.place.status(f"{kind}/{key}/{_MANIFEST_FILE}").modified_ns
        except FileNotFoundError:
            return None

    def unreadable(self) -> list[str]:
        """What lies where an artifact would and has no readable manifest, as kind/key: the next run makes it again."""
        return [
            f"{kind}/{key}"
            for kind in catalogue()
            for key in self.keys(kind)
            if self.manifest(kind, key) is None and self.place.files(f"{kind}/{key}")
        ]

    def manifests(self) -> Iterator[Manifest]:
        """The manifests of all complete artifacts, by kind and key."""
        for kind in catalogue():
            yield from self.manifests_of(kind)

    def manifests_of(self, kind: str) -> Iterator[Manifest]:
        """The manifests of all complete artifacts of one kind, by key."""
        for key in self.keys(kind):
            if (manifest := self.manifest(kind, key)) is not None:
                yield manifest

    def changed_files(self, manifest: Manifest) -> list[str]:
        """The files of an artifact that are gone, or whose bytes are not those that were written; it reads them all."""
        if manifest.dropped:
            return []
        return [
            name
            for name, entry in manifest.files.items()
            if self._digest(f"{manifest.kind}/{manifest.key}/{name}") != entry.sha256
        ]

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

        Of several with the same content the newest one.

        Raises:
            InputError: if none or several fit.
        """
        kind, _, start = text.rpartition("/")
        hits = [
            m
            for m in self.manifests()
            if kind in ("", m.kind) and (m.key.startswith(start) or m.digest.startswith(start))
        ]
        hits.sort(key=lambda m: (m.made, m.key), reverse=True)
        if len({(m.kind, m.digest) for m in hits}) != 1 or not start:
            names = [f"{m.kind}/{m.key}" for m in hits[:4]] + ["..."] * (len(hits) > 4)
            found = f"{len(hits)} artifacts ({', '.join(names)})" if hits else "nothing"
            those = f"ls {kind}` lists those of this kind" if kind in catalogue() else "ls` lists kind/key"
            raise InputError(f"store {self}: {found} fits {text!r}; `crosstag store {those}")
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
        """A writer for one artifact. On success it is committed by one rename; on failure nothing stays."""
        name = unfinished.draft(kind.name, key)
        with self._disk_errors(f"step {recipe.step}"):
            try:
                self.create()
                draft = self.place.draft(name)
                writer = Writer(
                    kind=kind, key=key, recipe=recipe, draft=draft, label=label, definitions=definitions or {}
                )
                yield writer
                self._publish(name, writer.finish())
            finally:
                self.place.remove(name)
        self.drop_work(kind.name, key)

    def work_folder(self, kind: str, key: str) -> Path:
        """Where a training step keeps its checkpoints; owned by whoever holds the step's lock."""
        return self.place.work(unfinished.work(kind, key))

    def work_left_at(self, kind: str, key: str) -> datetime | None:
        """When a training step that did not end wrote its last whole checkpoint; None if it left none."""
        return unfinished.left_at(self.place, kind, key)

    def drop_work(self, kind: str, key: str) -> None:
        """Removes the checkpoints of a step whose artifact is committed."""
        self.place.remove(unfinished.work(kind, key))

    def drop_record(self, kind: str, key: str) -> None:
        """Removes Prefect's cache record of an artifact that is not what it should be."""
        self.place.remove(record_key(kind, key))

    def drop_files(self, kind: str, key: str) -> None:
        """Removes the files of an artifact, and keeps what is known of it: its digest stands in for it in cache keys.

        The manifest says so first: a crash in between leaves files that nobody reads, for the next call to remove.
        """
        manifest = self.manifest(kind, key)
        if manifest is None:
            return
        told = manifest.model_copy(update={"dropped": True})
        with self._disk_errors(f"the removal of files of {kind}/{key}"):
            self.place.write(f"{kind}/{key}/{_MANIFEST_FILE}", told.model_dump_json(indent=2))
        for name in manifest.files:
            self.place.remove(f"{kind}/{key}/{name}")

    def mark_used(self, kind: str, key: str) -> None:
        """Dates an artifact that a run takes from the store, so that nobody removes it meanwhile."""
        with suppress(FileNotFoundError):  # somebody removes it at this moment
            self.place.redate(f"{kind}/{key}", time.time_ns())

    def last_used_ns(self, kind: str, key: str) -> int:
        """When an artifact was made, or last used by a run; 0 if it is gone."""
        try:
            return self.place.status(f"{kind}/{key}").modified_ns
        except FileNotFoundError:
            return 0

    def artifact_bytes(self, kind: str, key: str) -> int:
        """The size of all files of an artifact."""
        return sum(status.bytes for status in self.place.files(f"{kind}/{key}").values())

    def remove(self, kind: str, key: str) -> None:
        """Forgets an artifact; whoever holds a reference to it finds all of it or nothing."""
        aside = unfinished.removed(kind, key)
        with suppress(FileNotFoundError):
            self.place.rename(f"{kind}/{key}", aside)
        self.place.remove(aside)

    def move_aside(self, kind: str, key: str) -> None:
        """Takes an incomplete or changed folder out of the way of the artifact to be written."""
        if self.place.exists(f"{kind}/{key}"):
            with suppress(FileNotFoundError):  # somebody deletes it at this moment
                self.place.rename(f"{kind}/{key}", unfinished.damaged(kind, key))

    def leftovers(self) -> list[unfinished.Leftover]:
        """Everything in the store that is no artifact: what runs are writing, and what crashed ones left behind."""
        return unfinished.leftovers(self.place)

    def remove_leftover(self, leftover: unfinished.Leftover) -> None:
        """Removes what is no artifact."""
        self.place.remove(leftover.name)

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
                self.place.draft(name)
                for file in () if manifest.dropped else manifest.files:
                    self.place.copy(f"{manifest.kind}/{manifest.key}/{file}", f"{name}/{file}")
                self._publish(name, adopted)
            finally:
                self.place.remove(name)
        return Reference(kind=adopted.kind, key=key, digest=adopted.digest)

    # --- What is derived from artifacts; `collect_garbage` removes it when nobody has read it for a while

    def derived(self, name: str, key: str) -> Path | None:
        """The folder of files that were derived from the artifact of a key; None if they are not there."""
        found = unfinished.derived(name, key)
        if not self.place.exists(found):
            return None
        self.place.redate(found, time.time_ns())
        return self.place.local(found)

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
                    made = self.place.draft(draft)
                    make(made.folder)
                    made.sealed()
                    self.place.rename(draft, unfinished.derived(name, key))
                finally:
                    self.place.remove(draft)
        finally:
            self.locks.release_lock(lock, holder)
        return self.place.local(unfinished.derived(name, key))

    # --- Files that people write by the pages, such as corrections; nothing ever removes them

    def by_hand(self, name: str) -> Path:
        """Where a file of this name lies, whether or not it is there; its writer makes the folder."""
        return self.place.local(f"{_BY_HAND}/{name}")

    def files_by_hand(self) -> list[Path]:
        """Those that are there, by name."""
        return [self.by_hand(name) for name in self.place.names(_BY_HAND)]

    # --- Records of runs; see `artifacts.runs`

    def run_ids(self) -> list[str]:
        """The runs that are on record."""
        return [name for name in self.place.names(_RUNS) if self.place.exists(f"{_RUNS}/{name}/{_RUN_FILE}")]

    def read_run(self, identity: str) -> bytes:
        """The record of a run.

        Raises:
            FileNotFoundError: if there is none.
        """
        return self.place.read(f"{_RUNS}/{identity}/{_RUN_FILE}")

    def write_run(self, identity: str, text: str) -> None:
        """Puts a record in the place of the one before; a reader sees the one or the other, also after a power cut."""
        with self._disk_errors(f"run {identity}"):
            self.place.work(f"{_RUNS}/{identity}")
            self.place.write(f"{_RUNS}/{identity}/{_RUN_FILE}", text)

    def report(self, identity: str) -> Path | None:
        """Where the report of a run lies on this machine; None if it has none."""
        name = f"{_RUNS}/{identity}/{_REPORT_FILE}"
        return self.place.local(name) if self.place.exists(name) else None

    def write_report(self, identity: str, text: str) -> None:
        """Puts the report of a run beside its record, whole or not at all; it goes with the record."""
        with self._disk_errors(f"the report of run {identity}"):
            self.place.work(f"{_RUNS}/{identity}")
            self.place.write(f"{_RUNS}/{identity}/{_REPORT_FILE}", text)

    def run_bytes(self, identity: str) -> int:
        """The size of a record, and of the report beside it."""
        return sum(status.bytes for status in self.place.files(f"{_RUNS}/{identity}").values())

    def drop_run(self, identity: str) -> None:
        """Removes the record of a run, and its report."""
        self.place.remove(f"{_RUNS}/{identity}")

    def _publish(self, draft: str, manifest: Manifest) -> None:
        self.place.write(f"{draft}/{_MANIFEST_FILE}", manifest.model_dump_json(indent=2))
        self.move_aside(manifest.kind, manifest.key)
        self.place.rename(draft, f"{manifest.kind}/{manifest.key}")

    def _open_table(self, reference: Reference) -> pa.NativeFile:
        self.require(reference)
        return self.place.open(f"{reference}/{TABLE_FILE}")

    def _digest(self, name: str) -> str | None:
        try:
            return self.place.digest(name)
        except FileNotFoundError:
            return None

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
            raise StoreError(
                f"store {self}: the disk is full during {work}: the file that it was writing needs more than the "
                f"{self.place.free_bytes() / 1e6:,.1f} MB that are free there; nothing half-written was kept. Free "
                "some space (`crosstag store gc` removes what no run needs), then run again: finished steps are "
                "cached, a training goes on from its last checkpoint"
            ) from error


def _without_inputs(recipe: Recipe, parameters: frozenset[str]) -> Recipe:
    """The recipe without the inputs that came in by some parameters, or by parts of these (`texts.0`)."""
    kept = {name: digest for name, digest in recipe.inputs.items() if name.partition(".")[0] not in parameters}
    return recipe.model_copy(update={"inputs": kept})
