"""How much memory a step takes."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

_RESET_PEAK = "5"  # Of /proc/PID/clear_refs; see proc(5).


@dataclass
class Peak:
    """The most memory that this process had at once, in bytes; None where it cannot be told.

    Processes that a step starts are not counted.
    """

    resident: int | None = None
    gpu: int | None = None


@contextmanager
def peak_memory() -> Iterator[Peak]:
    """Measures what is inside; the peak is filled in at the end."""
    peak = Peak()
    can_reset = _reset()
    yield peak
    peak.resident = _resident_peak() if can_reset else None
    peak.gpu = _gpu_peak()


def _reset() -> bool:
    """Begins a new peak; only Linux can, for the process' own memory."""
    cuda = _cuda()
    if cuda is not None:
        cuda.reset_peak_memory_stats()
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text(_RESET_PEAK)
        return True
    return False


def _resident_peak() -> int | None:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    return None


def _gpu_peak() -> int | None:
    cuda = _cuda()
    return None if cuda is None else int(cuda.max_memory_allocated())


def _cuda():  # type: ignore[no-untyped-def]
    """torch.cuda, if a step has used it; asking must not wake a GPU."""
    torch = sys.modules.get("torch")
    return torch.cuda if torch is not None and torch.cuda.is_initialized() else None
