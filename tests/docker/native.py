"""The compose file's services as processes of this machine: their commands, users and variables, at other addresses."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
from compose_file import ROOT, SECRETS, compose

_POSTGRES = sorted(Path("/usr/lib/postgresql").glob("*/bin")) or [Path("/usr/lib/postgresql")]
_WAIT_SECONDS = 300.0


def missing() -> str:
    """Why the services cannot be started here; empty if they can."""
    if not (_POSTGRES[-1] / "initdb").is_file():
        return "needs PostgreSQL: apt-get install postgresql"
    if shutil.which("redis-server") is None:
        return "needs Redis: apt-get install redis-server"
    try:
        import prefect_redis  # noqa: F401
    except ImportError:
        return "needs prefect-redis: pip install .[server]"
    return ""


class Native:
    """What `docker compose up` would start; each service is started by its name, and all are stopped at the end."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.home = folder / "home"
        self.store = folder / "store"
        self.database = Path(tempfile.mkdtemp(prefix="crosstag-postgres-"))
        self.services: dict[str, dict[str, Any]] = compose(SECRETS)["services"]
        self.ports = {name: _free_port() for name in ("postgres", "redis", "server", "inspect")}
        self.running: dict[str, subprocess.Popen[bytes]] = {}
        self.home.mkdir(parents=True)

    @property
    def url(self) -> str:
        """Of the server."""
        return f"http://127.0.0.1:{self.ports['server']}"

    @property
    def auth(self) -> tuple[str, str]:
        """Name and password of the server."""
        name, _, password = SECRETS["PREFECT_SERVER_API_AUTH_STRING"].partition(":")
        return name, password

    def start_database(self) -> None:
        """PostgreSQL and Redis, as users without rights."""
        user = "postgres" if os.geteuid() == 0 else None
        if user:
            shutil.chown(self.database, user, user)
        secret = self.database / "secret"
        secret.write_text(SECRETS["CROSSTAG_POSTGRES_PASSWORD"], encoding="utf-8")
        data, port = self.database / "data", str(self.ports["postgres"])
        named = self.services["postgres"]["environment"]
        if user:
            shutil.chown(secret, user, user)
        tool = {name: str(_POSTGRES[-1] / name) for name in ("initdb", "postgres", "createdb", "pg_isready")}
        initdb = [tool["initdb"], "--pgdata", str(data), "--username", named["POSTGRES_USER"], "--pwfile", str(secret)]
        subprocess.run(
            [*initdb, "--auth=scram-sha-256", "--no-sync"],
            user=user, cwd=self.database, check=True, stdout=subprocess.DEVNULL,
        )  # fmt: skip
        command = [tool["postgres"], "-D", str(data), "-p", port, "-k", str(self.database), "-h", "127.0.0.1"]
        self._start("postgres", command, {}, user=user, cwd=self.database)
        where = {"PGHOST": "127.0.0.1", "PGPORT": port, "PGPASSWORD": named["POSTGRES_PASSWORD"]}
        ready = self.services["postgres"]["healthcheck"]["test"][1:]
        self._wait(lambda: _succeeds([tool[ready[0]], *ready[1:]], {**os.environ, **where}), "postgres")
        create = [tool["createdb"], "--username", named["POSTGRES_USER"], named["POSTGRES_DB"]]
        subprocess.run(create, env={**os.environ, **where}, check=True)
        redis = [*self.services["redis"]["command"], "--port", str(self.ports["redis"]), "--dir", str(self.folder)]
        self._start("redis", redis, {}, cwd=self.folder)
        ping = self.services["redis"]["healthcheck"]["test"][1:]
        self._wait(lambda: _succeeds([*ping[:1], "-p", str(self.ports["redis"]), *ping[1:]], None), "redis")

    def start(self, name: str, number: int = 1, **variables: str) -> "subprocess.Popen[bytes]":
        """A service of ours, by the command and the variables of the file; variables may be given on top.

        Of a service that is scaled, the second one has the number 2, and is known by its name and -2.
        """
        known = name if number == 1 else f"{name}-{number}"
        started = self._start(known, self.command(name), {**self.environment(name), **variables}, cwd=self.home)
        if name == "server":
            self._wait(lambda: _answers(f"{self.url}/api/health"), name)
        return started

    def run(self, name: str) -> str:
        """A service that ends by itself; what it printed."""
        return self._run(self.command(name), self.environment(name))

    def crosstag(self, *arguments: str, **variables: str) -> str:
        """A command in the container of the worker of many, which sees store and data; what it printed."""
        command = [sys.executable, "-m", "flows.commands.cli", *arguments]
        return self._run(command, {**self.environment("worker-many"), **variables})

    def _run(self, command: list[str], variables: Mapping[str, str]) -> str:
        made = subprocess.run(
            command, env={**_clean(), **variables}, cwd=self.home,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
        )  # fmt: skip
        assert made.returncode == 0, made.stdout
        return made.stdout

    def command(self, name: str) -> list[str]:
        """Of a service, with the programs of this environment."""
        program, *arguments = [self._here(name, word) for word in self.services[name]["command"]]
        modules = {"prefect": "prefect", "crosstag": "flows.commands.cli"}
        if name == "inspect":
            arguments += ["--port", str(self.ports["inspect"])]
        return [sys.executable, "-m", modules[program], *arguments]

    def environment(self, name: str) -> dict[str, str]:
        """Of a service: what the file says, and what its image does."""
        image = {"CROSSTAG_STORE": str(self.store), "CROSSTAG_ROOT": str(self.home), "PYTHONPATH": str(ROOT)}
        given = {key: self._here(name, value) for key, value in self.services[name].get("environment", {}).items()}
        if "PREFECT_WORKER_WEBSERVER_PORT" in given:
            given["PREFECT_WORKER_WEBSERVER_PORT"] = str(_free_port())
        own = {"PREFECT_HOME": str(self.folder / f"prefect-{name}"), "PREFECT_SERVER_ANALYTICS_ENABLED": "false"}
        return {**image, **own, **given}

    def stop(self, name: str, number: int = signal.SIGTERM) -> None:
        """Ends a service and all that it has started."""
        process = self.running.pop(name)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=60)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def close(self) -> None:
        """Stops what runs, the database last."""
        for name in reversed(list(self.running)):
            self.stop(name, signal.SIGKILL if name not in ("postgres", "redis") else signal.SIGTERM)
        shutil.rmtree(self.database, ignore_errors=True)

    def log(self, name: str) -> str:
        """What a service has said."""
        return (self.folder / f"{name}.log").read_text(encoding="utf-8", errors="replace")

    def wait(self, condition: Callable[[], Any], *names: str, seconds: float = _WAIT_SECONDS) -> Any:
        """What a condition gives as soon as it gives something; else the logs of services are shown."""
        deadline = time.monotonic() + seconds
        while not (found := condition()):
            assert time.monotonic() < deadline, "\n".join(self.log(name)[-6000:] for name in names)
            time.sleep(0.2)
        return found

    def api(self, path: str, **body: Any) -> Any:
        """What the server answers to a question."""
        answer = httpx.post(f"{self.url}/api{path}", json=body, auth=self.auth, timeout=30)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def _start(
        self, name: str, command: list[str], variables: Mapping[str, str], cwd: Path, user: str | None = None
    ) -> "subprocess.Popen[bytes]":
        with (self.folder / f"{name}.log").open("ab") as log:
            self.running[name] = subprocess.Popen(
                command,
                env={**_clean(), **variables},
                cwd=cwd,
                stdout=log,
                stderr=log,
                start_new_session=True,
                user=user,
            )
        return self.running[name]

    def _wait(self, condition: Callable[[], bool], name: str) -> None:
        def ready() -> bool:
            assert self.running[name].poll() is None, self.log(name)
            return condition()

        self.wait(ready, name)

    def _here(self, name: str, text: str) -> str:
        """An address or a port of the file as it is on this machine."""
        for other in ("postgres:5432", "redis:6379", "server:4200"):
            text = text.replace(f"{other}/", f"127.0.0.1:{self.ports[other.partition(':')[0]]}/")
        text = text.replace("http://127.0.0.1:4200", self.url)
        return {"4200": str(self.ports["server"]), "0.0.0.0": "127.0.0.1"}.get(text, text)


def _clean() -> dict[str, str]:
    """This process's variables without what its own tests say to Prefect."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("PREFECT_", "CROSSTAG_"))}


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=2).is_success
    except httpx.HTTPError:
        return False


def _succeeds(command: list[str], environment: dict[str, str] | None) -> bool:
    return subprocess.run(command, env=environment, capture_output=True, check=False).returncode == 0
