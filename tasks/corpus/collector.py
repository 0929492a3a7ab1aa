"""Python's collector of cycles stands still while a corpus is read.

It looks through all containers again whenever their number has grown by a quarter, and reading makes millions, none in
a cycle: two fifths of the time to read a CSV file of a million words.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def collector_at_rest() -> Iterator[None]:
    """Inside, cycles are not collected, in the whole process; behind it they are again, if they were before."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
