"""Where a store keeps its files, and all that it asks of that: a folder of this machine, or a bucket.

`artifacts.store` and what it is made of alone deal in paths of a store; all else names artifacts. Names are relative to
the place, with slashes, such as `scores/086a/manifest.json`. Code that opens files opens them on this machine: in a
folder the very files, of a bucket copies (`held`, `fetched`).
"""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from artifacts.lock import StoreLocks
from artifacts.manifest import Manifest

if TYPE_CHECKING:
    from artifacts.folder import Folder
    from artifacts.unfinished import Leftover


@dataclass(frozen=True)
class Status:
    """How large a file is, and when it was last written, by the clock of where it lies."""

    bytes: int
    modified_ns: int


class Place(Protocol):
    """What a store needs of where it lies; `Folder` and `Bucket` do it."""

    @property
    def locks(self) -> StoreLocks:
        """Locks among all processes that use the place; in a bucket, correctness rests on `commit` alone."""

    @property
    def clocks_differ(self) -> timedelta:
        """By how much the clocks of those that use the place may be apart."""

    @property
    def here(self) -> "Folder":
        """Where drafts, work folders, Prefect's records and what is derived lie on this machine."""

    # --- Small files, written whole

    def create(self) -> None:
        """Makes sure that the place can keep a store.

        Raises:
            InputError: if it cannot.
        """

    def names(self, folder: str = "") -> list[str]:
        """What lies directly in a folder, sorted; nothing if it is not there."""

    def files(self, name: str) -> dict[str, Status]:
        """Every file at or below a name."""

    def exists(self, name: str) -> bool:
        """Whether there is anything of that name."""

    def status(self, name: str) -> Status:
        """Size and time of a file.

        Raises:
            FileNotFoundError: if it is not there.
        """

    def read(self, name: str) -> bytes:
        """The bytes of a small file.

        Raises:
            FileNotFoundError: if it is not there.
        """

    def read_all(self, names: Sequence[str]) -> Iterator[bytes]:
        """The bytes of small files in their order, none of one that is not there."""

    def write(self, name: str, text: str) -> None:
        """Writes a small file: it is there whole or not at all."""

    def remove(self, name: str) -> None:
        """Removes a file, or a folder and all in it; nothing is wrong if it is not there."""

    def fetched(self, name: str) -> Path:
        """Where a small file that is there lies on this machine."""

    def by_hand(self, name: str) -> Path:
        """Where a file that people write lies.

        Raises:
            InputError: if the place cannot keep such files.
        """

    # --- Artifacts

    def keys(self, kind: str) -> list[str]:
        """What there is of one kind."""

    def described(self, kind: str) -> dict[str, int]:
        """When the manifest of each artifact of one kind was written, in ns, by key."""

    def intact(self, manifest: Manifest) -> bool:
        """Whether the files of an artifact are there, and as they were written."""

    def changed(self, manifest: Manifest) -> list[str]:
        """The files of an artifact that are gone, or whose bytes are not those that were written; it reads them all."""

    def held(self, manifest: Manifest) -> AbstractContextManager[Path]:
        """The folder of an artifact's files on this machine, which stays while it is held.

        Raises:
            StoreError: if files are gone or changed.
        """

    def commit(self, draft: str, manifest: Manifest) -> Manifest:
        """Makes an artifact of a draft, at once and for good.

        Args:
            draft: of the files of the manifest that `share_files` did not bring.
            manifest: what the artifact is to be.

        Returns:
            The manifest that counts from now on: another's, if somebody else was first where no lock keeps them apart.
        """

    def share_files(self, manifest: Manifest, draft: str, key: str) -> None:
        """Gives the files of an artifact to one of another key, too, which `draft` is of."""

    def drop_files(self, manifest: Manifest) -> None:
        """Removes the files of an artifact, and leaves the manifest."""

    def move_aside(self, kind: str, key: str) -> None:
        """Takes what is not as it should be out of the way of the artifact to be written."""

    def forget(self, kind: str, key: str) -> None:
        """Removes an artifact."""

    def mark_used(self, kind: str, key: str) -> None:
        """Dates an artifact; nothing is wrong if it is not there."""

    def used_ns(self, kind: str, key: str) -> int:
        """When an artifact was made, or last marked as used; 0 if it is gone."""

    # --- What is unfinished

    def sharing_work(self, name: str) -> AbstractContextManager[None]:
        """While a step works: what it may go on from is kept where other machines find it, too."""

    def uncommitted(self) -> "list[Leftover]":
        """What commits and locks left that did not end."""
