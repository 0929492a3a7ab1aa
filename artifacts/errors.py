"""The errors that reach a user, and one that the machine has."""

import errno
import os


class InputError(ValueError):
    """Something the user gave cannot be used: a file, a setting, a checkpoint.

    The message says what, where, what was found, what was expected, and the next step. The command line prints
    it without a traceback and ends with exit code 2.
    """


class StoreError(RuntimeError):
    """The store is not as it should be: an artifact is gone, changed, or written by a newer Crosstag."""


class RunsFailed(RuntimeError):
    """Some of many runs failed; the message names each with its error, and how to run it alone."""


def is_disk_full(error: BaseException | None) -> bool:
    """Whether an error, or what caused it, is a full disk; safetensors and torch say so in words only."""
    while error is not None:
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            return True
        if os.strerror(errno.ENOSPC) in str(error):
            return True
        error = error.__cause__ or error.__context__
    return False
