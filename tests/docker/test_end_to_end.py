"""A day of the service: the form in a real browser, another setting, a schedule, more text; PostgreSQL, Redis, workers.

Needs Debian's postgresql, redis-server and chromium; run by `make test-all`.
"""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from compose_file import ROOT
from native import Native
from service_runs import ended, state_of, steps_at_the_end

from artifacts.runs import RunRecord, all_runs
from artifacts.runtime import Runtime
from artifacts.store import Store
from flows.commands.methods import load
from flows.commands.plan import plan_steps
from tasks.corpus.paths import resolve

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]
PICTURES = os.environ.get("CROSSTAG_TEST_PICTURES", "")
ANOTHER = "student.learning_rate=0.002"
BEFORE_THE_STUDENT = ("M_src", "D_trans", "M_trans^0", "target text", "source train", "source dev", "en", "de")


@pytest.fixture
def day(service: Native) -> Iterator[Native]:
    """Workers of cpu and gpu; the configuration has an encoder that is there, so that more text leaves it alone."""
    path = service.home / "configs" / "tiny.yaml"
    command, _, text = path.read_text(encoding="utf-8").partition("\n")
    settings = yaml.safe_load(text)
    del settings["encoder"]["pretraining"], settings["target"]["text_gold"]
    settings["encoder"]["checkpoint"] = str(ROOT / "tasks" / "corpus" / "sample" / "encoder")
    path.write_text(f"{command}\n{yaml.safe_dump(settings)}", encoding="utf-8")
    service.run("deploy")
    for name in ("worker-cpu", "worker-gpu"):
        service.start(name)
    yield service
    for name in ("worker-cpu", "worker-gpu"):
        service.stop(name)


def test_a_day_of_the_service(day: Native) -> None:
    store = Store(day.store)
    first = _by_the_form(day, [])
    assert first.state == "done" and len(first.ran) > 25
    assert (first.name, first.caller.by) == ("tiny", "deployment")

    # One setting of the student changed: what depends on it runs, as the plan says, and nothing else.
    method, config = load(day.home / "configs" / "tiny.yaml", ["iterations=1", ANOTHER])
    runtime = Runtime(store=str(day.store), data=str(day.home / "data"), device="cpu")
    planned = {outcome.place: outcome.status for outcome in plan_steps(method, config, runtime).outcomes}
    second = _by_the_form(day, [ANOTHER])
    ran = {f"{taken.step} · {taken.stage}" if taken.stage else taken.step for taken in second.ran}
    assert {place for place, status in planned.items() if status == "to run"} == {"train_student · iteration 1, D_tgt"}
    # What depends on it may find its result in the store, where two students say the same.
    depends = {place for place, status in planned.items() if status == "depends"}
    assert "train_student · iteration 1, D_tgt" in ran and "export_student · student" in ran
    assert ran <= depends | {"train_student · iteration 1, D_tgt"}
    assert not any(taken.stage in BEFORE_THE_STUDENT for taken in second.ran if taken.step != "predict_words")
    states = steps_at_the_end(day, second.caller.flow_run)
    assert {name for name, state in states.items() if state != "Cached"} == ran

    # A schedule fires; every step is in the store.
    run = _by_a_schedule(day)
    assert ended(day, run, "worker-cpu")["type"] == "COMPLETED"
    assert set(steps_at_the_end(day, run).values()) == {"Cached"}
    assert all_runs(store)[-1].caller.by == "schedule" and all_runs(store)[-1].ran == ()

    # 50 sentences more.
    text = day.home / "data" / "de.txt"
    known = set(text.read_text(encoding="utf-8").splitlines())
    lines = resolve("bundled:de.raw.txt").read_text(encoding="utf-8").splitlines()
    more = [line for line in dict.fromkeys(lines) if line not in known][:50]
    text.write_text(text.read_text(encoding="utf-8") + "\n".join(more) + "\n", encoding="utf-8")
    parameters = {
        "configuration": "configs/tiny.yaml", "settings": ["iterations=1", ANOTHER], "limits": {},
        "runtime": {"data": "data", "device": "cpu"},
    }  # fmt: skip
    _refresh(day, parameters)
    compared, later = all_runs(store)[-1], all_runs(store)[-2]
    assert compared.method == "refresh" and compared.configuration["later"] == later.id
    corpora = {line.name: line.cells for table in compared.measurements[:1] for line in table.lines}
    assert corpora == {"target text": (len(known), len(known) + 50, 50, 0)}
    cached = {(taken.step, taken.stage) for taken in later.steps if taken.status == "cached"}
    for place in (("read_labelled", "source train"), ("train_tagger", "M_src"), ("train_vectors", "en")):
        assert place in cached
    assert any(step == "import_encoder" for step, _ in cached)
    assert {"read_sentences", "train_student"} <= {taken.step for taken in later.ran}
    (student,) = compared.measurements[1].lines
    assert student.reference == later.student and "words of the target text" in compared.measurements[1].title
    # Again: nothing is new, and no run is put on record.
    runs = len(all_runs(store))
    _refresh(day, parameters)
    assert len(all_runs(store)) == runs
    if PICTURES:
        _picture_of_refresh(day)


