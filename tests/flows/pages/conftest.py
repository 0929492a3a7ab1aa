"""A store whose contents are known, the pages over it, and a browser that looks at them."""

import shlex
import shutil
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import uvicorn
import yaml
from comparisons import compare_twice
from fastapi.testclient import TestClient
from made_once import MadeOnce
from shelved import Shelved

from artifacts.runtime import Runtime
from artifacts.store import Store
from flows.commands.label import label, labelling
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
def compared(finished: Path, made_once: MadeOnce) -> Path:
    """The store of `compare_twice`; beside it, in `seeds` and `methods`, the files that the two wrote."""
    return made_once("compared", lambda folder: compare_twice(finished, folder)) / "store"


@pytest.fixture(scope="session")
def labelled(data: Path, tmp_path_factory: pytest.TempPathFactory, server: str) -> Path:
    """A store in which `crosstag label` has ended: the first word of each sentence is a person, unless it has a dot."""
    folder = tmp_path_factory.mktemp("labelled")
    program = (
        "import json, sys\n"
        "for line in sys.stdin:\n"
        "    asked = json.loads(line)\n"
        "    tags = ['I-PER' if '.' in asked['words'][0] else 'B-PER'] + ['O'] * (len(asked['words']) - 1)\n"
        "    print(json.dumps({'id': asked['id'], 'tags': tags, 'usage': {'tokens': 3}}))\n"
    )
    told = {"command": shlex.join([sys.executable, "-c", program]), "version": "first word"}
    told["types"] = dict.fromkeys(("LOC", "MISC", "ORG", "PER"), "names")
    (folder / "labeller.yaml").write_text(yaml.safe_dump(told), encoding="utf-8")
    runtime = Runtime(store=str(folder / "store"), data=str(data), device="cpu")
    label(labelling(data / "tiny.yaml", folder / "labeller.yaml", (), runtime), runtime)
    return folder / "store"


@pytest.fixture(scope="session")
def store_of(request: pytest.FixtureRequest, finished: Path) -> Callable[[str], Store]:
    """Gives the store of a method, or of `comparisons` or `label`."""

    def store(method: str) -> Store:
        if method == "colada":
            return Store(finished)
        if method in (others := {"comparisons": "compared", "label": "labelled"}):
            return Store(request.getfixturevalue(others[method]))
        return Store(request.getfixturevalue("finished_with")(method))

    return store


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    executable = shutil.which("chromium")
    assert executable, "this test needs Chromium: apt-get install chromium"
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=executable, args=["--no-sandbox"])
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
