"""A Prefect server, a worker and the deployments of prefect.yaml, on one machine: `make up`.

python -m flows.commands.up [--port 4200]
"""

import argparse
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

_START_SECONDS = 90.0
_POOL = "crosstag"


def main(arguments: list[str] | None = None) -> int:
    """Starts everything and stays until ctrl-c; whatever ends, the rest is stopped too."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=4200, help="port of the server (default 4200)")
    port = parser.parse_args(arguments).port
    url = f"http://127.0.0.1:{port}"
    os.environ.update(
        PREFECT_API_URL=f"{url}/api",
        PREFECT_SERVER_UI_API_URL=f"{url}/api",
        PREFECT_SERVER_ANALYTICS_ENABLED="false",
        CROSSTAG_ROOT=os.getcwd(),
    )
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        with _process("server", "server", "start", "--host", "127.0.0.1", "--port", str(port)) as server:
            _wait_for(f"{url}/api/health", server)
            _prefect("--no-prompt", "work-pool", "create", _POOL, "--type", "process", "--overwrite")
            _prefect("--no-prompt", "deploy", "--all")
            with _process("worker", "worker", "start", "--pool", _POOL, "--limit", "1") as worker:
                print(f"\nThe Prefect UI is at {url} (deployments: {url}/deployments). Stop with ctrl-c.", flush=True)
                while server.poll() is None and worker.poll() is None:
                    time.sleep(0.5)
    except KeyboardInterrupt:
        return 0
    return 1


@contextmanager
def _process(name: str, *arguments: str) -> Iterator["subprocess.Popen[bytes]"]:
    """A prefect command in a process group of its own, stopped as a group at the end."""
    process = subprocess.Popen([sys.executable, "-m", "prefect", *arguments], start_new_session=True)
    try:
        yield process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGTERM)
            try:
                process.wait(timeout=15)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
        print(f"{name} stopped", flush=True)


def _prefect(*arguments: str) -> None:
    subprocess.run([sys.executable, "-m", "prefect", *arguments], check=True)


def _wait_for(url: str, server: "subprocess.Popen[bytes]") -> None:
    """Returns when the server answers.

    Raises:
        SystemExit: if it ends, or does not answer in time.
    """
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and server.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.3)
    raise SystemExit(f"the Prefect server did not answer at {url}; is the port taken? Name another: --port 4201")


if __name__ == "__main__":
    sys.exit(main())
