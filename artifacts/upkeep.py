"""Checking a store, byte by byte."""

from collections.abc import Iterator
from dataclasses import dataclass

from artifacts.catalog import Dataset, Kind, catalogue
from artifacts.digest import TableDigest, folder_digest
from artifacts.errors import StoreError
from artifacts.manifest import Manifest
from artifacts.reference import Reference
from artifacts.runs import RUN_KIND, read_run
from artifacts.store import Store


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong with a store; `name` says where, relative to the store."""

    name: str
    what: str


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
            if not changed and not manifest.dropped and _content_digest(store, manifest, declared) != manifest.digest:
                yield Finding(name, "the content does not have the digest that the manifest names")


def _content_digest(store: Store, manifest: Manifest, declared: Kind) -> str:
    if not isinstance(declared, Dataset):
        return folder_digest({n: f.sha256 for n, f in manifest.files.items()}, manifest.metadata)
    digest = TableDigest(declared.schema)
    for batch in store.batches(Reference(kind=manifest.kind, key=manifest.key, digest="")):
        digest.update(batch.cast(declared.schema))
    return digest.hexdigest(manifest.metadata)
