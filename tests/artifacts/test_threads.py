"""How many threads compute and how they wait: settings that count only before the libraries are loaded."""

import os
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import torch
from threadpoolctl import threadpool_info

from artifacts.catalog import CHANGE
from artifacts.runtime import Runtime, running
from artifacts.step import Job, step
from artifacts.store import Store
from artifacts.threads import cores_by_quota, prepare, threads


def quota(groups: Path, **files: str) -> Path:
    for name, text in files.items():
        path = groups / name.replace("__", "/").replace("_dot_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="ascii")
    return groups


def test_threads_wait_asleep_unless_the_user_says_otherwise(tmp_path: Path) -> None:
    environment: dict[str, str] = {}
    prepare(environment, tmp_path)
    assert environment == {"OMP_WAIT_POLICY": "PASSIVE", "KMP_BLOCKTIME": "0"}
    environment = {"OMP_WAIT_POLICY": "ACTIVE", "KMP_BLOCKTIME": "200"}
    prepare(environment, tmp_path)
    assert environment == {"OMP_WAIT_POLICY": "ACTIVE", "KMP_BLOCKTIME": "200"}


def test_a_container_that_may_use_fewer_cores_than_it_sees_computes_on_fewer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: set(range(8)))
    environment: dict[str, str] = {}
    prepare(environment, quota(tmp_path, cpu_dot_max="250000 100000\n"))
    assert environment["OMP_NUM_THREADS"] == "3"  # 2.5 cores, rounded up.
    environment = {"OMP_NUM_THREADS": "6"}
    prepare(environment, tmp_path)
    assert environment["OMP_NUM_THREADS"] == "6"
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
