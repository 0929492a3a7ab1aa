"""An S3 service on a loopback port (moto's), and one between that fails, is slow, or forgets conditions."""

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest

SECRETS = {
    "AWS_ACCESS_KEY_ID": "AKPLANTED0IDENTITY",
    "AWS_SECRET_ACCESS_KEY": "planted/secret+word",
    "AWS_SESSION_TOKEN": "planted-session-token",
}
_UNAVAILABLE = "503 Service Unavailable"
_Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


@dataclass
class Service:
    """A service and what is done to its requests.

    Attributes:
        failing: one in so many requests fails before it is done, and one after: its answer is lost; 0: none.
        seconds: by which every request is delayed.
        forgetful: the condition of puts that is ignored: HTTP_IF_NONE_MATCH or HTTP_IF_MATCH.
        down: every request fails.
        read_only: what would write or remove is denied.
        requests: methods and paths.
    """

    url: str = ""
    failing: int = 0
    seconds: float = 0.0
    forgetful: str = ""
    down: bool = False
    read_only: bool = False
    requests: list[tuple[str, str]] = field(default_factory=list)
    access: threading.Lock = field(default_factory=threading.Lock)

    def around(self, application: _Application) -> _Application:
        """The application with this done to its requests."""

        def answer(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
            with self.access:
                self.requests.append((environ["REQUEST_METHOD"], environ["PATH_INFO"]))
                number = len(self.requests)
            time.sleep(self.seconds)
            if self.forgetful:
                environ.pop(self.forgetful, None)
            fails = self.failing and number % self.failing == 0
            lost = self.failing and number % self.failing == self.failing // 2
            denied = self.read_only and environ["REQUEST_METHOD"] not in ("GET", "HEAD")
            if self.down or fails or denied:
                environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
                return _refused(start, "403 Forbidden" if denied else _UNAVAILABLE)
            if lost:
                list(application(environ, lambda *_: None))
                return _refused(start, _UNAVAILABLE)
            return application(environ, start)

        return answer


def _refused(start: Callable[..., Any], status: str) -> Iterable[bytes]:
    start(status, [("Content-Length", "0")])
    return [b""]


@dataclass
class Shelf:
    """An empty bucket, and the environment of a machine that uses it."""

    service: Service
    url: str
    machines: Path
    monkeypatch: pytest.MonkeyPatch

    def on_machine(self, name: str) -> Path:
        """From now on this process is on a machine of that name, with a folder of its own for copies; gives it."""
        self.monkeypatch.setenv("CROSSTAG_CACHE", str(self.machines / name))
        return self.machines / name


@contextmanager
def serving_bucket() -> Iterator[Service]:
    """A service without buckets."""
    from moto.server import DomainDispatcherApplication, create_backend_app  # They take a while to load.
    from werkzeug.serving import WSGIRequestHandler, make_server

    class Quiet(WSGIRequestHandler):
        def log(self, *_: object) -> None:
            pass

    service = Service()
    application = service.around(DomainDispatcherApplication(create_backend_app))
    server = make_server("127.0.0.1", 0, application, threaded=True, request_handler=Quiet)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    service.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield service
    finally:
        server.shutdown()
        thread.join()


def make_bucket(service: Service, name: str) -> None:
    """Makes an empty bucket."""
    urlopen(Request(f"{service.url}/{name}", data=b"", method="PUT")).close()


def environment(service: Service) -> dict[str, str]:
    """What a client of the service has in its environment."""
    return {**SECRETS, "AWS_ENDPOINT_URL": service.url, "AWS_REGION": "us-east-1", "AWS_ALLOW_HTTP": "true"}


def copied(folder: Path, url: str) -> None:
    """Puts all of a store in a folder into a bucket, as runs would have left it there."""
    from artifacts.bucket import Bucket
    from artifacts.store import Store

    source, there = Store(folder), Store(url)
    there.create()
    assert isinstance(there.place, Bucket)
    objects = there.place.objects
    for manifest in source.manifests():
        for name, entry in manifest.files.items():
            objects.put(f"{manifest.name}/{entry.sha256}", folder / manifest.name / name)
        objects.create(f"{manifest.name}/manifest.json", (folder / manifest.name / "manifest.json").read_bytes())
    for path in (folder / "run").rglob("*.*"):
        objects.put(path.relative_to(folder).as_posix(), path)
