"""The two errors that reach a user."""


class InputError(ValueError):
    """Something the user gave cannot be used: a file, a setting, a checkpoint.

    The message says what, where, what was found, what was expected, and the next step. The command line prints
    it without a traceback and ends with exit code 2.
    """


class StoreError(RuntimeError):
    """The store is not as it should be: an artifact is gone, changed, or written by a newer Crosstag."""
