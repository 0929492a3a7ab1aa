"""The server of `make up` in a real browser: both of Prefect's UIs may change things, a page of another site may not.

Needs Chromium (Debian's package `chromium`); run by `make test-all`.
"""

import os
import shutil
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from live_server import serving
from prefect.client.orchestration import get_client

from flows.commands.deploy import deploy
from flows.commands.deployments import deployments_of
from flows.commands.server import keep_pages_out

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
ROOT = Path(__file__).parents[3]
# A body without a type is a simple request, which no browser asks about before it is sent.
ASK = "(url) => fetch(url, {method: 'POST', mode: 'MODE', body: new Blob(['{}'])}).then((a) => a.type)"


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[str]:
    """The address of a server."""
    before = dict(os.environ)
    (tmp_path / "home").mkdir()
    keep_pages_out()  # Its UI is at the same address.
    with serving(tmp_path / "home", ui=True) as url:
        yield url
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture
def other_site(tmp_path: Path) -> Iterator[str]:
    """The address of a page of somebody else."""
    (tmp_path / "site").mkdir()

    class Quiet(SimpleHTTPRequestHandler):
        def __init__(self, *args: object) -> None:
            super().__init__(*args, directory=str(tmp_path / "site"))  # type: ignore[arg-type]

        def log_message(self, *args: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Quiet) as site:
        threading.Thread(target=site.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{site.server_port}/"
        site.shutdown()


def test_its_own_pages_start_runs_and_switch_schedules_and_those_of_others_do_not(
    guarded: str, other_site: str
) -> None:
    from playwright.sync_api import Error, expect, sync_playwright

    chromium = shutil.which("chromium")
    assert chromium, "this test needs Chromium: apt-get install chromium"
    expect.set_options(timeout=60_000)
    deploy(deployments_of([ROOT / "configs" / "quickstart.yaml"]))
    with get_client(sync_client=True) as client, sync_playwright() as playwright:
        made = client.read_deployment_by_name("colada/quickstart")
        browser = playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        )
        page = browser.new_page(viewport={"width": 1400, "height": 1000})
        switches = {"": ".p-toggle__control", "/v2": "[role=switch]"}
        for started, (prefix, switch) in enumerate(switches.items(), 1):
            page.goto(f"{guarded.removesuffix('/api')}{prefix}/deployments/deployment/{made.id}")
            with page.expect_response(lambda answer: answer.request.method == "PATCH") as changed:
                page.locator(switch).first.click(timeout=60_000)
            assert changed.value.ok
            (schedule,) = client.read_deployment_schedules(made.id)
            assert schedule.active is (started == 1), "on by the old UI, off by the new one"
            run = page.get_by_role("button", name="Run", exact=True)
            run.click()
            page.get_by_text("Quick run").click()
            page.get_by_text("Labelled corpus").first.wait_for()
            with page.expect_response(lambda answer: "create_flow_run" in answer.url) as created:
                run.last.click()
            assert created.value.ok
        page.goto(other_site)
        url = f"{guarded}/deployments/{made.id}/create_flow_run"
        with pytest.raises(Error, match="Failed to fetch"):
            page.evaluate(ASK.replace("MODE", "cors"), url)
        assert page.evaluate(ASK.replace("MODE", "no-cors"), url) == "opaque"
        browser.close()
        assert len([run for run in client.read_flow_runs() if not run.auto_scheduled]) == len(switches)
