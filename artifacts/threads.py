"""How many threads compute, and how they wait for each other.

Libraries read these variables once, when they are loaded: this module loads none of them, and every way of starting
imports `flows/__init__.py` before it loads one.
"""

import math
import os
import sys
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from pathlib import Path

# Threads that spin at the end of a parallel loop keep the one they wait for off its core as soon as other processes
# want cores, too; threads that sleep cost a few microseconds a loop. The second is for Intel's OpenMP.
_WAITING = {"OMP_WAIT_POLICY": "PASSIVE", "KMP_BLOCKTIME": "0"}
_COUNT = "OMP_NUM_THREADS"


def prepare(environment: MutableMapping[str, str] = os.environ, groups: Path = Path("/sys/fs/cgroup")) -> None:
    """Sets how threads wait and, where a container may use fewer cores than it sees, how many there are.

    What the user has set stays. Processes started later inherit it.
    """
    for name, value in _WAITING.items():
        environment.setdefault(name, value)
    quota = cores_by_quota(groups)
    if quota is not None and quota < len(os.sched_getaffinity(0)):
        environment.setdefault(_COUNT, str(quota))


def cores_by_quota(groups: Path) -> int | None:
    """Cores, rounded up, whose time the control group may use; None without a limit. OpenMP looks at affinity alone."""
    for name in ("cpu.max", "cpu/cpu.cfs_quota_us"):
        try:
            words = (groups / name).read_text(encoding="ascii").split()
            if name != "cpu.max":
                words += (groups / "cpu/cpu.cfs_period_us").read_text(encoding="ascii").split()
        except OSError:
            continue
        quota, period = words
        return None if quota in ("max", "-1") else max(1, math.ceil(int(quota) / int(period)))
    return None


def thread_count() -> int | None:
    """Threads that torch computes on, which the others follow; None while it is not loaded."""
    torch = sys.modules.get("torch")
    return None if torch is None else int(torch.get_num_threads())


@contextmanager
def threads(count: int | None) -> Iterator[None]:
    """Inside, torch, numpy and what is loaded there compute on `count` threads; None leaves all as it is."""
    if count is None:
        yield
        return
    from threadpoolctl import threadpool_limits

    torch = sys.modules.get("torch")
    before = os.environ.get(_COUNT), thread_count()
    os.environ[_COUNT] = str(count)  # For what is loaded later, and for processes.
    with threadpool_limits(count):
        try:
            if torch is not None:
                torch.set_num_threads(count)
            yield
        finally:
            if torch is not None:
                torch.set_num_threads(before[1])
            if before[0] is None:
                del os.environ[_COUNT]
            else:
                os.environ[_COUNT] = before[0]
