"""Child processes: fresh, waited for, and gone when their parent is."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from artifacts.child import in_new_process
from artifacts.errors import InputError

PARENT = """
import time
from pathlib import Path
from artifacts.child import in_new_process
from test_child import write_and_wait

if __name__ == "__main__":
    in_new_process(write_and_wait, Path({path!r}))
"""


def write_pid(path: Path, *, text: str) -> None:
    path.write_text(f"{os.getpid()} {text}")


def fail(path: Path) -> None:
    raise ValueError(f"nothing for {path}")


def refuse(path: Path) -> None:
    raise InputError(f"{path}: no corpus")


def write_and_wait(path: Path) -> None:
    path.with_suffix(".new").write_text(str(os.getpid()))
    path.with_suffix(".new").rename(path)
    time.sleep(600)


def test_a_function_runs_in_a_process_of_its_own_before_the_call_returns(tmp_path: Path) -> None:
    in_new_process(write_pid, tmp_path / "pid", text="given by name")
    pid, text = (tmp_path / "pid").read_text().split(maxsplit=1)
    assert int(pid) != os.getpid() and text == "given by name"
    assert not psutil.pid_exists(int(pid))


def test_a_failure_in_the_process_is_one_of_the_caller(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(RuntimeError, match="fail: its process ended with exit code 1"):
        in_new_process(fail, tmp_path)
    assert f"nothing for {tmp_path}" in capfd.readouterr().err


def test_an_error_of_the_users_is_told_to_the_caller_as_it_is(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(InputError, match=f"{tmp_path}: no corpus"):
        in_new_process(refuse, tmp_path)
    assert "Traceback" not in capfd.readouterr().err


def test_the_process_ends_when_its_parent_is_killed(tmp_path: Path) -> None:
    script, pid_file = tmp_path / "parent.py", tmp_path / "pid"
    script.write_text(PARENT.format(path=str(pid_file)))
    root = Path(__file__).parents[2]
    paths = os.pathsep.join([str(root), str(Path(__file__).parent)])
    parent = subprocess.Popen([sys.executable, str(script)], env={**os.environ, "PYTHONPATH": paths})
    try:
        child = int(waited_for(pid_file))
    finally:
        parent.send_signal(signal.SIGKILL)
        parent.wait()
    deadline = time.monotonic() + 30
    while psutil.pid_exists(child) and psutil.Process(child).status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < deadline, "the child lives on"
        time.sleep(0.05)


def waited_for(path: Path) -> str:
    deadline = time.monotonic() + 60
    while not path.exists():
        assert time.monotonic() < deadline, "the child never started"
        time.sleep(0.05)
    return path.read_text()
