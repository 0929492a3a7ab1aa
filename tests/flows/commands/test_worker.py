"""A worker that lets its runs keep their checkpoints before it ends: a stand-in for Prefect's, and a real one."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import yaml
from prefect.client.orchestration import SyncPrefectClient
from prefect.settings import PREFECT_API_URL, temporary_settings
from worker import ended, wait_for

from artifacts.errors import InputError
from artifacts.runs import all_runs
from artifacts.store import Store
from flows.commands import worker
from flows.commands.cli.using import worker as worker_command
from flows.commands.deploy import deploy
from flows.commands.deployments import deployments_of

ROOT = Path(__file__).parents[3]
# os.write, for a signal may come while print is inside itself.
RUN = """
import os, signal, sys, time
signal.signal(signal.SIGTERM, lambda *_: (os.write(1, b"run: kept\\n"), sys.exit()))
os.write(1, b"run: up\\n")
time.sleep(600)
"""
# Takes a run as soon as one has ended, and kills it when it is told to stop, as Prefect's does.
WORKER = f"""
import os, signal, subprocess, sys
signal.signal(signal.SIGTERM, lambda *_: (os.write(1, b"worker: told\\n"), run.kill(), os._exit(3)))
while True:
    os.write(1, b"worker: takes a run\\n")
    run = subprocess.Popen([sys.executable, "-c", {RUN!r}], start_new_session=True)
    run.wait()
"""
# Tests may run under nohup, whose ignored SIGHUP is inherited, and honoured by the command.
OURS = """
import signal, sys
signal.signal(signal.SIGHUP, signal.SIG_DFL)
from flows.commands.worker import attended
sys.exit(attended([sys.executable, "-c", sys.argv[1]]))
"""


@pytest.fixture
def attended() -> Iterator[Callable[..., "subprocess.Popen[str]"]]:
    """Starts a stand-in of a worker under our command, in a session of its own as in a terminal of its own."""
    started: list[subprocess.Popen[str]] = []

    def start(program: str = WORKER) -> "subprocess.Popen[str]":
        command = [sys.executable, "-c", OURS, program]
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, start_new_session=True)
        started.append(process)
        return process

    yield start
    for process in started:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_runs_end_by_themselves_before_their_worker_is_told_and_no_other_begins(
    attended: Callable[..., "subprocess.Popen[str]"], number: int
) -> None:
    process = attended()
    assert process.stdout is not None
    assert [process.stdout.readline() for _ in range(2)] == ["worker: takes a run\n", "run: up\n"]
    os.killpg(process.pid, number)  # As a terminal does: all of the group hear of it.
    assert process.stdout.read() == "run: kept\nworker: told\n"
    assert process.wait(timeout=60) == 0


def test_a_worker_does_not_outlive_who_attends_to_it(attended: Callable[..., "subprocess.Popen[str]"]) -> None:
    process = attended()
    assert process.stdout is not None
    assert [process.stdout.readline() for _ in range(2)] == ["worker: takes a run\n", "run: up\n"]
    process.kill()
    assert process.stdout.read() == "worker: told\n"


def test_a_worker_that_ends_by_itself_says_how(attended: Callable[..., "subprocess.Popen[str]"]) -> None:
    assert attended("import sys; sys.exit(7)").wait(timeout=60) == 7


def test_what_it_is_told_goes_to_the_worker_of_prefect(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[list[str]] = []
    monkeypatch.setattr(worker, "attended", lambda command: started.append(command[1:]) or 0)
    worker.work("gpu", 1, healthcheck=True)
    worker.work("many")
    assert started == [
        ["-m", "prefect", "worker", "start", "--pool", "gpu", "--limit", "1", "--with-healthcheck"],
        ["-m", "prefect", "worker", "start", "--pool", "many"],
    ]


def test_without_a_server_it_says_at_once_how_to_get_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "attended", lambda command: pytest.fail("it was started"))
    unset = pytest.raises(InputError, match=r"^worker: PREFECT_API_URL is not set; `make up` starts a server here; ")
    with temporary_settings(restore_defaults={PREFECT_API_URL}), unset:
        worker_command("cpu")


@pytest.mark.slow
def test_a_training_keeps_its_checkpoint_when_its_worker_is_stopped(
    client: SyncPrefectClient,
    data: Path,
    start_worker: Callable[..., Path],
    workers: list["subprocess.Popen[bytes]"],
    tmp_path: Path,
) -> None:
    settings: dict[str, Any] = yaml.safe_load((data / "tiny.yaml").read_text(encoding="utf-8"))
    settings["encoder"]["pretraining"]["epochs"] = 400
    path = tmp_path / "tiny-stopped.yaml"
    path.write_text(f"# crosstag run tiny-stopped.yaml --data corpora\n{yaml.safe_dump(settings)}", encoding="utf-8")
    deploy(deployments_of([path]))
    made = client.read_deployment_by_name("colada/tiny-stopped-expert")
    folder, store = tmp_path / "elsewhere", tmp_path / "store"
    shutil.copytree(data, folder / "corpora")
    log = start_worker(CROSSTAG_ROOT=str(folder), CROSSTAG_STORE=str(store), PREFECT_WORKER_QUERY_SECONDS="1")
    runtime = {"data": "corpora", "device": "cpu", "checkpoint_minutes": 0.01}
    client.create_flow_run_from_deployment(made.id, parameters={**made.parameters, "runtime": runtime})
    wait_for(lambda: list(store.glob(".unfinished/work-encoder-*/checkpoint.pt")), log)
    asked = time.time()
    os.kill(workers[0].pid, signal.SIGTERM)  # That process alone, as `docker compose stop` does.
    assert workers[0].wait(timeout=60) == 0
    (record,) = all_runs(Store(store))
    assert record.state == "stopped", log.read_text(encoding="utf-8")
    assert record.error is not None and "the training goes on from update" in record.error.message
    (kept,) = store.glob(".unfinished/work-encoder-*/checkpoint.pt")
    assert kept.stat().st_mtime > asked
    assert len(ended(client, made)) == 1