def _by_the_form(service: Native, settings: list[str]) -> RunRecord:
    """Fills in the form of the deployment in a browser, and waits for the run."""
    from playwright.sync_api import sync_playwright

    chromium = shutil.which("chromium")
    assert chromium, "this test needs Chromium: apt-get install chromium"
    (made,) = service.api("/deployments/filter", deployments={"name": {"any_": ["tiny"]}})
    before = {each["id"] for each in service.api("/flow_runs/filter")}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": 1200, "height": 1000})
        _log_in(page, service)
        page.goto(f"{service.url}/deployments/deployment/{made['id']}/run")
        page.get_by_text("Labelled corpus").first.wait_for(timeout=120_000)
        _, iterations = page.locator("input[type=number]").all()
        iterations.fill("1")
        title = page.get_by_text("Other settings").first
        title.scroll_into_view_if_needed()
        for setting in settings:
            fields = page.locator("textarea").count()
            title.locator("xpath=following::button[contains(., 'Add item')][1]").click()
            page.locator("textarea").nth(fields).wait_for()
            title.locator("xpath=following::textarea[1]").fill(setting)
        if PICTURES:
            page.screenshot(path=str(Path(PICTURES) / f"service-form-{len(settings)}.png"))
        page.get_by_role("button", name="Submit").click()

        def started() -> list[str]:
            return [each["id"] for each in service.api("/flow_runs/filter") if each["id"] not in before]

        (run,) = service.wait(started, "worker-cpu", seconds=60)
        (parameters,) = [e["parameters"] for e in service.api("/flow_runs/filter") if e["id"] == run]
        assert (parameters["form"]["iterations"], parameters["form"]["settings"]) == (1, settings)
        assert ended(service, run, "worker-cpu", seconds=1500)["type"] == "COMPLETED", service.log("worker-cpu")[-6000:]
        page.goto(f"{service.url}/runs/flow-run/{run}")
        page.get_by_text("Completed").first.wait_for(timeout=60_000)
        if PICTURES:
            page.wait_for_timeout(3000)
            page.screenshot(path=str(Path(PICTURES) / f"service-run-{len(settings)}.png"))
        browser.close()
    return next(each for each in all_runs(Store(service.store)) if each.caller.flow_run == run)


def _log_in(page: Any, service: Native) -> None:
    """The page of the server asks for the secret."""
    page.goto(service.url)
    field = page.locator("input[type=password], input").first
    field.wait_for(timeout=120_000)
    field.fill(":".join(service.auth))
    field.press("Enter")
    page.get_by_text("Dashboard").first.wait_for(timeout=120_000)


def _by_a_schedule(service: Native) -> str:
    """A schedule of the deployment that fires soon; the first run of it."""
    (made,) = service.api("/deployments/filter", deployments={"name": {"any_": ["tiny"]}})
    last = service.api("/flow_runs/filter", sort="START_TIME_DESC", limit=1)[0]
    parameters = {**made["parameters"], "form": last["parameters"]["form"]}
    schedule = {"schedule": {"interval": 15}, "active": True, "parameters": parameters}
    import httpx

    url = f"{service.url}/api/deployments/{made['id']}/schedules"
    answer = httpx.post(url, json=[schedule], auth=service.auth, timeout=30)
    answer.raise_for_status()

    def fired() -> list[str]:
        runs = service.api("/flow_runs/filter", deployments={"id": {"any_": [made["id"]]}})
        return [r["id"] for r in runs if r["auto_scheduled"] and r["state"]["type"] not in ("SCHEDULED", "PENDING")]

    run = str(service.wait(fired, "server", "worker-cpu", seconds=300)[0])
    (only,) = answer.json()
    httpx.delete(f"{url}/{only['id']}", auth=service.auth, timeout=30).raise_for_status()
    service.wait(lambda: state_of(service, run)["type"] in ("COMPLETED", "FAILED", "CRASHED"), "worker-cpu")
    return run


def _refresh(service: Native, parameters: dict[str, Any]) -> None:
    found = service.api("/deployments/filter", flows={"name": {"any_": ["refresh"]}})
    (made,) = [each for each in found if each["name"] == "cpu"]
    run = str(service.api(f"/deployments/{made['id']}/create_flow_run", parameters=parameters)["id"])
    assert ended(service, run, "worker-cpu", seconds=1500)["type"] == "COMPLETED", service.log("worker-cpu")[-6000:]


def _picture_of_refresh(service: Native) -> None:
    from playwright.sync_api import sync_playwright

    found = service.api("/artifacts/filter", artifacts={"key": {"any_": ["refresh"]}})
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1200, "height": 1000})
        _log_in(page, service)
        page.goto(f"{service.url}/artifacts/artifact/{found[0]['id']}")
        page.wait_for_timeout(5000)
        page.screenshot(path=str(Path(PICTURES) / "service-refresh.png"))
        browser.close()
