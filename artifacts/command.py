"""A command of the user's that reads lines and writes as many.

What it is stands in no fingerprint of code, so whoever calls it has its version in the cache key.
"""

import os
import queue
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

_LOOK_SECONDS = 0.05
_TO_END_SECONDS = 5.0  # Between the last answer and the end of the command
_SAID_BYTES = 2000
_WAITING_LINES = 10_000  # Read and not yet taken; the rest waits in the pipe.


class CommandFailed(Exception):
    """A command did not answer all that it was asked."""


def converse(
    words: Sequence[str], folder: Path, lines: Iterator[tuple[float, bytes]], wanted: int, timeout_seconds: float
) -> Iterator[bytes]:
    """Starts a command without a shell, gives it lines, and ends it with all that it started.

    Args:
        words: program and arguments.
        folder: where it is started.
        lines: each line of its input, and before when it may not be given, by the monotonic clock.
        wanted: how many lines it is to answer; blank ones do not count.
        timeout_seconds: without an answer, while some are due, after which it is taken to hang.

    Yields:
        Its answers, as they come.

    Raises:
        CommandFailed: if it cannot be started, hangs, or ends before all are there.
    """
    with tempfile.TemporaryFile() as errors:
        pipe = subprocess.PIPE
        try:
            process = subprocess.Popen(
                words, stdin=pipe, stdout=pipe, stderr=errors, cwd=folder, start_new_session=True
            )
        except OSError as error:
            raise CommandFailed(f"it cannot be started ({error})") from error
        talk = _Talk(process, lines)
        answered, heard = 0, time.monotonic()
        try:
            while answered < wanted:
                try:
                    line = talk.answers.get(timeout=_LOOK_SECONDS)
                except queue.Empty:
                    line = b""
                if line is None:
                    raise CommandFailed(f"{_end(process)} after {answered} of {wanted} answers; {_said(errors)}")
                if line.strip():
                    answered, heard = answered + 1, time.monotonic()
                    yield line
                elif answered < talk.given and time.monotonic() - max(heard, talk.last) > timeout_seconds:
                    raise CommandFailed(f"no answer for {timeout_seconds:g} s; {_said(errors)}")
            with suppress(subprocess.TimeoutExpired):
                process.wait(_TO_END_SECONDS)
        finally:
            talk.over.set()
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


class _Talk:
    """Gives the input and takes the output of a process, each in a thread: neither waits for the other."""

    def __init__(self, process: "subprocess.Popen[bytes]", lines: Iterator[tuple[float, bytes]]) -> None:
        assert process.stdin is not None and process.stdout is not None
        self.given, self.last = 0, time.monotonic()
        self.over = threading.Event()
        self.answers: queue.Queue[bytes | None] = queue.Queue(_WAITING_LINES)
        threading.Thread(target=self._give, args=(process.stdin, lines), daemon=True).start()
        threading.Thread(target=self._take, args=(process.stdout,), daemon=True).start()

    def _give(self, stdin: IO[bytes], lines: Iterator[tuple[float, bytes]]) -> None:
        with suppress(BrokenPipeError, ValueError), stdin:  # It ended early: what it answered tells.
            for when, line in lines:
                if self.over.wait(max(0.0, when - time.monotonic())):
                    return
                stdin.write(line)
                stdin.flush()
                self.given, self.last = self.given + 1, time.monotonic()

    def _take(self, stdout: IO[bytes]) -> None:
        with stdout:
            for line in stdout:
                if not self._kept(line):
                    return
        self._kept(None)

    def _kept(self, line: bytes | None) -> bool:
        """Puts a line where it waits to be taken; false when nobody will take it any more."""
        while not self.over.is_set():
            with suppress(queue.Full):
                self.answers.put(line, timeout=_LOOK_SECONDS)
                return True
        return False


def _end(process: "subprocess.Popen[bytes]") -> str:
    """How a process whose output is at its end ended; it may have closed that, and run on."""
    try:
        return f"it ended with exit code {process.wait(_TO_END_SECONDS)}"
    except subprocess.TimeoutExpired:
        return "it closed its output"


def _said(errors: IO[bytes]) -> str:
    """The last line that a process wrote to its standard error."""
    errors.seek(0)
    lines = errors.read()[-_SAID_BYTES:].decode("utf-8", "replace").strip().splitlines()
    return f"it wrote {lines[-1]!r}" if lines else "it wrote no error"
