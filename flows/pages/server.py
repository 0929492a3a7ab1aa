"""Serves the pages of a store on this machine until ctrl-c: `crosstag inspect`."""

import socket
import sys
from collections.abc import Sequence
from urllib.parse import quote

import uvicorn

from artifacts.errors import InputError
from artifacts.runs import RUN_KIND, find_run
from artifacts.store import Store
from flows.pages.app import create_app

PORT = 4280


def serve(store: Store, *, host: str, port: int, names: Sequence[str], token: str, what: str = "") -> None:
    """Stays until ctrl-c; prints the address once it answers.

    Args:
        store: whose pages to serve.
        host: address of this machine to listen at.
        port: to listen at; 0: any free one.
        names: of hosts under which a proxy or another machine asks for them.
        token: that everybody needs; empty: nobody does.
        what: a run or an artifact whose page to name.

    Raises:
        InputError: if nothing can listen there, if `what` is nothing in the store, if others could look without a
            token, or if no cookie can hold it.
    """
    if host not in ("127.0.0.1", "localhost", "::1") and not token:
        raise InputError(
            f"--host {host}: others could read the texts and labels of this store; give a --token, or leave --host out"
        )
    if not (token.isascii() and token.isprintable()):
        raise InputError("--token: it has signs that no cookie holds; give one of ASCII letters, digits and signs")
    app = create_app(store, hosts=(*names, host), token=token)
    path = page_of(store, what)
    try:
        listening = socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as error:
        raise InputError(
            f"--port {port}: {host}: {error.strerror}; if another `crosstag inspect` runs there, stop it, or name "
            "another port with --port"
        ) from None
    name = f"[{host}]" if ":" in host else host
    # A service's output is kept in files: only who sits there is told the secret.
    secret = f"?token={quote(token, safe='') if sys.stdout.isatty() else 'TOKEN'}" if token else ""
    print(f"Pages of {store}: http://{name}:{listening.getsockname()[1]}{path}{secret}  Stop with ctrl-c.", flush=True)
    with listening:
        uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False)).run([listening])


def page_of(store: Store, what: str) -> str:
    """The page of a run or an artifact that a beginning of its name tells; that of all runs for an empty text."""
    if not what:
        return "/runs"
    kind, _, key = what.rpartition("/")
    if kind == RUN_KIND or what == "last" or any(each.startswith(key) for each in store.run_ids() if not kind):
        return f"/run/{find_run(store, what).id}"
    return f"/artifact/{store.find(what)}"
