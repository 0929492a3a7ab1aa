"""Keep freed memory in the process, on Linux with glibc."""

import ctypes
import os
import sys

# mallopt's parameters, from glibc's malloc.h
_TRIM_THRESHOLD, _MMAP_MAX, _ARENA_MAX = -1, -4, -8
_LARGEST_INT = 2**31 - 1
_OWN_CHOICE = ("LD_PRELOAD", "GLIBC_TUNABLES", "MALLOC_MMAP_MAX_", "MALLOC_MMAP_THRESHOLD_", "MALLOC_TRIM_THRESHOLD_")


def keep_freed_memory() -> bool:
    """Tells glibc to keep blocks that are freed for the next tensors.

    By default blocks of more than 32 MiB, and what is free at the heap's end, go back to the system at once, to be
    zeroed page by page when they are wanted again, some milliseconds later: a quarter to a third of the time of a
    training on the CPU. Now up to 2 GiB stay. No value changes.

    Returns:
        whether it was done: not where there is no glibc, and not where the user has chosen an allocator or its settings
        (`LD_PRELOAD`, `GLIBC_TUNABLES`, `MALLOC_...`).
    """
    if sys.platform != "linux" or any(name in os.environ for name in _OWN_CHOICE):
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:
        return False
    # One arena: autograd's thread frees what the main thread allocated, and the other way round.
    settings = {_MMAP_MAX: 0, _TRIM_THRESHOLD: _LARGEST_INT, _ARENA_MAX: 1}
    return all([mallopt(parameter, value) == 1 for parameter, value in settings.items()])
