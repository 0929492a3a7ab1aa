"""Runs of the toy flow in processes of their own: their end, and what they say that became of each step."""

import json
import os
import signal
import subprocess
from pathlib import Path

from toy import Toy

SECONDS = 120


def end(process: subprocess.Popen[bytes]) -> int:
    """Waits for the process, then kills what is left of its group."""
    try:
        return process.wait(timeout=SECONDS)
    finally:
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass


def outcomes_file(toy: Toy, name: str) -> Path:
    """Where the child of a name leaves them."""
    return toy.project / f"outcomes-{name}.json"


def outcomes(toy: Toy, name: str = "a") -> list[list[str]]:
    """Those of a child that has ended."""
    found: list[list[str]] = json.loads(outcomes_file(toy, name).read_text())
    return found
