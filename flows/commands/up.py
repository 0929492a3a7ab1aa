"""A Prefect server, workers, a deployment of each configuration and the pages of the store, on one machine: `make up`.

python -m flows.commands.up [--host 127.0.0.1] [--port 4200] [--inspect-port 4280] [--data FOLDER]
"""

import argparse
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from artifacts.errors import InputError, StoreError
from artifacts.links import INSPECT_VARIABLE
from flows.commands.server import keep_pages_out, wait_for
from flows.commands.workplace import ROOT_VARIABLE

LOOPBACK = "127.0.0.1"
TOKEN_VARIABLE = "CROSSTAG_INSPECT_TOKEN"
_START_SECONDS = 300.0
_STOP_SECONDS = 60.0  # A worker lets its runs keep their checkpoints.


def main(arguments: list[str] | None = None) -> int:
    """Starts everything and stays until ctrl-c; whatever ends, the rest is stopped too."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=4200, help="port of the server (default 4200)")
    parser.add_argument("--host", default="127.0.0.1", help="address of this machine to listen at")
    parser.add_argument("--inspect-port", type=int, default=4280, help="port of the store's pages (default 4280)")
    parser.add_argument("--data", help="folder with the corpora of configurations that do not come with theirs")
    given = parser.parse_args(arguments)
    port = given.port
    url = f"http://{_in_address(given.host)}:{port}"
    os.environ.update(
        PREFECT_API_URL=f"{url}/api",
        PREFECT_SERVER_UI_API_URL=os.environ.get("PREFECT_SERVER_UI_API_URL") or f"{url}/api",
    )
    os.environ.setdefault(ROOT_VARIABLE, os.getcwd())
    keep_pages_out(url, *(f"http://{name}:{port}" for name in (LOOPBACK, "localhost")))
    if password := os.environ.get("PREFECT_SERVER_API_AUTH_STRING"):
        os.environ.setdefault("PREFECT_API_AUTH_STRING", password)
    for asked in (signal.SIGTERM, signal.SIGHUP):  # The latter when its terminal is closed.
        if signal.getsignal(asked) != signal.SIG_IGN:  # As nohup has it.
            signal.signal(asked, lambda *_: sys.exit(0))
    pages_host = given.host if os.environ.get(TOKEN_VARIABLE) else LOOPBACK
    if not os.environ.get(INSPECT_VARIABLE):
        os.environ[INSPECT_VARIABLE] = f"http://{_in_address(pages_host)}:{given.inspect_port}"
    _check_free(given.host, port, "--port")
    _check_free(pages_host, given.inspect_port, "--inspect-port")
    try:
        with ExitStack() as stack:
            server = stack.enter_context(
                _process("server", "prefect", "server", "start", "--host", given.host, "--port", str(port))
            )
            wait_for(f"{url}/api", lambda: server.poll() is None, _START_SECONDS)
            pools = _deploy(given.data)
            pages = stack.enter_context(_pages(pages_host, given.inspect_port))
            processes = [server, pages, *(stack.enter_context(_worker(pool)) for pool in pools)]
            print(f"logs of server, pages and workers: {_logs()}")
            print(f"Runs and pseudo-labels are at {os.environ[INSPECT_VARIABLE]} (`crosstag inspect`).")
            print(f"The Prefect UI is at {url} (deployments: {url}/deployments). Stop with ctrl-c.", flush=True)
            while all(process.poll() is None for process in processes):
                time.sleep(0.5)
    except KeyboardInterrupt:
        return 0
    return 1


def _in_address(host: str) -> str:
    """A host as it stands in an address: one of IPv6 in brackets."""
    return f"[{host}]" if ":" in host else host


def _check_free(host: str, port: int, option: str) -> None:
    """Somebody else's server would answer, get the deployments, and end nothing of what is started here.

    Raises:
        SystemExit: if nothing can listen there.
    """
    try:
        socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET).close()
    except OSError as error:
        raise SystemExit(
            f"error: up: {host}, port {port}: {error.strerror}; if another server runs there, such as that of another "
            f"`make up`, stop it, or name another port: python -m flows.commands.up {option} PORT"
        ) from None


def _deploy(data: str | None = None) -> list[str]:
    """Deploys the configurations whose files are here; gives the pools that get a worker: `gpu` where there is one."""
    # Prefect reads its settings when it is imported.
    import torch

    from flows.commands.deploy import deploy_folder
    from flows.commands.deployments import CPU_POOL, GPU_POOL, MANY_POOL

    try:
        deploy_folder(Path("configs"), data)
    except InputError as error:
        raise SystemExit(f"error: {error}") from None
    if torch.cuda.is_available():
        return [CPU_POOL, GPU_POOL, MANY_POOL]
    print(
        f"no GPU here: runs in the pool {GPU_POOL} wait for a worker elsewhere, or move them to {CPU_POOL}", flush=True
    )
    return [CPU_POOL, MANY_POOL]


def _worker(pool: str) -> AbstractContextManager["subprocess.Popen[bytes]"]:
    """A worker that makes one run at a time, those that wait for others aside; only that of `gpu` sees a GPU."""
    hidden = {} if pool == "gpu" else {"CUDA_VISIBLE_DEVICES": ""}
    limit = () if pool == "many" else ("--limit", "1")
    return _process(f"worker of {pool}", "flows.commands.cli", "worker", "--pool", pool, *limit, **hidden)


def _pages(host: str, port: int) -> AbstractContextManager["subprocess.Popen[bytes]"]:
    """The pages of the store that runs of the workers are in, which may hold none yet.

    They are served to this machine alone unless $CROSSTAG_INSPECT_TOKEN is set, whatever the server does; under the
    name of $CROSSTAG_INSPECT_URL, too, if that is set for a proxy.
    """
    # Prefect reads its settings when it is imported.
    from artifacts.runtime import default_store
    from artifacts.store import Store, is_url

    named = default_store()
    place = named if is_url(named) else Path(os.environ[ROOT_VARIABLE]) / Path(named).expanduser()
    try:
        Store(place).create()
    except (InputError, StoreError) as error:
        raise SystemExit(f"error: {error}") from None
    name = urlsplit(os.environ[INSPECT_VARIABLE]).hostname or host
    where = ("--store", str(place), "--host", host, "--port", str(port), "--host-name", name)
    return _process("pages", "flows.commands.cli", "inspect", *where)


def _logs() -> Path:
    """Where server, pages and workers write: beside the server's database."""
    # Prefect reads its settings when it is imported.
    from prefect.settings import PREFECT_HOME

    folder = PREFECT_HOME.value() / "crosstag"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@contextmanager
def _process(name: str, module: str, *arguments: str, **environment: str) -> Iterator["subprocess.Popen[bytes]"]:
    """A module's command in a process group of its own, stopped as a group at the end; what it says goes to a file."""
    path = _logs() / f"{name.replace(' ', '-')}.log"
    with path.open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            start_new_session=True,
            env={**os.environ, **environment},
            stdout=log,
            stderr=log,
        )
    try:
        yield process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGTERM)
            try:
                process.wait(timeout=_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
            print(f"{name} stopped", flush=True)
        else:
            print(f"{name} ended by itself with exit code {process.returncode}; see {path}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
