"""A real Prefect server for tests and benchmarks."""

import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import httpx

_START_SECONDS = 120
_DATABASE = "prefect.db"
SETTINGS = {
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_LOGGING_LEVEL": "WARNING",
    "PREFECT_LOGGING_TO_API_ENABLED": "false",
    "DO_NOT_TRACK": "1",
}


@contextmanager
def serving(home: Path, *, ui: bool = False) -> Iterator[str]:
    """A server on a free port; this process and its children use it until the end, when its process group is killed.

    With `ui` it serves Prefect's pages, too.
    """
    from prefect.settings import PREFECT_API_URL, temporary_settings

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}/api"
    command = [
        sys.executable,
        "-m",
        "prefect",
        "server",
        "start",
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
        *([] if ui else ["--no-ui"]),
    ]
    environment = {**os.environ, **SETTINGS, "PREFECT_HOME": str(home), "PREFECT_SERVER_UI_API_URL": url}
    with (home / "server.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, env=environment, start_new_session=True)
        try:
            _wait_until_healthy(process, url)
            before = os.environ.get("PREFECT_API_URL")  # Of a server that others still use.
            os.environ["PREFECT_API_URL"] = url
            try:
                with temporary_settings({PREFECT_API_URL: url}):
                    yield url
            finally:
                os.environ.pop("PREFECT_API_URL")
                if before is not None:
                    os.environ["PREFECT_API_URL"] = before
        finally:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def copy_database(home: Path, other: Path) -> None:
    """Copies the database of a home to another one, also while a server uses it."""
    with closing(sqlite3.connect(home / _DATABASE)) as one, closing(sqlite3.connect(other / _DATABASE)) as copy:
        one.backup(copy)


def _wait_until_healthy(process: subprocess.Popen[bytes], url: str) -> None:
    deadline = time.monotonic() + _START_SECONDS
    with httpx.Client(timeout=1.0) as client:  # To make one takes as long as several questions.
        while time.monotonic() < deadline:
            if process.poll() is not None:
                raise RuntimeError(f"the Prefect server ended with code {process.returncode}")
            try:
                if client.get(f"{url}/health").is_success:
                    return
            except httpx.HTTPError:
                time.sleep(0.2)
    raise RuntimeError("the Prefect server did not start in time")
