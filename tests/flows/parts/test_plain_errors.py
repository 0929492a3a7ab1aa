"""What the log of a run says of errors."""

import errno
import logging
import sys

import pytest

from artifacts.errors import InputError, StoreError
from flows.parts.plain_errors import PlainErrors


def logged(filter: PlainErrors, message: str, error: Exception | None = None) -> str | None:
    """A record as it comes out: its text, with the traceback if it has one; None if it is not logged."""
    told = None
    if error is not None:
        try:
            raise error
        except Exception:
            told = sys.exc_info()
    record = logging.LogRecord("prefect.task_runs", logging.ERROR, "", 0, message, (), told)
    return logging.Formatter().format(record) if filter.filter(record) else None


@pytest.mark.parametrize("kind", [InputError, StoreError])
def test_an_error_that_a_person_can_mend_is_told_once_and_in_words(kind: type[Exception]) -> None:
    log = PlainErrors()
    assert logged(log, "Task run failed", kind("de.conll, line 3: bad")) == "de.conll, line 3: bad"
    assert logged(log, "Finished in state Failed('de.conll, line 3: bad')") == "Finished in state Failed('see above')"
    assert logged(log, "Encountered exception", kind("de.conll, line 3: bad")) is None
    assert logged(log, "Task run failed", kind("de.conll, line 4: bad")) == "de.conll, line 4: bad"


def test_another_run_tells_the_same_error_again() -> None:
    log = PlainErrors()
    for _ in range(2):
        log.forget()
        assert logged(log, "Task run failed", InputError("de.conll, line 3: bad")) == "de.conll, line 3: bad"


def test_a_record_that_prefect_cannot_write_on_a_full_disk_is_told_without_a_traceback() -> None:
    text = logged(PlainErrors(), "An error while committing 'a/b'", OSError(errno.ENOSPC, "No space left on device"))
    assert text == "An error while committing 'a/b': [Errno 28] No space left on device"


def test_of_every_other_error_the_traceback_stays() -> None:
    text = logged(PlainErrors(), "Task run failed", KeyError("x"))
    assert text is not None and "Traceback" in text and text.startswith("Task run failed")
    assert logged(PlainErrors(), "Finished in state Completed()") == "Finished in state Completed()"
