"""`make up`, a run from the form of the Prefect UI in a real browser, the student at its end.

Needs Chromium (Debian's package `chromium`); run by `make test-all`.
"""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[3]
pytestmark = [pytest.mark.slow, pytest.mark.timeout(420)]


@pytest.fixture
def project(data: Path, tmp_path: Path) -> Path:
    """A folder as a checkout has it, with one configuration."""
    for package in ("flows", "tasks", "artifacts"):
        (tmp_path / package).symlink_to(ROOT / package)
    (tmp_path / "configs").mkdir()
    text = f"# crosstag run configs/tiny.yaml --data {data}\n" + (data / "tiny.yaml").read_text(encoding="utf-8")
    (tmp_path / "configs" / "tiny.yaml").write_text(text, encoding="utf-8")
    return tmp_path


@pytest.fixture
def ui(project: Path) -> Iterator[str]:
    """The address of a server with a worker and the deployment."""
    with socket.socket() as free, socket.socket() as other:
        for each in (free, other):
            each.bind(("127.0.0.1", 0))
        port, pages = free.getsockname()[1], other.getsockname()[1]
    environment = {**os.environ, "CROSSTAG_STORE": str(project / "store"), "PREFECT_HOME": str(project / "home")}
    environment.pop("PREFECT_API_URL", None)
    with (project / "up.log").open("wb") as log:
        up = subprocess.Popen(
            [sys.executable, "-m", "flows.commands.up", "--port", str(port), "--inspect-port", str(pages)],
            cwd=project, env=environment, stdout=log, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
    try:
        wait_until(
            lambda: "Stop with ctrl-c" in (project / "up.log").read_text(encoding="utf-8"), 120, project / "up.log"
        )
        yield f"http://127.0.0.1:{port}"
    finally:
        up.send_signal(signal.SIGTERM)
        up.wait(timeout=60)


def wait_until(condition: Any, seconds: float, log: Path) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, log.read_text(encoding="utf-8")
        time.sleep(0.5)


def api(url: str, path: str) -> list[dict[str, Any]]:
    """What the server answers; it takes nothing that has no token of its own, as another page's requests have not."""
    with urllib.request.urlopen(f"{url}/api/csrf-token?client=test", timeout=10) as given:
        token = json.load(given)["token"]
    headers = {"Content-Type": "application/json", "Prefect-Csrf-Client": "test", "Prefect-Csrf-Token": token}
    request = urllib.request.Request(f"{url}/api{path}", b"{}", headers, method="POST")
    with urllib.request.urlopen(request, timeout=10) as answer:
        return list(json.load(answer))


def test_a_run_from_the_form_reaches_the_worker_and_ends_with_the_student(ui: str, project: Path) -> None:
    from playwright.sync_api import sync_playwright

    chromium = shutil.which("chromium")
    assert chromium, "this test needs Chromium: apt-get install chromium"
    deployments = {each["name"]: each["id"] for each in api(ui, "/deployments/filter")}
    assert sorted(deployments) == ["cpu", "gpu", "many", "tiny", "tiny-expert"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        )
        page = browser.new_page(viewport={"width": 1200, "height": 1000})
        for prefix in ("/v2", ""):
            page.goto(f"{ui}{prefix}/deployments/deployment/{deployments['tiny']}/run")
            page.get_by_text("Labelled corpus").first.wait_for(timeout=30_000)
            texts = [field.input_value() for field in page.locator("textarea").all()]
            assert {"configs/tiny.yaml", "en.conll", "de.txt", "pretrain"} <= set(texts)
            assert page.get_by_text("Other settings").count() and page.get_by_text("tiny-expert").count() == 0
            tallest = "Math.max(...[...document.querySelectorAll('*')].map((each) => each.scrollHeight))"
            assert page.evaluate(tallest) < 4_000, "a form for people; the whole one has 30,000 pixels"
        seed, iterations = page.locator("input[type=number]").all()
        assert (seed.input_value(), iterations.input_value()) == ("1", "2")
        iterations.fill("1")
        page.get_by_role("button", name="Submit").click()
        wait_until(
            lambda: any(r["state"]["type"] in ("COMPLETED", "FAILED", "CRASHED") for r in api(ui, "/flow_runs/filter")),
            240,
            project / "up.log",
        )
        run = api(ui, "/flow_runs/filter")[0]
        assert run["state"]["type"] == "COMPLETED", (project / "up.log").read_text(encoding="utf-8")
        assert (run["name"], run["parameters"]["form"]["iterations"]) == ("configs/tiny.yaml, seed 1, iterations=1", 1)
        page.goto(f"{ui}/runs/flow-run/{run['id']}")
        page.get_by_text("Completed").first.wait_for(timeout=30_000)
        page.screenshot(path=str(project / "run.png"))
        browser.close()
    students = list((project / "store" / "student").iterdir())
    assert len(students) == 1 and (students[0] / "model.safetensors").is_file()
    (record,) = (project / "store" / "run").glob("*/run.json")
    assert json.loads(record.read_text(encoding="utf-8"))["configuration"]["iterations"] == 1
