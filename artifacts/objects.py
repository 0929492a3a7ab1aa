"""The objects of a bucket by name, and the two conditions on which all rests: nobody was first, nobody came between.

The client is obstore, which takes credentials and endpoints from the environment (AWS_*, AZURE_*, GOOGLE_*), tries
again with growing pauses what fails for a while, and puts objects whole or not at all.
"""

import hashlib
import os
import re
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit

import obstore
from obstore import exceptions
from obstore.store import from_url

from artifacts.errors import InputError, StoreError
from artifacts.variables import positive

SCHEMES = ("s3", "gs", "az")
RETRY_VARIABLE = "CROSSTAG_RETRY_SECONDS"
_CREDENTIALS = ("AWS_", "AZURE_", "GOOGLE_")
_SECRETS = re.compile(r"KEY|SECRET|TOKEN|PASSWORD|CREDENTIAL")
_RETRY_SECONDS = 180.0
_TOLD = 600
_CHUNK_BYTES = 32 * 1024 * 1024
PROBES = ".probe"


class TakenError(Exception):
    """An object was to be the first of its name, and is not."""


class OutdatedError(Exception):
    """An object was to replace a version that is not there any more."""


@dataclass(frozen=True)
class Version:
    """What a condition names a version of an object by."""

    e_tag: str
    version: str = ""

    @property
    def mode(self) -> dict[str, str]:
        """As obstore asks for it."""
        return {"e_tag": self.e_tag} | ({"version": self.version} if self.version else {})


_NO_VERSION = Version('"00000000000000000000000000000000"', "1")


@dataclass(frozen=True)
class Object:
    """What is known of an object without reading it; `modified` is told by the service's clock."""

    name: str
    bytes: int
    modified: datetime
    version: Version


def objects_at(url: str) -> "Objects":
    """The objects at a URL, one client for this process.

    Raises:
        InputError: if the URL is of no service that is known, or has more in it than where objects lie; or if
            $CROSSTAG_RETRY_SECONDS is no number.
    """
    parts = urlsplit(url)
    if parts.scheme not in SCHEMES:
        known = ", ".join(f"{each}://" for each in SCHEMES)
        raise InputError(f"store {parts.scheme}://...: expected a folder, or a URL that begins with {known}")
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise InputError(
            f"store {parts.scheme}://{parts.netloc.rpartition('@')[2]}...: a URL says where the store lies and nothing "
            "else, and stands in logs; leave out what is before an @ and behind a ? or #, and put credentials into the "
            "environment, such as AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
        )
    if not parts.netloc:
        raise InputError(f"store {url}: no bucket is named; expected such as {parts.scheme}://bucket/prefix")
    return _objects_at(url.rstrip("/"), _environment())


def _environment() -> tuple[tuple[str, str], ...]:
    """What a client takes from the environment."""
    names = (*_CREDENTIALS, RETRY_VARIABLE)
    return tuple(sorted((name, value) for name, value in os.environ.items() if name.startswith(names)))


@lru_cache(maxsize=8)
def _objects_at(url: str, environment: tuple[tuple[str, str], ...]) -> "Objects":
    return Objects(url, dict(environment))


