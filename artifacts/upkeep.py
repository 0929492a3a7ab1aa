"""Looking after a store: checking every byte, and removing what no run needs."""

import re
import shutil
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq

from artifacts.catalog import Dataset, catalogue
from artifacts.digest import TableDigest, file_digest, folder_digest
from artifacts.manifest import Manifest
from artifacts.store import MANIFEST_FILE, Store, record_key
from artifacts.writer import TABLE_FILE

_FAILED_RECORD = re.compile(r"[0-9a-f]{32}")
_UNFINISHED = re.compile(r"(?:work-|damaged-)?(?P<kind>[a-z_]+)-(?P<key>[0-9a-f]+)(?:-[0-9a-f]{8})?")


def is_failed_record(path: Path) -> bool:
    """Whether a file is the exception of a failed task, as Prefect leaves it in the root of a store."""
    return bool(_FAILED_RECORD.fullmatch(path.name)) and path.is_file() and (path.parent / "store.json").exists()


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong with a store, or one thing that was or can be removed from it."""

    path: Path
    what: str
    bytes: int = 0


def verify(store: Store) -> Iterator[Finding]:
    """Reads every file of every artifact and compares digests; yields what is wrong."""
    for kind, declared in catalogue().items():
        for folder in sorted(store.root.glob(f"{kind}/*")):
            manifest = store.manifest(kind, folder.name)
            if manifest is None:
                yield Finding(folder, f"no readable {MANIFEST_FILE}")
                continue
            if (manifest.kind, manifest.key) != (kind, folder.name):
                yield Finding(folder, f"holds {manifest.kind}/{manifest.key}; somebody renamed or copied it")
                continue
            wrong = [name for name, entry in manifest.files.items() if _bytes_differ(folder / name, entry.sha256)]
            for name in wrong:
                yield Finding(folder / name, "missing or changed since it was written")
            if not wrong and _content_digest(folder, manifest, declared) != manifest.digest:
                yield Finding(folder, "the content does not have the digest that the manifest names")


def collect_garbage(store: Store, *, older_than_hours: float = 24.0) -> list[Finding]:
    """Removes what crashed runs left: unfinished artifacts, damaged ones, checkpoints, records of failed tasks.

    Nothing younger than `older_than_hours` goes (a run may be using it), nor anything whose lock is held.
    Complete artifacts are never removed; delete an artifact's folder to forget it.
    """
    if not store.root.exists():
        return []
    limit = time.time() - older_than_hours * 3600
    removed = []
    for path in sorted([*store.root.glob(".unfinished/*"), *filter(is_failed_record, store.root.iterdir())]):
        with _unused(store, path) as unused:
            if unused and _youngest(path) <= limit:
                size = sum(_status(p, "st_size") for p in path.rglob("*") if p.is_file()) or _status(path, "st_size")
                if path.is_dir():
                    shutil.rmtree(path, ignore_errors=True)
                else:
                    path.unlink(missing_ok=True)
                removed.append(Finding(path, "removed", int(size)))
    return removed


@contextmanager
def _unused(store: Store, path: Path) -> Iterator[bool]:
    """Holds the lock of the step that an unfinished folder belongs to; False while somebody else does."""
    match = _UNFINISHED.fullmatch(path.name)
    if match is None:
        yield True
        return
    lock, holder = record_key(match["kind"], match["key"]), f"gc-{uuid.uuid4().hex}"
    if not store.locks.acquire_lock(lock, holder, acquire_timeout=0):
        yield False
        return
    try:
        yield True
    finally:
        store.locks.release_lock(lock, holder)


def _youngest(path: Path) -> float:
    return max(_status(p, "st_mtime") for p in [path, *path.rglob("*")])


def _status(path: Path, name: str) -> float:
    """One fact of a file that another process may remove meanwhile."""
    try:
        return float(getattr(path.stat(), name))
    except FileNotFoundError:
        return 0.0


def _bytes_differ(path: Path, sha256: str) -> bool:
    return not path.is_file() or file_digest(path) != sha256


def _content_digest(folder: Path, manifest: Manifest, declared: object) -> str:
    if not isinstance(declared, Dataset):
        return folder_digest({n: f.sha256 for n, f in manifest.files.items()}, manifest.metadata)
    digest = TableDigest(declared.schema, manifest.metadata)
    with pq.ParquetFile(folder / TABLE_FILE) as file:
        for batch in file.iter_batches():
            digest.update(batch.cast(declared.schema))
    return digest.hexdigest()
