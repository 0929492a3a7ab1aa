"""How many threads compute and how they wait: settings that count only before the libraries are loaded."""

import os
import subprocess
import sys
import time
from collections import namedtuple
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import psutil
import pyarrow as pa
import pytest
import torch
from threadpoolctl import threadpool_info

from artifacts import free_cores
from artifacts.catalog import CHANGE
from artifacts.free_cores import FreeCores, used_by_others
from artifacts.runtime import Runtime, running
from artifacts.step import Job, step
from artifacts.store import Store
from artifacts.threads import cores_by_quota, give_back, prepare, set_by_user, threads


def quota(groups: Path, **files: str) -> Path:
    for name, text in files.items():
        path = groups / name.replace("__", "/").replace("_dot_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="ascii")
    return groups


def test_threads_fall_asleep_soon_unless_the_user_says_otherwise(tmp_path: Path) -> None:
    environment: dict[str, str] = {}
    prepare(environment, tmp_path)
    assert environment == {"GOMP_SPINCOUNT": "10000", "KMP_BLOCKTIME": "1"}
    environment = {"GOMP_SPINCOUNT": "0", "KMP_BLOCKTIME": "200"}
    prepare(environment, tmp_path)
    assert environment == {"GOMP_SPINCOUNT": "0", "KMP_BLOCKTIME": "200"}


def test_a_container_that_may_use_fewer_cores_than_it_sees_computes_on_fewer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: set(range(8)))
    environment: dict[str, str] = {}
    prepare(environment, quota(tmp_path, cpu_dot_max="250000 100000\n"))
    assert environment["OMP_NUM_THREADS"] == "3"  # 2.5 cores, rounded up.
    assert set_by_user(environment) is False
    environment = {"OMP_NUM_THREADS": "6"}
    prepare(environment, tmp_path)
    assert environment["OMP_NUM_THREADS"] == "6"
    assert set_by_user(environment) is True
    assert set_by_user({}) is False
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: {0, 1})
    environment = {}
    prepare(environment, tmp_path)
    assert "OMP_NUM_THREADS" not in environment


@pytest.mark.parametrize(
    ("files", "cores"),
    [
        ({"cpu_dot_max": "max 100000\n"}, None),
        ({"cpu_dot_max": "50000 100000\n"}, 1),
        ({"cpu__cpu_dot_cfs_quota_us": "400000\n", "cpu__cpu_dot_cfs_period_us": "100000\n"}, 4),
        ({"cpu__cpu_dot_cfs_quota_us": "-1\n", "cpu__cpu_dot_cfs_period_us": "100000\n"}, None),
        ({}, None),
    ],
)
def test_both_versions_of_control_groups_are_read(tmp_path: Path, files: dict[str, str], cores: int | None) -> None:
    assert cores_by_quota(quota(tmp_path, **files)) == cores