class Objects:
    """A client. All names are relative to the URL; all errors are ours and hold no credentials."""

    def __init__(self, url: str, environment: Mapping[str, str]) -> None:
        self.url = url
        self.endpoint = next((environment[name] for name in environment if "ENDPOINT" in name), "")
        self._secrets = [value for name, value in environment.items() if _SECRETS.search(name) and len(value) > 3]
        seconds = positive(RETRY_VARIABLE, _RETRY_SECONDS, environment)
        config: dict[str, Any] = {"conditional_put": "etag"} if url.startswith("s3:") else {}
        retries: Any = {"max_retries": 1000, "retry_timeout": timedelta(seconds=seconds)}
        with self._telling("open"):
            self._store: Any = from_url(url, retry_config=retries, **config)
        self._began: tuple[float, datetime] | None = None

    def __str__(self) -> str:
        return self.url

    # --- Reading

    def get(self, name: str) -> tuple[bytes, Version]:
        """A small object, and which version of it that is.

        Raises:
            FileNotFoundError: if it is not there.
        """
        with self._telling(f"read {name}"):
            found = obstore.get(self._store, name)
            return bytes(found.bytes()), _version(found.meta)

    def head(self, name: str) -> Object:
        """What is known of an object; raises as `get` does."""
        with self._telling(f"look at {name}"):
            return _object(obstore.head(self._store, name))

    def below(self, folder: str) -> Iterator[Object]:
        """All objects below a folder."""
        with self._telling(f"list {folder}"):
            for some in obstore.list(self._store, f"{folder}/"):
                yield from map(_object, some)

    def names(self, folder: str) -> list[str]:
        """The names of objects and folders directly in a folder, sorted."""
        with self._telling(f"list {folder}"):
            found = obstore.list_with_delimiter(self._store, f"{folder}/" if folder else None)
        paths = [*found["common_prefixes"], *(each["path"] for each in found["objects"])]
        return sorted(path.rstrip("/").rpartition("/")[2] for path in paths)

    def download(self, name: str, size: int, path: Path) -> str:
        """Writes an object to a file of this machine, piece by piece; gives the SHA-256 of what came, in hex.

        Raises:
            FileNotFoundError: if it is not there.
        """
        digest = hashlib.sha256()
        path.parent.mkdir(parents=True, exist_ok=True)
        with self._telling(f"read {name}"), path.open("wb") as file:
            for start in range(0, size, _CHUNK_BYTES):
                piece = obstore.get_range(self._store, name, start=start, end=min(size, start + _CHUNK_BYTES))
                digest.update(piece)
                file.write(piece)
        return digest.hexdigest()

    # --- Writing

    def put(self, name: str, content: bytes | Path | IO[bytes]) -> Version:
        """Puts an object in the place of whatever is there."""
        with self._telling(f"write {name}", writes=True):
            return _version(obstore.put(self._store, name, content))

    def create(self, name: str, content: bytes) -> Version:
        """Puts an object if there is none of its name.

        Raises:
            TakenError: if there is. It may be this very one: an answer can get lost, and the put be tried again.
        """
        with self._telling(f"create {name}", writes=True):
            return _version(obstore.put(self._store, name, content, mode="create"))

    def replace(self, name: str, content: bytes, version: Version) -> Version:
        """Puts an object in the place of one version.

        Raises:
            OutdatedError: if another is there, or none. The other may be this very one, as for `create`.
        """
        mode: Any = version.mode
        try:
            with self._telling(f"replace {name}"):
                return _version(obstore.put(self._store, name, content, mode=mode))
        except FileNotFoundError:
            raise OutdatedError(name) from None

    def copy(self, name: str, new: str) -> None:
        """The same object under another name, too.

        Raises:
            FileNotFoundError: if it is not there.
        """
        with self._telling(f"copy {name}"):
            obstore.copy(self._store, name, new)

    def delete(self, name: str) -> None:
        """Removes an object; nothing is wrong if it is not there."""
        try:
            with self._telling(f"remove {name}"):
                obstore.delete(self._store, name)
        except FileNotFoundError:
            return

    # --- The service

    def probe(self) -> None:
        """Makes sure, once, that the service honours the conditions of a put.

        Raises:
            InputError: if it does not.
        """
        if self._probed:
            return
        name, first, second = f"{PROBES}/{uuid.uuid4().hex}", uuid.uuid4().hex.encode(), uuid.uuid4().hex.encode()
        try:
            with suppress(TakenError):  # By ourselves, if an answer got lost; else the content is not ours.
                self.create(name, first)
            content, version = self.get(name)
            if content != first:
                raise self._unfit("it wrote what it was not asked to write")
            with suppress(TakenError):
                self.create(name, second)
                raise self._unfit("a second put that asked to be the first (If-None-Match: *) succeeded")
            with suppress(OutdatedError):
                self.replace(name, second, _NO_VERSION)
                raise self._unfit("a put that named a version which was never there (If-Match) succeeded")
            with suppress(OutdatedError):
                self.replace(name, second, version)
            if self.get(name)[0] != second:
                raise self._unfit("a put that named the version which is there (If-Match) did nothing")
            self._began = (time.monotonic(), self.head(name).modified)
        except FileNotFoundError:
            raise self._unfit("what was written a moment ago is not there") from None
        finally:
            self.delete(name)

    def now(self) -> datetime:
        """The time by the service's clock, whatever this machine's says; to a second or so."""
        self.probe()
        assert self._began is not None
        began, modified = self._began
        return modified + timedelta(seconds=time.monotonic() - began)

    @property
    def _probed(self) -> bool:
        return self._began is not None

    def _unfit(self, found: str) -> InputError:
        return InputError(
            f"store {self}: {found}; so two runs could both commit one step there. Use a service that honours both "
            "conditions, such as Amazon S3, Google Cloud Storage, Azure Blob Storage or MinIO, or a folder"
        )

    @contextmanager
    def _telling(self, what: str, *, writes: bool = False) -> Iterator[None]:
        """Turns obstore's errors into ours, whose text names no secret."""
        try:
            yield
        except exceptions.AlreadyExistsError:
            raise TakenError(what) from None
        except exceptions.PreconditionError:
            raise OutdatedError(what) from None
        except FileNotFoundError as error:
            if not writes:
                raise FileNotFoundError(what) from None
            raise self._failure(what, error, "make the bucket, or name another with --store") from None
        except (exceptions.PermissionDeniedError, exceptions.UnauthenticatedError) as error:
            hint = "give the credentials in the environment, such as AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
            raise self._failure(what, error, hint) from None
        except exceptions.BaseError as error:
            raise self._failure(what, error, "see whether the service can be reached, and run again") from None

    def _failure(self, what: str, error: Exception, hint: str) -> StoreError:
        told = str(error).partition("\n\nDebug source")[0]
        told = re.sub(r"\?[^\s)]*", "?...", told)  # Azure's signatures stand behind a question mark.
        for secret in self._secrets:
            told = told.replace(secret, "***")
        return StoreError(
            f"store {self}: it could not {what}: {' '.join(told.split())[:_TOLD]}; {hint}. Nothing half-written was "
            "kept: finished steps are cached, a training goes on from its last checkpoint"
        )


def _version(meta: Mapping[str, Any]) -> Version:
    return Version(meta.get("e_tag") or "", meta.get("version") or "")


def _object(meta: Mapping[str, Any]) -> Object:
    return Object(meta["path"], meta["size"], meta["last_modified"], _version(meta))
