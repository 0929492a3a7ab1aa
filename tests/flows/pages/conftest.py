"""A store whose contents are known, the pages over it, and a browser that looks at them."""

import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from comparisons import compare_twice
from fastapi.testclient import TestClient
from shelved import Shelved

from artifacts.store import Store
from flows.pages.app import create_app


@pytest.fixture
def shelved(store: Store) -> Shelved:
    """The store of `Shelved`."""
    return Shelved(store)


@pytest.fixture
def pages(shelved: Shelved) -> TestClient:
    """Its pages."""
    return TestClient(create_app(shelved.store), base_url="http://127.0.0.1:4280")


@pytest.fixture(scope="session")
def compared(finished: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The store of `compare_twice`; beside it, in `seeds` and `methods`, the files that the two wrote."""
    return compare_twice(finished, tmp_path_factory.mktemp("compared"))


@pytest.fixture(scope="session")
def store_of(request: pytest.FixtureRequest, finished: Path) -> Callable[[str], Store]:
    """Gives the store of a method, or of `comparisons`."""

    def store(method: str) -> Store:
        if method == "colada":
            return Store(finished)
        if method == "comparisons":
            return Store(request.getfixturevalue("compared"))
        return Store(request.getfixturevalue("finished_with")(method))

    return store


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.fixture
def open_page(browser: Any) -> Iterator[Any]:
    """Opens the pages of a store; at the end, the browser must not have complained."""
    servers, complaints = [], []

    def opened(store: Store, path: str) -> Any:
        server = uvicorn.Server(uvicorn.Config(create_app(store), port=0, log_level="warning"))
        threading.Thread(target=server.run, daemon=True).start()
        while not server.started:
            pass
        servers.append(server)
        port = server.servers[0].sockets[0].getsockname()[1]
        page = browser.new_page()
        page.on(
            "console", lambda message: complaints.append(message.text) if "status of 4" not in message.text else None
        )
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(f"http://127.0.0.1:{port}{path}")
        return page

    yield opened
    for server in servers:
        server.should_exit = True
    assert complaints == []