def test_inside_all_libraries_follow_one_number_and_afterwards_they_are_as_before(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    np.ones((2, 2)) @ np.ones((2, 2))  # So that numpy's library is among those that are asked.
    monkeypatch.setenv("OMP_NUM_THREADS", "5")
    before = torch.get_num_threads(), {pool["filepath"]: pool["num_threads"] for pool in threadpool_info()}
    with threads(3):
        assert torch.get_num_threads() == 3
        assert {pool["num_threads"] for pool in threadpool_info()} == {3}
        assert os.environ["OMP_NUM_THREADS"] == "3"
    assert os.environ["OMP_NUM_THREADS"] == "5"
    assert (torch.get_num_threads(), {p["filepath"]: p["num_threads"] for p in threadpool_info()}) == before
    monkeypatch.delenv("OMP_NUM_THREADS")
    with threads(3):
        pass
    assert "OMP_NUM_THREADS" not in os.environ
    with threads(None):
        assert torch.get_num_threads() == before[0]


@step(CHANGE)
def count_threads(job: Job) -> None:
    """Writes down on how many threads it computes."""
    job.write(pa.table({"words": [torch.get_num_threads()], "changed": [0], "share": [0.0]}))


def test_a_step_computes_on_the_threads_of_the_runtime_and_its_manifest_says_so(store: Store) -> None:
    runtime = Runtime(store=str(store.root), device="cpu", threads=3)
    store.create()
    with running(runtime):
        reference = count_threads.compute(store, runtime, {}, label="", in_flow=False)
    assert store.table(reference)["words"].to_pylist() == [3]
    assert store.require(reference).environment["threads"] == "3"


def test_what_is_loaded_inside_computes_on_the_usual_number_afterwards(tmp_path: Path) -> None:
    # torch is loaded while OMP_NUM_THREADS says 1; afterwards it must not stay there.
    script = (
        "from artifacts.threads import most_threads, threads\n"
        "with threads(1):\n    import torch\n    assert torch.get_num_threads() == 1\n"
        "assert torch.get_num_threads() == most_threads(), torch.get_num_threads()\n"
    )
    unset = {name: text for name, text in os.environ.items() if name != "OMP_NUM_THREADS"}
    subprocess.run([sys.executable, "-c", script], env=unset, check=True, cwd=Path(__file__).parents[2])


def beside(monkeypatch: pytest.MonkeyPatch, *others: float) -> FreeCores:
    """Four cores, of which others are seen to use so many, look by look."""
    looks = iter(others)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setattr(free_cores, "used_by_others", lambda seconds: next(looks))
    monkeypatch.setattr(free_cores, "own_cores", lambda: {0, 1, 2, 3})
    monkeypatch.setattr(free_cores, "most_threads", lambda: 4)
    monkeypatch.setattr(free_cores, "_HOLDS", 0.0)
    return FreeCores()


@pytest.mark.parametrize(
    ("looks", "threads_left"),
    [
        ([0.0], 4),
        ([0.7], 4),  # Less than nearly a core is nobody's.
        ([0.8, 0.8], 3),
        ([1.9, 1.8], 2),
        ([3.0, 0.2], 4),  # A moment's work.
        ([4.0, 4.0], 1),
        ([9.0, 9.0], 1),
    ],
)
def test_cores_that_others_keep_busy_are_left_to_them(
    monkeypatch: pytest.MonkeyPatch, looks: list[float], threads_left: int
) -> None:
    assert beside(monkeypatch, *looks).threads() == threads_left


def test_the_log_hears_of_every_change_and_of_nothing_else(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    free = beside(monkeypatch, 0.0, 2.0, 2.0, 2.0, 2.0, 0.0)
    with caplog.at_level("INFO"):
        assert [free.threads() for _ in range(4)] == [4, 2, 2, 4]
    assert [record.getMessage().split(";")[0] for record in caplog.records] == [
        "other processes keep 2.0 of 4 cores busy: the next steps compute on 2 of at most 4 threads",
        "other processes keep 0.0 of 4 cores busy: the next steps compute on 4 of at most 4 threads",
    ]


def test_a_number_that_the_user_set_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    free = beside(monkeypatch)  # Nobody looks.
    monkeypatch.setenv("OMP_NUM_THREADS", "4")
    assert free.threads() is None


def test_strangers_count_and_children_and_other_cores_do_not(monkeypatch: pytest.MonkeyPatch) -> None:
    # On the cores 0 and 1 all processes used 3 + 4 seconds of two, this process 1 and its child 2: strangers used 4.
    Core = namedtuple("Core", "user nice system")
    looks = iter([[Core(10, 0, 0), Core(0, 0, 0), Core(0, 0, 0)], [Core(12, 1, 0), Core(3, 0, 1), Core(90, 0, 9)]])
    child = SimpleNamespace(cpu_times=iter([(5.0, 0.0), (6.0, 1.0)]).__next__)
    own = iter([(1.0, 1.0), (1.5, 1.5)])
    this = SimpleNamespace(cpu_times=own.__next__, children=lambda recursive: [child])
    clock = iter([100.0, 102.0])
    monkeypatch.setattr(psutil, "cpu_times", lambda percpu: next(looks))
    monkeypatch.setattr(psutil, "Process", lambda: this)
    monkeypatch.setattr(free_cores, "own_cores", lambda: {0, 1})
    monkeypatch.setattr(free_cores, "time", SimpleNamespace(monotonic=clock.__next__, sleep=lambda seconds: None))
    assert used_by_others(2.0) == pytest.approx(2.0)


def test_dropped_files_are_made_again_on_the_threads_of_before(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    store.create()
    with running(Runtime(store=str(store.root), device="cpu", threads=3)) as run:
        reference = count_threads.compute(store, run.next_runtime("change", "no"), {}, label="", in_flow=False)
    store.drop_files(reference.kind, reference.key)
    with running(Runtime(store=str(store.root), device="cpu")) as run:
        monkeypatch.setattr(run.free_cores, "threads", lambda: 1)
        assert run.next_runtime(reference.kind, reference.key).threads == 3
        assert run.next_runtime(reference.kind, "another").threads == 1


def test_threads_that_are_given_back_are_gone_and_come_again() -> None:
    def compute() -> int:
        torch.nn.functional.gelu(torch.ones(400_000))
        return psutil.Process().num_threads()

    with threads(4):
        computing = compute()
        give_back()
        deadline = time.monotonic() + 20
        while psutil.Process().num_threads() > computing - 3 and time.monotonic() < deadline:
            time.sleep(0.01)
        without = psutil.Process().num_threads()
        assert without <= computing - 3
        assert compute() >= without + 3
