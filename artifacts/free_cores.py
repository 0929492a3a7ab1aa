"""How many threads to compute on beside other processes, where nobody set a number."""

import logging
import time
from typing import Any

from prefect import get_run_logger
from prefect.exceptions import MissingContextError

from artifacts.threads import most_threads, own_cores, set_by_user

# A look takes a tenth of a second, too long for every short step.
_LOOK, _LOOK_AGAIN, _HOLDS = 0.1, 0.4, 5.0
_NEARLY_ONE = 0.75


class FreeCores:
    """The cores that other processes leave free; one for each run, which its log hears of at every change.

    Two threads of which one waits for a core are slower than one. What others do for a moment or on a part of a core
    takes nothing away, so that on a quiet machine the number is the same each time, and with it the last bits of what
    is computed.
    """

    def __init__(self) -> None:
        """Nothing has been looked at yet."""
        self._threads: int | None = None
        self._looked = 0.0

    def threads(self) -> int | None:
        """Threads for the next step, at least 1; None where OMP_NUM_THREADS says it."""
        if set_by_user():
            return None
        if self._threads is None or time.monotonic() - self._looked > _HOLDS:
            self._look()
        return self._threads

    def _look(self) -> None:
        others = used_by_others(_LOOK)
        if others >= _NEARLY_ONE:
            others = min(others, used_by_others(_LOOK_AGAIN))
        most, cores = most_threads(), len(own_cores())
        threads = max(1, min(most, cores - int(others + 1 - _NEARLY_ONE)))
        if threads != (self._threads or most):
            _logger().info(
                "other processes keep %.1f of %d cores busy: the next steps compute on %d of at most %d threads; "
                "--threads sets a number", others, cores, threads, most,
            )  # fmt: skip
        self._threads, self._looked = threads, time.monotonic()


def _logger() -> Any:
    try:
        return get_run_logger()
    except MissingContextError:
        return logging.getLogger(__name__)


def used_by_others(seconds: float) -> float:
    """Cores, of those that this process may run on, in use by processes that are neither it nor its children.

    Args:
        seconds: how long to look; the caller sleeps.
    """
    import psutil

    def used() -> float:
        cores = own_cores()
        times = [core for number, core in enumerate(psutil.cpu_times(percpu=True)) if number in cores]
        everything = sum(core.user + core.system + getattr(core, "nice", 0.0) for core in times)
        this, own = psutil.Process(), 0.0
        for process in (this, *this.children(recursive=True)):
            try:
                own += sum(process.cpu_times()[:2])
            except psutil.Error:  # It has ended.
                continue
        return everything - own

    before, started = used(), time.monotonic()
    time.sleep(seconds)
    return max(0.0, used() - before) / (time.monotonic() - started)
