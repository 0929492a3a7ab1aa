"""Looking after a store: checking every byte, and removing what no run needs."""

import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from artifacts.catalog import Dataset, Kind, catalogue
from artifacts.digest import TableDigest, folder_digest
from artifacts.errors import StoreError
from artifacts.manifest import Manifest
from artifacts.reference import Reference
from artifacts.runs import RUN_KIND, read_run
from artifacts.store import Store, record_key
from artifacts.unfinished import Leftover


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong with a store, or that was removed from it; `name` says where, relative to the store."""

    name: str
    what: str
    bytes: int = 0


def verify(store: Store) -> Iterator[Finding]:
    """Reads every file of every artifact and compares digests, and every record of a run; yields what is wrong."""
    for identity in store.run_ids():
        try:
            read_run(store, identity)
        except StoreError:
            yield Finding(f"{RUN_KIND}/{identity}", "no readable record of a run")
    for kind, declared in catalogue().items():
        for key in store.keys(kind):
            name = f"{kind}/{key}"
            manifest = store.manifest(kind, key)
            if manifest is None:
                yield Finding(name, "no readable manifest")
                continue
            if (manifest.kind, manifest.key) != (kind, key):
                yield Finding(name, f"holds {manifest.kind}/{manifest.key}; somebody renamed or copied it")
                continue
            changed = store.changed_files(manifest)
            for file in changed:
                yield Finding(f"{name}/{file}", "missing or changed since it was written")
            if not changed and _content_digest(store, manifest, declared) != manifest.digest:
                yield Finding(name, "the content does not have the digest that the manifest names")


def collect_garbage(store: Store, *, older_than_hours: float = 24.0) -> list[Finding]:
    """Removes what crashed runs left: unfinished artifacts, damaged ones, checkpoints, records of failed tasks.

    Nothing younger than `older_than_hours` goes (a run may be using it), nor anything whose lock is held.
    Complete artifacts are never removed; delete an artifact's folder to forget it.
    """
    limit_ns = time.time_ns() - int(older_than_hours * 3600 * 1e9)
    removed = []
    for leftover in store.leftovers():
        with _unused(store, leftover) as unused:
            if unused and leftover.youngest_ns <= limit_ns:
                store.remove_leftover(leftover)
                removed.append(Finding(leftover.name, "removed", leftover.bytes))
    return removed


@contextmanager
def _unused(store: Store, leftover: Leftover) -> Iterator[bool]:
    """Holds the lock of the step that something unfinished belongs to; False while somebody else does."""
    if leftover.owner is None:
        yield True
        return
    lock, holder = record_key(*leftover.owner), f"gc-{uuid.uuid4().hex}"
    if not store.locks.acquire_lock(lock, holder, acquire_timeout=0):
        yield False
        return
    try:
        yield True
    finally:
        store.locks.release_lock(lock, holder)


def _content_digest(store: Store, manifest: Manifest, declared: Kind) -> str:
    if not isinstance(declared, Dataset):
        return folder_digest({n: f.sha256 for n, f in manifest.files.items()}, manifest.metadata)
    digest = TableDigest(declared.schema, manifest.metadata)
    for batch in store.batches(Reference(kind=manifest.kind, key=manifest.key, digest="")):
        digest.update(batch.cast(declared.schema))
    return digest.hexdigest()
