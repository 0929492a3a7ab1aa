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
from typing import Any

import psutil
import pytest

from artifacts.manifest import Manifest
from artifacts.reference import Reference
from artifacts.runs import all_runs, standing
from artifacts.runtime import Runtime
from artifacts.step import Step
from artifacts.store import Store
from flows.commands.methods import load

pytestmark = [pytest.mark.server, pytest.mark.timeout(1800)]
ROOT = Path(__file__).parents[2]
LONGER = "encoder.pretraining.epochs=20"  # Some seconds, so that there is time to stop it.
CHECKPOINT = ".unfinished/work-encoder-*/checkpoint.pt"
ENDS = re.compile(r"stopped\. Run the same command again: the training goes on from update (\d+) of (\d+)\n$")


def start(data: Path, store: Path, home: Path) -> "subprocess.Popen[str]":
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PREFECT_HOME": str(home), "PREFECT_LOGGING_LEVEL": "INFO"}
    environment.pop("PREFECT_API_URL", None)
    return subprocess.Popen(
        [sys.executable, "-m", "flows.commands.cli", "run", str(data / "tiny.yaml"), "--data", str(data),
         "--store", str(store), "--device", "cpu", "--checkpoint-minutes", "0.01", "--set", LONGER],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True, env=environment,
    )  # fmt: skip


def stop_in_the_training(store: Path, process: "subprocess.Popen[str]", number: int) -> str:
    """Waits until the run has written a checkpoint, stops it, and gives what it has printed."""
    deadline, began = time.monotonic() + 600, time.time()
    while not any(path.stat().st_mtime > began for path in store.glob(CHECKPOINT)):
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
def home(home: Path) -> Iterator[Path]:
    """Prefect's home for these runs; nothing that they started is left at the end."""
    yield home
    left = [process for process in psutil.process_iter() if uses(process, home)]
    for process in left:
        process.kill()
    assert not left


def uses(process: psutil.Process, home: Path) -> bool:
    try:
        return process.environ().get("PREFECT_HOME") == str(home)
    except psutil.Error:
        return False


class Made(Exception):
    """The encoder is there."""


def encoder_of(data: Path, store: Path, monkeypatch: pytest.MonkeyPatch) -> Manifest:
    """The encoder that the same run makes in this process, which goes no further."""
    call = Step.__call__

    def called(step: Step[...], *arguments: Any, **settings: Any) -> Reference:
        if step.output.name == "tagger":
            raise Made
        return call(step, *arguments, **settings)

    method, config = load(data / "tiny.yaml", [LONGER])
    with monkeypatch.context() as patch, pytest.raises(Made):
        patch.setattr(Step, "__call__", called)
        method.flow(config, Runtime(store=str(store), data=str(data), device="cpu", threads=1))
    (encoder,) = Store(store).manifests_of("encoder")
    return encoder


@pytest.mark.usefixtures("server")
def test_a_run_that_is_stopped_in_a_training_goes_on_from_there(
    data: Path, tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, undisturbed = tmp_path / "store", tmp_path / "undisturbed"
    reached = []
    for number in (signal.SIGINT, signal.SIGTERM):
        output = stop_in_the_training(store, start(data, store, home), number)
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
    resumed, whole = (encoder_of(data, place, monkeypatch) for place in (store, undisturbed))
    assert (resumed.notes["resumed_at"], whole.notes["resumed_at"]) == (reached[1], 0)
    assert resumed.digest == whole.digest
