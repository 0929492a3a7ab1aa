"""The report of a run on its page: as it was written, or as it would be now; under a policy of its own."""

from pathlib import Path

from charted import Charted
from fastapi.testclient import TestClient

from artifacts.runs import all_runs
from artifacts.store import Store
from flows.pages.app import create_app

OWN = "http://127.0.0.1:4280"


def test_the_report_is_the_file_that_was_written(finished: Path) -> None:
    store = Store(finished)
    (run,) = all_runs(store)
    pages = TestClient(create_app(store), base_url=OWN)
    assert f'href="/run/{run.id}/report"' in pages.get(f"/run/{run.id}").text
    answer = pages.get(f"/run/{run.id}/report")
    path = store.report(run.id)
    assert path is not None and answer.text == path.read_text(encoding="utf-8")
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'") and "script-src" not in policy and "frame-ancestors 'none'" in policy


def test_a_run_without_one_is_told_from_its_record_and_nothing_is_written(store: Store) -> None:
    Charted(store, name="<script>alert(1)</script>")
    answer = TestClient(create_app(store), base_url=OWN).get("/run/ab12/report")
    assert answer.status_code == 200 and "<td>75.0</td>" in answer.text
    assert "<script" not in answer.text and store.report("ab12") is None


def test_the_colours_of_words_are_one_style_sheet_for_pages_and_report(store: Store) -> None:
    Charted(store)
    pages = TestClient(create_app(store), base_url=OWN)
    style = pages.get("/words.css")
    assert style.headers["content-type"].startswith("text/css") and ".entity" in style.text
    assert style.text in pages.get("/run/ab12/report").text and 'href="/words.css"' in pages.get("/runs").text
