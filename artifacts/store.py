"""The store: one folder per artifact, there completely or not at all.

<root>/store.json                  the format of this store
<root>/<kind>/<key>/manifest.json  what the artifact is and how it was made; written last
<root>/<kind>/<key>/ref.json       Prefect's cache record, so that it goes when the artifact goes
<root>/<kind>/<key>/data.parquet   a table; or the files of a model
<root>/.unfinished/                artifacts being written; work folders of trainings; both renamed or deleted
<root>/.locks/                     one lock file per key
"""

import errno
import json
import os
import shutil
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import ValidationError

from artifacts.catalog import Kind, catalogue
from artifacts.digest import file_digest
from artifacts.durable import sync_folder, write_durably
from artifacts.errors import InputError, StoreError
from artifacts.lock import FlockManager
from artifacts.manifest import Manifest, Recipe
from artifacts.reference import Reference
from artifacts.writer import TABLE_FILE, Writer

STORE_FORMAT = 1
MANIFEST_FILE = "manifest.json"
RECORD_FILE = "ref.json"


def record_key(kind: str, key: str) -> str:
    """Where Prefect keeps the cache record of an artifact, relative to the store; also the name of its lock."""
    return f"{kind}/{key}/{RECORD_FILE}"


class Store:
    """A folder of artifacts. It may be moved or copied as a whole."""

    def __init__(self, root: str | Path) -> None:
        """Opens a store; nothing is created before the first artifact is written.

        Raises:
            InputError: if a newer Crosstag wrote the store, or if `root` is no folder.
        """
        self.root = Path(root).expanduser().resolve()
        if self.root.exists() and not self.root.is_dir():
            raise InputError(f"store {self.root}: this is a file, not a folder; name another place with --store")
        marker = self.root / "store.json"
        if marker.exists():
            found = _format_in(marker)
            if not isinstance(found, int) or found > STORE_FORMAT:
                raise InputError(
                    f"store {self.root}: it has format {found}, this Crosstag reads up to {STORE_FORMAT}; "
                    "upgrade Crosstag, or name another store with --store"
                )
        self.locks = FlockManager(self.root / ".locks")

    def create(self) -> None:
        """Makes the folder and its format mark, if they are not there."""
        self.root.mkdir(parents=True, exist_ok=True)
        marker = self.root / "store.json"
        if not marker.exists():
            with self._disk_errors("its creation"):
                write_durably(marker, json.dumps({"format": STORE_FORMAT}))

    # --- Reading

    def place(self, kind: str, key: str) -> Path:
        """Where the artifact of this kind and key lies, whether or not it is there."""
        return self.root / kind / key

    def manifest(self, kind: str, key: str) -> Manifest | None:
        """The artifact's manifest, or None if it is not there or its manifest cannot be read."""
        try:
            return Manifest.model_validate_json((self.place(kind, key) / MANIFEST_FILE).read_bytes())
        except (FileNotFoundError, NotADirectoryError, ValidationError):
            return None

    def intact(self, kind: str, key: str) -> Reference | None:
        """A reference to the artifact if it is complete and unchanged, else None.

        Sizes are always compared. Where a file is no older than the manifest (it was touched or copied), its bytes are
        compared too, and the manifest is dated after it so that they need not be again.
        """
        manifest = self.manifest(kind, key)
        if manifest is None or manifest.kind != kind or manifest.key != key:
            return None
        folder = self.place(kind, key)
        try:
            manifest_time = (folder / MANIFEST_FILE).stat().st_mtime_ns
            newest = 0
            for name, entry in manifest.files.items():
                status = (folder / name).stat()
                if status.st_size != entry.bytes:
                    return None
                if status.st_mtime_ns >= manifest_time and file_digest(folder / name) != entry.sha256:
                    return None
                newest = max(newest, status.st_mtime_ns)
            if newest >= manifest_time and os.access(folder / MANIFEST_FILE, os.W_OK):
                os.utime(folder / MANIFEST_FILE, ns=(newest + 1, newest + 1))
        except (FileNotFoundError, NotADirectoryError):
            return None
        return Reference(kind=kind, key=key, digest=manifest.digest)

    def require(self, reference: Reference) -> Manifest:
        """The manifest behind a reference.

        Raises:
            StoreError: if the artifact is gone, incomplete, changed, or not the content that the reference names.
        """
        intact = self.intact(reference.kind, reference.key)
        if intact is None:
            raise StoreError(
                f"artifact {reference}: its files in {self.root} are gone or changed; run the flow again to rebuild it"
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
        return self.place(reference.kind, reference.key)

    def metadata(self, reference: Reference) -> dict[str, Any]:
        """What the artifact says about itself, such as its label list."""
        return dict(self.require(reference).metadata)

    def table(self, reference: Reference, columns: list[str] | None = None) -> pa.Table:
        """The whole table, or some of its columns."""
        return pq.read_table(self.folder(reference) / TABLE_FILE, columns=columns)

    def batches(
        self, reference: Reference, columns: list[str] | None = None, rows: int = 4096
    ) -> Iterator[pa.RecordBatch]:
        """The table in batches of at most `rows` rows; memory does not grow with the table."""
        with pq.ParquetFile(self.folder(reference) / TABLE_FILE) as file:
            yield from file.iter_batches(batch_size=rows, columns=columns)

    def manifests(self) -> Iterator[Manifest]:
        """The manifests of all complete artifacts, by kind and key."""
        for kind in catalogue():
            yield from self.manifests_of(kind)

    def manifests_of(self, kind: str) -> Iterator[Manifest]:
        """The manifests of all complete artifacts of one kind, by key."""
        for folder in sorted(self.root.glob(f"{kind}/*")):
            if (manifest := self.manifest(kind, folder.name)) is not None:
                yield manifest

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
            raise InputError(f"store {self.root}: {found} fits {text!r}; `crosstag store ls` lists kind/key")
        return Reference(kind=hits[0].kind, key=hits[0].key, digest=hits[0].digest)

    # --- Writing

    @contextmanager
    def writing(self, kind: Kind, key: str, recipe: Recipe, label: str = "") -> Iterator["Writer"]:
        """A writer for one artifact. On success it is committed by one rename; on failure nothing stays."""
        folder = self.root / ".unfinished" / f"{kind.name}-{key}-{uuid.uuid4().hex[:8]}"
        writer = Writer(kind=kind, key=key, recipe=recipe, folder=folder, label=label)
        try:
            with self._disk_errors(f"step {recipe.step}"):
                self.create()
                folder.mkdir(parents=True)
                yield writer
                self._publish(folder, writer.finish())
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        self.drop_work(kind.name, key)

    def work_folder(self, kind: str, key: str) -> Path:
        """Where a training step keeps its checkpoints; owned by whoever holds the step's lock."""
        return self.root / ".unfinished" / f"work-{kind}-{key}"

    def drop_work(self, kind: str, key: str) -> None:
        """Removes the checkpoints of a step whose artifact is committed."""
        shutil.rmtree(self.work_folder(kind, key), ignore_errors=True)

    def move_aside(self, kind: str, key: str) -> None:
        """Takes an incomplete or changed folder out of the way of the artifact to be written."""
        place = self.place(kind, key)
        if os.path.lexists(place):
            aside = self.root / ".unfinished" / f"damaged-{kind}-{key}-{uuid.uuid4().hex[:8]}"
            aside.parent.mkdir(parents=True, exist_ok=True)
            with suppress(FileNotFoundError):  # somebody deletes it at this moment
                os.rename(place, aside)

    def adopt(self, manifest: Manifest, key: str, recipe: Recipe, why: str) -> Reference:
        """Gives an artifact a second key: the code that makes it changed, its content does not.

        The files are linked where the disk can, copied where it cannot; the manifest says from where and why.

        Raises:
            StoreError: if the artifact's files are gone or changed.
        """
        self.require(Reference(kind=manifest.kind, key=manifest.key, digest=manifest.digest))
        source = self.place(manifest.kind, manifest.key)
        folder = self.root / ".unfinished" / f"{manifest.kind}-{key}-{uuid.uuid4().hex[:8]}"
        folder.mkdir(parents=True)
        try:
            for name in manifest.files:
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                try:
                    os.link(source / name, folder / name)
                except OSError:
                    shutil.copy2(source / name, folder / name)
            update = {"key": key, "recipe": recipe, "adopted_from": manifest.key, "adopted_why": why}
            adopted = manifest.model_copy(update={**update, "made": datetime.now(UTC).isoformat(timespec="seconds")})
            self._publish(folder, adopted)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        return Reference(kind=adopted.kind, key=key, digest=adopted.digest)

    def _publish(self, folder: Path, manifest: Manifest) -> None:
        place = self.place(manifest.kind, manifest.key)
        write_durably(folder / MANIFEST_FILE, manifest.model_dump_json(indent=2))
        place.parent.mkdir(parents=True, exist_ok=True)
        self.move_aside(manifest.kind, manifest.key)
        os.rename(folder, place)
        sync_folder(place.parent)

    @contextmanager
    def _disk_errors(self, work: str) -> Iterator[None]:
        try:
            yield
        except Exception as error:
            if not _disk_is_full(error):
                raise
            existing = next(p for p in (self.root, *self.root.parents) if p.exists())
            free_mb = shutil.disk_usage(existing).free // 2**20
            raise StoreError(
                f"store {self.root}: the disk is full ({free_mb} MB free) during {work}; nothing "
                "half-written was kept. Free some space (`crosstag store gc` removes what no run needs), then run "
                "again: finished steps are cached"
            ) from error


def _without_inputs(recipe: Recipe, parameters: frozenset[str]) -> Recipe:
    """The recipe without the inputs that came in by some parameters, or by parts of these (`texts.0`)."""
    kept = {name: digest for name, digest in recipe.inputs.items() if name.partition(".")[0] not in parameters}
    return recipe.model_copy(update={"inputs": kept})


def _disk_is_full(error: BaseException | None) -> bool:
    """Whether an error, or what caused it, is a full disk; safetensors and torch say so in words only."""
    while error is not None:
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            return True
        if os.strerror(errno.ENOSPC) in str(error):
            return True
        error = error.__cause__ or error.__context__
    return False


def _format_in(marker: Path) -> object:
    try:
        return json.loads(marker.read_text(encoding="utf-8"))["format"]
    except (ValueError, KeyError, TypeError):
        return "unreadable"
