"""A Prefect server for the time of one run, where the user has none; and how to wait for any.

Prefect would start one itself, when the flow is called: after everything is imported, and in a process that outlives a
killed run. This one starts while the run still imports, and ends with it, however that ends.
"""

import fcntl
import multiprocessing
import os
import socket
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from http import HTTPStatus
from typing import TYPE_CHECKING

from artifacts.child import end_with_parent
from artifacts.errors import InputError

if TYPE_CHECKING:
    from prefect.exceptions import PrefectHTTPStatusError

_HOST = "127.0.0.1"
HOW_TO_GET_ONE = (
    "`make up` starts a server here; or set PREFECT_API_URL to the address of yours, such as http://127.0.0.1:4200/api"
)
WANTS_A_PASSWORD = (
    "wants a password; set PREFECT_API_AUTH_STRING to what it was started with (its PREFECT_SERVER_API_AUTH_STRING, "
    "user:password)"
)


def named_server(command: str) -> str:
    """The address of the server that Prefect's settings name.

    Args:
        command: that needs it, for messages.

    Raises:
        InputError: if none is named.
    """
    from prefect.settings import get_current_settings

    if not (url := get_current_settings().api.url):
        raise InputError(f"{command}: PREFECT_API_URL is not set; {HOW_TO_GET_ONE}")
    return url


def start_server() -> Callable[[], None]:
    """Starts a server, and gives a function that waits for it; looks whether one that Prefect's settings name answers.

    Prefect's clients use it from now on. Its database is that of PREFECT_HOME: `make up` shows the run later. It ends
    at the end of this process, after Prefect has sent it the last lines of the log.

    Raises:
        InputError: if the one that is named does not answer, or wants another password.
    """
    from prefect.context import refresh_global_settings_context
    from prefect.settings import get_current_settings

    settings = get_current_settings()
    if settings.api.url:
        _check_answer(settings.api.url)
    if settings.api.url or not settings.server.ephemeral.enabled:
        return lambda: None
    with socket.socket() as free:
        free.bind((_HOST, 0))
        port = free.getsockname()[1]
    url = f"http://{_HOST}:{port}/api"
    process = multiprocessing.get_context("spawn").Process(target=_serve, args=(port,), daemon=True)
    process.start()
    os.environ["PREFECT_API_URL"] = url
    refresh_global_settings_context()
    return lambda: wait_for(url, process.is_alive, settings.server.ephemeral.startup_timeout_seconds)


def keep_pages_out(*origins: str) -> None:
    """Has servers that are started from now on refuse what pages of any other origin ask of them.

    Else whatever is open in a browser of this machine may start runs, and a run of a process is a command.
    """
    os.environ.setdefault("PREFECT_SERVER_CORS_ALLOWED_ORIGINS", ",".join(origins))
    os.environ.setdefault("PREFECT_SERVER_CSRF_PROTECTION_ENABLED", "true")


def wait_for(url: str, alive: Callable[[], bool], seconds: float) -> None:
    """Returns when the server at an API address answers.

    Args:
        url: the address, which ends in /api.
        alive: whether its process still runs.
        seconds: how long to wait.

    Raises:
        SystemExit: if it ends, or does not answer in time.
    """
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and alive():
        try:
            with urllib.request.urlopen(f"{url}/health", timeout=2):
                return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.05)
    if alive():
        raise SystemExit(f"the Prefect server at {url} did not answer within {seconds:.0f} s; try again")
    raise SystemExit(
        f"the Prefect server at {url} ended; what it wrote above says why. Where its port is taken, `make up` takes "
        "another: --port 4201"
    )


def _check_answer(url: str) -> None:
    from httpx import ConnectError, ConnectTimeout
    from prefect.client.orchestration import get_client
    from prefect.exceptions import PrefectHTTPStatusError

    try:
        with get_client(sync_client=True) as client:
            client.read_flows(limit=1)  # Whether it is healthy, a server tells also who does not know its password.
    except (ConnectError, ConnectTimeout):
        raise InputError(
            f"no Prefect server answers at {url}, which PREFECT_API_URL names; start it (`make up` starts one here), "
            "or unset the variable: a run has a server of its own then"
        ) from None
    except PrefectHTTPStatusError as error:
        if not refused(error):
            raise
        raise InputError(f"the Prefect server at {url} {WANTS_A_PASSWORD}") from None


def refused(error: "PrefectHTTPStatusError") -> bool:
    """Whether a server wants another password."""
    return error.response.status_code in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)


def _serve(port: int) -> None:
    """The life of the server's process: Prefect's ephemeral app, without its page and the services of deployments."""
    end_with_parent()
    os.setsid()  # A ctrl-c of the run's terminal is for the run, which has something to tell the server then.
    keep_pages_out()
    import uvicorn
    from prefect.server.api.server import create_app
    from prefect.settings import get_current_settings

    home = get_current_settings().home
    home.mkdir(parents=True, exist_ok=True)

    class OneStartsAtATime(uvicorn.Server):
        """Its start makes Prefect's tables: of two that begin together on a new PREFECT_HOME, one would fail."""

        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            with (home / "crosstag-server.lock").open("w") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                await super().startup(sockets)

    app = create_app(ephemeral=True, final=True)
    OneStartsAtATime(uvicorn.Config(app, host=_HOST, port=port, log_level="error", timeout_graceful_shutdown=5)).run()
