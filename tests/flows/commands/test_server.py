"""The Prefect server of a run that has none."""

import os
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

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
    evil = {"Origin": "https://evil.example", "Content-Type": "application/json"}
    with pytest.raises(urllib.error.HTTPError) as refused:  # A page that is open in a browser of this machine.
        urllib.request.urlopen(urllib.request.Request(f"{url}/flows/filter", b"{}", evil), timeout=60)
    assert refused.value.code == 403 and "Missing CSRF token" in refused.value.read().decode()
    with urllib.request.urlopen(urllib.request.Request(f"{url}/csrf-token?client=x", headers=evil), timeout=60) as told:
        assert "access-control-allow-origin" not in {*map(str.lower, (*told.headers, *refused.value.headers))}
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


def test_two_that_begin_together_in_a_new_home_both_answer(tmp_path: Path) -> None:
    (tmp_path / "run.py").write_text(RUN, encoding="utf-8")
    environment = {**os.environ, "PREFECT_HOME": str(tmp_path / "new"), "PYTHONPATH": str(ROOT)}
    environment.pop("PREFECT_API_URL", None)
    runs = [
        subprocess.Popen(
            [sys.executable, tmp_path / "run.py"], env=environment,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        for _ in range(2)
    ]  # fmt: skip
    for run in runs:
        assert run.stdout is not None and run.stderr is not None
        url = run.stdout.readline().strip()
        assert url and answers(url), run.stderr.read()
    assert [run.communicate("")[1] for run in runs] == ["", ""]


def test_a_server_that_is_named_is_taken(server: str) -> None:
    start_server()()
    assert os.environ["PREFECT_API_URL"] == server


def run_quickstart(folder: Path, url: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "flows.commands.cli", "run", "configs/quickstart.yaml", "--store", str(folder / "s")],
        env={**os.environ, "PREFECT_HOME": str(folder), "PREFECT_API_URL": url},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_server_that_is_named_and_does_not_answer_is_told_before_anything_starts(tmp_path: Path) -> None:
    away = "http://127.0.0.1:9/api"
    done = run_quickstart(tmp_path, away)
    assert done.returncode == 2 and done.stdout == "" and not (tmp_path / "s").exists()
    assert done.stderr.startswith(f"error: no Prefect server answers at {away}, which PREFECT_API_URL names; start it")


class Guarded(BaseHTTPRequestHandler):
    """As a server of Prefect's with a password: whether it is healthy, it tells everybody."""

    def do_GET(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(200 if self.path == "/api/health" else 401)
        self.send_header("Content-Length", "4")
        self.end_headers()
        self.wfile.write(b"true")

    do_POST = do_GET

    def log_message(self, *args: Any) -> None: ...


def test_a_server_that_wants_a_password_is_told_before_anything_starts(tmp_path: Path) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), Guarded) as guarded:
        threading.Thread(target=guarded.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{guarded.server_port}/api"
        done = run_quickstart(tmp_path, url)
        guarded.shutdown()
    assert done.returncode == 2 and done.stdout == "" and not (tmp_path / "s").exists()
    assert done.stderr.startswith(f"error: the Prefect server at {url} wants a password; set PREFECT_API_AUTH_STRING")


def test_a_server_that_ends_or_does_not_answer_is_told() -> None:
    nowhere = "http://127.0.0.1:9/api"
    with pytest.raises(SystemExit, match=r"127\.0\.0\.1:9/api ended; what it wrote above says why"):
        wait_for(nowhere, lambda: False, 60)
    with pytest.raises(SystemExit, match="did not answer within 0 s"):
        wait_for(nowhere, lambda: True, 0)
