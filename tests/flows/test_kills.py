"""kill -9 at random moments of a whole run, and two runs at once; run by `make test-all`."""

import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from artifacts.store import Store
from artifacts.upkeep import verify

pytestmark = [pytest.mark.slow, pytest.mark.server, pytest.mark.usefixtures("server"), pytest.mark.timeout(1800)]
ROOT = Path(__file__).parents[2]
KILLS = 20
# About 30 s on two cores, most of it in trainings that keep checkpoints.
LONGER = (
    "encoder.pretraining.epochs=6",
    "student.epochs=6",
    "collaborator.epochs=6",
    "source_training.epochs=6",
)


def start(data: Path, store: Path) -> "subprocess.Popen[str]":
    settings = [part for setting in LONGER for part in ("--set", setting)]
    return subprocess.Popen(
        [sys.executable, "-m", "flows.commands.cli", "run", str(data / "tiny.yaml"), "--data", str(data),
         "--store", str(store), "--device", "cpu", "--checkpoint-minutes", "0", *settings],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )  # fmt: skip


def finish(process: "subprocess.Popen[str]") -> str:
    output, _ = process.communicate(timeout=300)
    assert process.returncode == 0, output
    return output


def digests(store: Path) -> dict[str, str]:
    return {f"{m.kind}/{m.key}": m.digest for m in Store(store).manifests()}


def visible_and_whole(store: Path) -> None:
    """Every folder outside the hidden ones is a complete artifact, or the record of a run."""
    opened = Store(store)
    assert [str(finding) for finding in verify(opened)] == []
    whole = {"run": "run.json"}
    assert not [p for p in store.glob("[a-z]*/*") if not (p / whole.get(p.parent.name, "manifest.json")).is_file()]


@pytest.fixture(scope="module")
def undisturbed(data: Path, tmp_path_factory: pytest.TempPathFactory, server: str) -> tuple[dict[str, str], float]:
    """The digests of an undisturbed run, and how long it took."""
    store = tmp_path_factory.mktemp("undisturbed") / "store"
    began = time.monotonic()
    finish(start(data, store))
    return digests(store), time.monotonic() - began


def test_runs_killed_at_random_moments_end_with_the_digests_of_an_undisturbed_one(
    data: Path, tmp_path: Path, undisturbed: tuple[dict[str, str], float]
) -> None:
    expected, seconds = undisturbed
    moments = random.Random(20)
    store = tmp_path / "store"
    kills = 0
    while kills < KILLS:
        process = start(data, store)
        try:
            process.wait(timeout=moments.uniform(0.1, 0.6) * seconds)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            kills += 1
            if store.exists():
                visible_and_whole(store)
                found = digests(store)
                assert {name: expected.get(name) for name in found} == found
            continue
        assert process.returncode == 0, process.communicate()[0]
        process.communicate()
        assert digests(store) == expected
        shutil.rmtree(store)
    finish(start(data, store))
    assert digests(store) == expected
    visible_and_whole(store)


def test_two_runs_started_together_compute_each_step_once(
    data: Path, tmp_path: Path, undisturbed: tuple[dict[str, str], float]
) -> None:
    expected, _ = undisturbed
    outputs = [finish(process) for process in [start(data, tmp_path / "store") for _ in range(2)]]
    assert digests(tmp_path / "store") == expected
    ran = [int(re.search(r"(\d+) ran", output).group(1)) for output in outputs]  # type: ignore[union-attr]
    assert sum(ran) == len(expected)
