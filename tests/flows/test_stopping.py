"""A run that is stopped in a training: it ends at once, says how to go on, and goes on from there."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from artifacts.runs import all_runs, standing
from artifacts.store import Store

pytestmark = [pytest.mark.server, pytest.mark.timeout(1800)]
ROOT = Path(__file__).parents[2]
LONGER = "encoder.pretraining.epochs=40"  # Some seconds, so that there is time to stop it.
CHECKPOINT, ENCODER = ".unfinished/work-encoder-*/checkpoint.pt", "encoder/*/manifest.json"
ENDS = re.compile(r"stopped\. Run the same command again: the training goes on from update (\d+) of (\d+)\n$")


def start(data: Path, store: Path, home: Path, minutes: float = 0.01) -> "subprocess.Popen[str]":
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PREFECT_HOME": str(home), "PREFECT_LOGGING_LEVEL": "INFO"}
    environment.pop("PREFECT_API_URL", None)
    return subprocess.Popen(
        [sys.executable, "-m", "flows.commands.cli", "run", str(data / "tiny.yaml"), "--data", str(data),
         "--store", str(store), "--device", "cpu", "--checkpoint-minutes", str(minutes), "--set", LONGER],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True, env=environment,
    )  # fmt: skip


def stop_when_there_is(pattern: str, store: Path, process: "subprocess.Popen[str]", number: int) -> str:
    """Waits until the run has written a file, stops it, and gives what it has printed."""
    deadline, began = time.monotonic() + 600, time.time()
    while not any(path.stat().st_mtime > began for path in store.glob(pattern)):
        assert process.poll() is None, process.communicate()[0]
        assert time.monotonic() < deadline, "no training began"
        time.sleep(0.02)
    if number == signal.SIGINT:
        os.killpg(process.pid, number)  # As a terminal does: all of the group hear of it.
    else:
        process.send_signal(number)
    output, _ = process.communicate(timeout=600)
    assert process.returncode == 128 + number, output
    assert "Traceback" not in output and "ConnectError" not in output and output.count("stopped") == 1
    return output


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """Prefect's home for these runs; nothing that they started is left at the end."""
    yield tmp_path / "home"
    left = [process for process in psutil.process_iter() if uses(process, tmp_path / "home")]
    for process in left:
        process.kill()
    assert not left


def uses(process: psutil.Process, home: Path) -> bool:
    try:
        return process.environ().get("PREFECT_HOME") == str(home)
    except psutil.Error:
        return False


def test_a_run_that_is_stopped_in_a_training_goes_on_from_there(data: Path, tmp_path: Path, home: Path) -> None:
    store, undisturbed = tmp_path / "store", tmp_path / "undisturbed"
    reached = []
    for number in (signal.SIGINT, signal.SIGTERM):
        output = stop_when_there_is(CHECKPOINT, store, start(data, store, home), number)
        told = ENDS.search(output)
        assert told, output
        found = "pretrain_encoder · pretrained: a run that ended early left a checkpoint, at 2" in output
        assert found is bool(reached), output
        run = all_runs(Store(store))[-1]
        assert standing(Store(store), run) == run.state == "stopped"
        assert run.error is not None and run.error.message.startswith("the training goes on from update")
        assert [step.step for step in run.under_way] == ["pretrain_encoder"]
        reached.append(int(told[1]))
    assert 0 < reached[0] < reached[1] < int(told[2])
    shutil.copytree(store, undisturbed, ignore=shutil.ignore_patterns(".unfinished"))
    made = []
    for place in (store, undisturbed):
        stop_when_there_is(ENCODER, place, start(data, place, home, minutes=1000), signal.SIGINT)
        made += Store(place).manifests_of("encoder")
    resumed, whole = made
    assert (resumed.notes["resumed_at"], whole.notes["resumed_at"]) == (reached[1], 0)
    assert resumed.digest == whole.digest
