"""Freed memory stays in the process: the next tensor takes no new pages."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

_ROOT = Path(__file__).parents[2]
_BLOCKS = """
import resource
import sys
import numpy as np
from artifacts.runtime import Runtime, running

def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt

def fill():
    np.empty(64 * 2**20, np.uint8).fill(1)

if sys.argv[1] == "running":
    with running(Runtime(store=sys.argv[2])):
        pass
fill()
before = faults()
for _ in range(5):
    fill()
print(faults() - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="glibc's malloc")
def test_a_run_keeps_freed_blocks(tmp_path: Path) -> None:
    # 64 MiB are 16,384 pages of 4 KiB, or 32 of 2 MiB.
    assert _page_faults("running", tmp_path) < 16


@pytest.mark.skipif(sys.platform != "linux", reason="glibc's malloc")
def test_the_users_own_settings_stay(tmp_path: Path) -> None:
    assert _page_faults("running", tmp_path, MALLOC_MMAP_THRESHOLD_="131072") >= 5 * 32
    assert _page_faults("plain", tmp_path) >= 5 * 32


def _page_faults(how: str, folder: Path, **settings: str) -> int:
    chosen = ("GLIBC_TUNABLES", "MALLOC_", "LD_PRELOAD")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(chosen)}
    result = subprocess.run(
        [sys.executable, "-c", _BLOCKS, how, str(folder)],
        cwd=_ROOT,
        env={**environment, "PYTHONPATH": str(_ROOT), **settings},
        capture_output=True,
        text=True,
        check=True,
    )
    return int(result.stdout)
