"""The Prefect server of a run that has none."""

import os
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from flows.commands.server import start_server, wait_for

pytestmark = pytest.mark.server
ROOT = Path(__file__).parents[3]
RUN = """
import os, signal, sys
from flows.commands.server import start_server

if __name__ == "__main__":
    start_server()()
    signal.signal(signal.SIGINT, lambda *_: print("asked to stop", flush=True))
    print(os.environ["PREFECT_API_URL"], flush=True)
    sys.stdin.read()
"""


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/health", timeout=10) as answer:
            return answer.status == 200
    except OSError:
        return False


def test_the_server_answers_and_ends_with_its_run_even_if_that_is_killed(tmp_path: Path) -> None:
    (tmp_path / "run.py").write_text(RUN, encoding="utf-8")
    environment = {**os.environ, "PREFECT_HOME": str(tmp_path), "PYTHONPATH": str(ROOT)}
    environment.pop("PREFECT_API_URL", None)
    run = subprocess.Popen(
        [sys.executable, tmp_path / "run.py"], env=environment, start_new_session=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert run.stdout is not None
    url = run.stdout.readline().strip()
    assert answers(url)
    os.killpg(run.pid, signal.SIGINT)
    assert run.stdout.readline() == "asked to stop\n"
    time.sleep(1)
    assert answers(url), "a ctrl-c is for the run, not for its server"
    run.send_signal(signal.SIGKILL)
    run.wait()
    deadline = time.monotonic() + 60
    while answers(url):
        assert time.monotonic() < deadline, "the server outlived its run"
        time.sleep(0.1)


def test_a_server_that_is_named_is_taken(server: str) -> None:
    start_server()()
    assert os.environ["PREFECT_API_URL"] == server


def test_a_server_that_is_named_and_does_not_answer_is_told_before_anything_starts(tmp_path: Path) -> None:
    away = "http://127.0.0.1:9/api"
    done = subprocess.run(
        [sys.executable, "-m", "flows.commands.cli", "run", "configs/quickstart.yaml", "--store", str(tmp_path / "s")],
        env={**os.environ, "PREFECT_HOME": str(tmp_path), "PREFECT_API_URL": away},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2 and done.stdout == "" and not (tmp_path / "s").exists()
    assert done.stderr.startswith(f"error: no Prefect server answers at {away}, which PREFECT_API_URL names; start it")


def test_a_server_that_ends_or_does_not_answer_is_told() -> None:
    nowhere = "http://127.0.0.1:9/api"
    with pytest.raises(SystemExit, match=r"127\.0\.0\.1:9/api ended; is its port taken"):
        wait_for(nowhere, lambda: False, 60)
    with pytest.raises(SystemExit, match="did not answer within 0 s"):
        wait_for(nowhere, lambda: True, 0)
