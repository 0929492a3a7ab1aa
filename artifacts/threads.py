"""How many threads compute, and how they wait for each other.

Libraries read these variables once, when they are loaded: this module loads none of them, and every way of starting
imports `flows/__init__.py` before it loads one.
"""

import ctypes
import math
import os
import sys
from collections.abc import Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from pathlib import Path

# Threads that spin at the end of a parallel loop keep the one they wait for off its core as soon as other processes
# want cores, too. Threads that sleep at once are woken a thousand times an update, which made some updates half as long
# again. So they spin for a fraction of a millisecond, then sleep. The second is for Intel's OpenMP, in milliseconds.
_WAITING = {"GOMP_SPINCOUNT": "10000", "KMP_BLOCKTIME": "1"}
_COUNT = "OMP_NUM_THREADS"
_BY_QUOTA = "CROSSTAG_THREADS_BY_QUOTA"  # Ours, to tell our number from the user's; processes inherit it.
_SOFT = 1  # What OpenMP calls a pause after which all is as before.
_GROUPS = Path("/sys/fs/cgroup")


def prepare(environment: MutableMapping[str, str] = os.environ, groups: Path = _GROUPS) -> None:
    """Sets how threads wait and, where a container may use fewer cores than it sees, how many there are.

    What the user has set stays. Processes started later inherit it.
    """
    for name, value in _WAITING.items():
        environment.setdefault(name, value)
    quota = cores_by_quota(groups)
    if quota is not None and quota < len(own_cores()) and _COUNT not in environment:
        environment[_COUNT] = environment[_BY_QUOTA] = str(quota)


def most_threads() -> int:
    """Threads that compute where nobody set a number and nothing else runs."""
    quota = cores_by_quota()
    return len(own_cores()) if quota is None else min(len(own_cores()), quota)


def set_by_user(environment: Mapping[str, str] = os.environ) -> bool:
    """Whether OMP_NUM_THREADS was set, and not by us."""
    return environment.get(_COUNT) != environment.get(_BY_QUOTA)


def own_cores() -> set[int]:
    """Numbers of the cores that this process may run on."""
    return os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set(range(os.cpu_count() or 1))


def cores_by_quota(groups: Path = _GROUPS) -> int | None:
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

    before = os.environ.get(_COUNT), thread_count()
    os.environ[_COUNT] = str(count)  # For what is loaded later, and for processes.
    with threadpool_limits(count):
        try:
            _tell_torch(count)
            yield
        finally:
            if before[0] is None:
                del os.environ[_COUNT]
            else:
                os.environ[_COUNT] = before[0]
            _tell_torch(before[1] or int(before[0] or most_threads()))  # It may have been loaded inside.


@contextmanager
def as_before() -> Iterator[None]:
    """Afterwards torch computes on as many threads as before: ctranslate2 sets its own number when it loads a model."""
    before = thread_count()
    try:
        yield
    finally:
        if before is not None:
            _tell_torch(before)


def give_back() -> None:
    """Ends the threads that OpenMP keeps for this thread until it computes again.

    It keeps some for each thread that has ever computed, and as soon as all of these are more than the cores they fall
    asleep at every wait: a training in a second thread would take half as long again.
    """
    from threadpoolctl import threadpool_info

    for library in threadpool_info():
        if library["user_api"] == "openmp":
            loaded = ctypes.CDLL(library["filepath"])
            if hasattr(loaded, "omp_pause_resource_all"):  # Since OpenMP 5.0.
                loaded.omp_pause_resource_all(_SOFT)


def _tell_torch(count: int) -> None:
    torch = sys.modules.get("torch")
    if torch is not None:
        torch.set_num_threads(count)
