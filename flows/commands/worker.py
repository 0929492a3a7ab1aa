"""A worker of Prefect's whose runs stop by themselves, and keep a checkpoint, before it ends: `crosstag worker`.

Prefect's own kills them when it is told to stop.
"""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
_RUNS_SECONDS = 30.0
_WORKER_SECONDS = 25.0
_PR_SET_PDEATHSIG = 1  # prctl(2)


def work(pool: str, limit: int | None = None, healthcheck: bool = False) -> int:
    """Makes the runs of a pool until this process is told to stop.

    Args:
        pool: whose runs.
        limit: how many at a time; None: all that wait.
        healthcheck: whether to tell at /health of Prefect's port for it that the worker polls.

    Returns:
        The exit code of Prefect's worker.

    Raises:
        SystemExit: when told to stop, after the runs and the worker have.
    """
    options = [*(() if limit is None else ("--limit", str(limit))), *(("--with-healthcheck",) if healthcheck else ())]
    return attended([sys.executable, "-m", "prefect", "worker", "start", "--pool", pool, *options])


def attended(command: Sequence[str]) -> int:
    """Runs the command of a worker; what it starts is stopped before it.

    Returns:
        Its exit code.

    Raises:
        SystemExit: when told to stop.
    """
    for asked in _SIGNALS:
        if signal.getsignal(asked) != signal.SIG_IGN:  # As nohup has it.
            signal.signal(asked, lambda *_: sys.exit(0))
    # A group of its own: a terminal's ctrl-c would reach the worker, which kills its runs, as soon as us.
    process = subprocess.Popen(command, process_group=0, preexec_fn=_ends_with_parent)
    try:
        return process.wait()
    finally:
        if process.poll() is None:
            _stop_runs(process.pid)
            process.terminate()
            process.send_signal(signal.SIGCONT)
            try:
                process.wait(_WORKER_SECONDS)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)


def _ends_with_parent() -> None:
    """Has the kernel tell this process to stop when its parent is killed."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def _stop_runs(worker: int) -> None:
    """Halts a worker, so that it takes no other run, and waits until its runs have ended with their checkpoints."""
    os.kill(worker, signal.SIGSTOP)
    lists = [path.read_text() for path in Path(f"/proc/{worker}/task").glob("*/children")]
    runs = [int(run) for text in lists for run in text.split()]
    for run in runs:
        with suppress(ProcessLookupError):
            os.kill(run, signal.SIGTERM)
    deadline = time.monotonic() + _RUNS_SECONDS
    while time.monotonic() < deadline and any(map(_goes_on, runs)):
        time.sleep(0.1)


def _goes_on(pid: int) -> bool:
    """Whether a process has not ended; one that its parent has not heard of is there as a zombie (proc(5))."""
    with suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False
