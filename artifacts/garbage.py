"""Removing from a store what no run needs: leftovers of crashed runs and of questions, old runs and their results."""

import uuid
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from artifacts.reach import Name, reached
from artifacts.reference import Reference
from artifacts.runs import RUN_KIND, RunRecord, all_runs, standing
from artifacts.store import Store, record_key

LEFTOVER = "leftover"


@dataclass(frozen=True)
class Choice:
    """What to remove beside leftovers.

    Attributes:
        keep_runs: how many runs that went well to keep, with all that began since the oldest of them; None: whatever
            their number.
        older_than: runs go that ended longer ago than this; None: whatever their age. With both, runs go that neither
            keeps.
        unreachable: also what no kept run reaches: made outside of runs, or by runs that nobody has on record.
        grace: nothing goes that is younger than this, or was used since then.
    """

    keep_runs: int | None = None
    older_than: timedelta | None = None
    unreachable: bool = False
    grace: timedelta = timedelta(hours=24)


@dataclass(frozen=True)
class Removal:
    """One thing that was removed, or would be: its kind (an artifact's, `run` or `leftover`), its name in the store."""

    kind: str
    name: str
    bytes: int


@dataclass
class Collection:
    """What a collection removed, names of artifacts that it spared because they are, or may be, in use, and how many
    runs it would have dropped but for the grace.
    """

    removed: list[Removal] = field(default_factory=list)
    spared: list[str] = field(default_factory=list)
    young_runs: int = 0


def collect_garbage(store: Store, choice: Choice | None = None, *, dry_run: bool = False) -> Collection:
    """Removes leftovers, and what else is chosen; with `dry_run` it says the same and removes nothing.

    Whatever is chosen, nothing goes whose lock is held, nor what was used since a run began that still goes on. A run
    that is being started at this moment computes again what goes before it has looked.

    Raises:
        StoreError: if runs or artifacts are to go, and the record of a run cannot be read.
    """
    found = Collection()
    if not store.exists():
        return found
    choice = choice or Choice()
    began = datetime.now(UTC)
    _leftovers(store, began - choice.grace - store.clocks_differ, found, dry_run)
    if choice.unreachable or choice.keep_runs is not None or choice.older_than is not None:
        _artifacts(store, choice, began, found, dry_run)
    return found


def forget(store: Store, references: Sequence[Reference]) -> list[str]:
    """Removes artifacts that somebody wants made anew, all or none.

    Returns:
        The names of those that another run is at, or may be about to read, and for which nothing was removed.
    """
    owners = [(reference.kind, reference.key) for reference in references]
    going_on = [run.started for run in all_runs(store) if standing(store, run) == "running"]
    with ExitStack() as held:
        busy = [
            f"{kind}/{key}"
            for kind, key in owners
            if not held.enter_context(_unused(store, (kind, key)))
            or (going_on and store.last_used_ns(kind, key) >= _ns(min(going_on) - store.clocks_differ))
        ]
        if not busy:
            for kind, key in owners:
                store.remove(kind, key)
    return busy


def runs_to_drop(runs: Sequence[RunRecord], choice: Choice, now: datetime) -> list[RunRecord]:
    """The runs that a choice does not keep.

    Args:
        runs: those that are over, oldest first.
        choice: which to keep.
        now: from which ages count.
    """
    if choice.keep_runs is None and choice.older_than is None:
        return []
    youngest = now - max(choice.grace, choice.older_than or choice.grace)
    dropped = [run for run in runs if run.last_seen < youngest]
    if not choice.keep_runs:
        return dropped
    good = [run for run in runs if run.state == "done"]
    if len(good) < choice.keep_runs:
        return []
    oldest_kept = good[-choice.keep_runs].started
    return [run for run in dropped if run.started < oldest_kept]


def _leftovers(store: Store, youngest: datetime, found: Collection, dry_run: bool) -> None:
    """Unfinished artifacts, damaged ones, checkpoints, records of failed tasks; half-written files at any age."""
    for leftover in store.leftovers():
        with _unused(store, leftover.owner) as unused:
            if unused and (leftover.half_written or leftover.youngest_ns <= _ns(youngest)):
                found.removed.append(Removal(LEFTOVER, leftover.name, leftover.bytes))
                if not dry_run:
                    store.remove_leftover(leftover)


def _artifacts(store: Store, choice: Choice, began: datetime, found: Collection, dry_run: bool) -> None:
    runs = all_runs(store)
    going_on = [run for run in runs if standing(store, run) == "running"]
    over = [run for run in runs if run not in going_on]
    dropped = [run for run in runs_to_drop(over, choice, began) if not _left_since(store, run, began - choice.grace)]
    found.young_runs = len(runs_to_drop(over, replace(choice, grace=timedelta(0)), began)) - len(dropped)
    kept = [run for run in runs if run not in dropped]
    manifests = {(m.kind, m.key): m for m in store.manifests()}
    needed = reached(manifests, kept)
    unneeded = (manifests.keys() if choice.unreachable else reached(manifests, dropped)) - needed
    # What is used is dated; what a run that goes on has used is dated after its beginning.
    youngest = min([began - choice.grace, *(run.started for run in going_on)]) - store.clocks_differ
    spared = _remove(store, sorted(unneeded), youngest, found, dry_run)
    for run in dropped:
        # A run whose artifacts are not all gone stays, so that they are found the next time.
        if not spared or not spared & reached(manifests, [run]):
            found.removed.append(Removal(RUN_KIND, str(run), store.run_bytes(run.id)))
            if not dry_run:
                store.drop_run(run.id)


def _left_since(store: Store, run: RunRecord, moment: datetime) -> bool:
    """Whether a step that a run was at when it was killed left a checkpoint since: a rerun goes on from there."""
    left = (store.work_left_at(*step.artifact.split("/")) for step in run.under_way)
    return any(each is not None and each >= moment for each in left)


def _remove(store: Store, names: Iterable[Name], youngest: datetime, found: Collection, dry_run: bool) -> set[Name]:
    """Removes artifacts one by one, each under the lock of its step; gives those that were spared."""
    spared = set()
    for kind, key in names:
        with _unused(store, (kind, key)) as unused:
            if not unused or store.last_used_ns(kind, key) >= _ns(youngest):
                spared.add((kind, key))
                found.spared.append(f"{kind}/{key}")
                continue
            found.removed.append(Removal(kind, f"{kind}/{key}", store.artifact_bytes(kind, key)))
            if not dry_run:
                store.remove(kind, key)
    return spared


@contextmanager
def _unused(store: Store, owner: Name | None) -> Iterator[bool]:
    """Holds the lock of the step that makes an artifact; False while somebody else does."""
    if owner is None:
        yield True
        return
    lock, holder = record_key(*owner), f"gc-{uuid.uuid4().hex}"
    if not store.locks.acquire_lock(lock, holder, acquire_timeout=0):
        yield False
        return
    try:
        yield True
    finally:
        store.locks.release_lock(lock, holder)


def _ns(moment: datetime) -> int:
    return int(moment.timestamp() * 1e9)
