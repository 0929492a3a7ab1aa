"""Names of what is no artifact: drafts, work folders of trainings, damaged artifacts put aside; what was derived from
artifacts to answer questions about them, which is made anew where it is gone.
"""

import re
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime

from artifacts.place import Place

FOLDER = ".unfinished"
DERIVED = ".inspect"
_HALF = ".tmp"

_NAMES = re.compile(r"(?:work-|damaged-|removed-)?(?P<kind>[a-z_]+)-(?P<key>[0-9a-f]+)(?:-[0-9a-f]{8})?")
_FAILED_RECORD = re.compile(r"[0-9a-f]{32}")


def draft(kind: str, key: str) -> str:
    """Where an artifact is written before it is published; another place each time."""
    return f"{FOLDER}/{kind}-{key}-{uuid.uuid4().hex[:8]}"


def work(kind: str, key: str) -> str:
    """Where a training step keeps its checkpoints; the same place each time."""
    return f"{FOLDER}/work-{kind}-{key}"


def damaged(kind: str, key: str) -> str:
    """Where an artifact goes that is not what it should be; another place each time."""
    return f"{FOLDER}/damaged-{kind}-{key}-{uuid.uuid4().hex[:8]}"


def removed(kind: str, key: str) -> str:
    """Where an artifact goes while it is being removed; another place each time."""
    return f"{FOLDER}/removed-{kind}-{key}-{uuid.uuid4().hex[:8]}"


def derived(name: str, key: str) -> str:
    """Where files lie that were derived from the artifact of a key; `name` says what they are."""
    return f"{DERIVED}/{name}-{key}"


def is_failed_record(name: str) -> bool:
    """Whether a file in the root of a store is the exception of a failed task, as Prefect leaves it there."""
    return bool(_FAILED_RECORD.fullmatch(name))


@dataclass(frozen=True)
class Leftover:
    """Something in a store that is no artifact.

    Attributes:
        name: where it lies, relative to the store.
        bytes: how large it is.
        youngest_ns: when the last of its files was written, or what was derived was last read.
        owner: kind and key of the step that it belongs to, if its name tells.
        half_written: a file that was to replace another when whole, such as `checkpoint.pt.tmp`: of no use at any age
            once its writer is gone.
        here: it lies on this machine, beside the local copies of a store that lies elsewhere.
    """

    name: str
    bytes: int
    youngest_ns: int
    owner: tuple[str, str] | None
    half_written: bool = False
    here: bool = False


def left_at(place: Place, kind: str, key: str) -> datetime | None:
    """When a training step that did not end wrote its last whole checkpoint; None if it left none."""
    files = place.files(work(kind, key)).items()
    whole = [status.modified_ns for name, status in files if status.bytes and not name.endswith(_HALF)]
    return datetime.fromtimestamp(max(whole) / 1e9, UTC) if whole else None


def leftovers(place: Place) -> list[Leftover]:
    """All that is unfinished in a store, what was derived from artifacts, and records of failed tasks."""
    names = [f"{folder}/{name}" for folder in (FOLDER, DERIVED) for name in place.names(folder)]
    names += [name for name in place.names() if is_failed_record(name)]
    found = []
    for name in names:
        if not (files := place.files(name)):
            continue
        match = _NAMES.fullmatch(name.rpartition("/")[2])
        owner = (match["kind"], match["key"]) if match else None
        halves = {file: status for file, status in files.items() if file.endswith(_HALF)}
        found += [Leftover(file, half.bytes, half.modified_ns, owner, True) for file, half in halves.items()]
        youngest_ns = max(file.modified_ns for file in files.values())
        bytes_whole = sum(status.bytes for file, status in files.items() if file not in halves)
        found.append(Leftover(name, bytes_whole, youngest_ns, owner))
    return found
