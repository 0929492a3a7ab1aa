"""The log of a run tells what a person can mend once, in words, and without a traceback."""

import logging

from artifacts.errors import InputError, RunsFailed, StoreError, is_disk_full

_LOGGERS = ("prefect.flow_runs", "prefect.task_runs", "prefect.transactions")


class PlainErrors(logging.Filter):
    """Takes tracebacks from records of our own errors and of a full disk; what was told is not told again.

    Prefect tells an error four times: by the task and by the flow, when it comes and in the state that each ends in.
    """

    def __init__(self) -> None:
        super().__init__()
        self._told = ""

    def forget(self) -> None:
        """From now on an error that was told is told again: by another run."""
        self._told = ""

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether a record is to be logged; changes it."""
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, InputError | StoreError | RunsFailed):
            record.exc_info = None
            if str(error) == self._told:
                return False
            self._told = str(error)
            record.msg, record.args = "%s", (self._told,)
        elif is_disk_full(error):
            record.exc_info = None
            record.msg, record.args = "%s: %s", (record.getMessage(), error)
        elif self._told and self._told in record.getMessage():
            record.msg, record.args = "%s", (record.getMessage().replace(self._told, "see above"),)
        return True


def tell_plainly() -> None:
    """Filters the logs of all runs of this process; called as one begins."""
    _FILTER.forget()
    for name in _LOGGERS:
        logging.getLogger(name).addFilter(_FILTER)


_FILTER = PlainErrors()
