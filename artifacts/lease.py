"""Leases: locks in a bucket, which end when nobody has renewed them for a while.

<url>/.locks/<hash of the name>  who holds the lease, and for how long it lasts without being renewed

A lease is taken by a put that must be the first, or that replaces the version of one that was given back or is stale;
renewed and given back by a put that replaces the holder's own version. Stale is what has not changed for its time to
live by the clock of whoever wants it, a clock that only measures how long things take: what time it is on two machines
does not matter. All that a lease saves is double work: a run that was stopped for a while, and whose lease another
took, does no harm, as `Place.commit` lets one of the two be first.
"""

import json
import logging
import threading
import time
import uuid
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from artifacts.errors import StoreError
from artifacts.lock import StoreLocks, lock_name
from artifacts.objects import Objects, OutdatedError, TakenError, Version, objects_at

FOLDER = ".locks"
_RENEWALS = 3  # in a time to live
_LOOKS_STALE = 3  # times to live
_CLOCKS_DIFFER = timedelta(hours=1)
_TRIES = 5


@dataclass
class _Lease:
    """A lease that this process holds, or wants."""

    key: str
    seconds: float
    token: str = field(default_factory=lambda: uuid.uuid4().hex)
    version: Version = field(default_factory=lambda: Version(""))
    renewed: int = 0
    held: bool = True
    access: threading.Lock = field(default_factory=threading.Lock)

    @property
    def name(self) -> str:
        return f"{FOLDER}/{lock_name(self.key)}"

    @property
    def text(self) -> bytes:
        """As it is written; no two texts are the same, so no two versions are."""
        told = {"lock": self.key, "held": self.held, "seconds": self.seconds}
        return json.dumps({**told, "token": self.token, "renewed": self.renewed}).encode()


class LeaseManager(StoreLocks):
    """A Prefect lock manager for a store in a bucket.

    Attributes:
        seconds: for which a lease of this process lasts without being renewed.
    """

    def __init__(self, objects: Objects, seconds: float) -> None:
        super().__init__()
        self.objects = objects
        self.seconds = seconds
        self.poll_seconds = min(1.0, seconds / 10)
        self._seen: dict[str, tuple[Version, float]] = {}
        self._leases: dict[str, _Lease] = {}
        self._access = threading.Lock()
        self._renewing: threading.Thread | None = None

    def __getstate__(self) -> dict[str, Any]:
        return {"url": self.objects.url, "seconds": self.seconds}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(objects_at(state["url"]), state["seconds"])  # type: ignore[misc]

    def _try(self, key: str) -> _Lease | None:
        self.objects.probe()
        lease = _Lease(key, self.seconds)
        try:
            lease.version = self.objects.create(lease.name, lease.text)
        except TakenError:
            if not self._take_over(lease):
                return None
        self._seen.pop(key, None)
        with self._access:
            self._leases[lease.token] = lease
            if self._renewing is None:
                self._renewing = threading.Thread(target=self._renew, name="leases", daemon=True)
                self._renewing.start()
        return lease

    def _let_go(self, key: str, handle: _Lease) -> None:
        self._leases.pop(handle.token, None)
        with handle.access, suppress(StoreError):  # Out of reach it gets stale by itself.
            if handle.held:
                handle.held = False
                self._write(handle)

    def _is_taken(self, key: str) -> bool:
        try:
            found, version = self.objects.get(_Lease(key, 0).name)
        except FileNotFoundError:
            return False
        return self._is_held(key, json.loads(found), version)

    def _forget(self, handle: _Lease) -> None:
        self._leases.pop(handle.token, None)
        self._renewing = None

    def _take_over(self, lease: _Lease) -> bool:
        """Takes a lease that was given back or is stale, or is ours, where the answer to its put got lost."""
        try:
            found, version = self.objects.get(lease.name)
        except FileNotFoundError:
            return False  # Somebody tidies up; the next try will do.
        told = json.loads(found)
        if told["token"] != lease.token and self._is_held(lease.key, told, version):
            return False
        lease.version = version
        return self._write(lease)

    def _is_held(self, key: str, told: dict[str, Any], version: Version) -> bool:
        """Whether somebody holds a lease that was just read, and has not left it alone for its time to live."""
        if not told["held"]:
            return False
        now = time.monotonic()
        seen, since = self._seen.get(key, (None, now))
        if seen != version:
            self._seen[key] = (version, now)
            with suppress(FileNotFoundError):
                return self._age(key) < timedelta(seconds=_LOOKS_STALE * told["seconds"])
            return False
        return now - since < told["seconds"]

    def _age(self, key: str) -> timedelta:
        """How long ago a lease was written at least: one look cannot tell whether it changes.

        Both dates are told by the service, so it is one clock; where one may only read, what time it has is known by
        this machine's clock alone.
        """
        modified = self.objects.head(_Lease(key, 0).name).modified
        try:
            return self.objects.now() - modified
        except StoreError:
            return datetime.now(UTC) - modified - _CLOCKS_DIFFER

    def _write(self, lease: _Lease) -> bool:
        """Writes a lease in the place of the version that it knows; False if another process wrote it since."""
        for _ in range(_TRIES):
            try:
                lease.version = self.objects.replace(lease.name, lease.text, lease.version)
                return True
            except OutdatedError:
                pass
            try:
                found, lease.version = self.objects.get(lease.name)
            except FileNotFoundError:  # Somebody tidied up.
                with suppress(TakenError):
                    lease.version = self.objects.create(lease.name, lease.text)
                    return True
                continue
            if found == lease.text:
                return True
            if json.loads(found)["token"] != lease.token:
                return False
        return False

    def _renew(self) -> None:
        """Renews what this process holds, as long as it holds anything."""
        while True:
            time.sleep(self.seconds / _RENEWALS)
            with self._access:
                leases = list(self._leases.values())
                if not leases:
                    self._renewing = None
                    return
            for lease in leases:
                with lease.access:
                    self._renew_one(lease)

    def _renew_one(self, lease: _Lease) -> None:
        if not lease.held:
            return
        lease.renewed += 1
        with suppress(StoreError):  # The next renewal may succeed.
            lease.held = self._write(lease)
            if not lease.held:
                log = logging.getLogger(__name__)
                log.warning("another run has taken over %s, as this one was not heard of for a while", lease.key)
