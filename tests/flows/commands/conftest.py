"""The command line, in this process; workers that make runs of deployments."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from prefect.client.orchestration import SyncPrefectClient, get_client

from flows.commands.cli import main

ROOT = Path(__file__).parents[3]


@pytest.fixture
def crosstag(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str]]:
    """Runs a command; gives its exit code and what it printed: the error if the input was bad, else its result."""

    def run(*arguments: str) -> tuple[int, str]:
        monkeypatch.setattr("sys.argv", ["crosstag", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        printed, code = capsys.readouterr(), int(ended.value.code or 0)
        return code, printed.err if code == 2 else printed.out

    return run


@pytest.fixture
def client(server: str) -> Iterator[SyncPrefectClient]:
    """Speaks to the server."""
    with get_client(sync_client=True) as opened:
        yield opened


@pytest.fixture
def clean(client: SyncPrefectClient) -> Iterator[SyncPrefectClient]:
    """The same, and the server has no automations, before or afterwards."""
    _remove_automations(client)
    yield client
    _remove_automations(client)


def _remove_automations(client: SyncPrefectClient) -> None:
    for each in client.read_automations():
        with suppress(Exception):
            client.delete_automation(each.id)


@pytest.fixture
def workers() -> Iterator[list["subprocess.Popen[bytes]"]]:
    """Those that `start_worker` has started."""
    started: list[subprocess.Popen[bytes]] = []
    yield started
    for worker in started:
        with suppress(ProcessLookupError):
            os.killpg(worker.pid, signal.SIGKILL)
        worker.wait()


@pytest.fixture
def start_worker(server: str, workers: list["subprocess.Popen[bytes]"], tmp_path: Path) -> Callable[..., Path]:
    """Starts a worker of the pool `cpu` with some variables; gives its log."""

    def start(**variables: str) -> Path:
        environment = {**os.environ, "PREFECT_HOME": str(tmp_path / "home"), "PYTHONPATH": str(ROOT), **variables}
        elsewhere = tmp_path / "elsewhere"
        elsewhere.mkdir(exist_ok=True)
        with (tmp_path / "worker.log").open("wb") as log:
            command = [sys.executable, "-m", "flows.commands.cli", "worker", "--pool", "cpu", "--limit", "1"]
            workers.append(
                subprocess.Popen(
                    command, cwd=elsewhere, env=environment, stdout=log, stderr=log, start_new_session=True
                )
            )
        return tmp_path / "worker.log"

    return start
