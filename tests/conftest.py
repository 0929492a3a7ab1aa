"""What all tests share: a store in a temporary folder, and one real Prefect server for those that need one."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

# Before the first import of prefect, which reads its settings once.
_HOME = tempfile.mkdtemp(prefix="crosstag-prefect-")
os.environ.update(
    PREFECT_HOME=_HOME,
    PREFECT_SERVER_ANALYTICS_ENABLED="false",
    PREFECT_LOGGING_LEVEL="WARNING",
    PREFECT_LOGGING_TO_API_ENABLED="false",
    DO_NOT_TRACK="1",
)
os.environ.pop("PREFECT_API_URL", None)
_START_SECONDS = 120


@pytest.fixture(scope="session", autouse=True)
def _prefect_home() -> Iterator[Path]:
    yield Path(_HOME)
    shutil.rmtree(_HOME, ignore_errors=True)


@pytest.fixture(scope="session")
def server(_prefect_home: Path) -> Iterator[str]:
    """The API address of a real Prefect server, which this process and its children use from now on."""
    from prefect.settings import PREFECT_API_URL, temporary_settings

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}/api"
    log = (_prefect_home / "server.log").open("wb")
    command = [sys.executable, "-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", str(port), "--no-ui"]
    process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
    try:
        _wait_until_healthy(process, url)
        os.environ["PREFECT_API_URL"] = url
        with temporary_settings({PREFECT_API_URL: url}):
            yield url
    finally:
        os.environ.pop("PREFECT_API_URL", None)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        log.close()


def _wait_until_healthy(process: subprocess.Popen[bytes], url: str) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"the Prefect server ended with code {process.returncode}")
        try:
            if httpx.get(f"{url}/health", timeout=1.0).is_success:
                return
        except httpx.HTTPError:
            time.sleep(0.2)
    raise RuntimeError("the Prefect server did not start in time")


@pytest.fixture
def store(tmp_path: Path):  # noqa: ANN201
    """An empty store."""
    from artifacts.store import Store

    return Store(tmp_path / "store")
