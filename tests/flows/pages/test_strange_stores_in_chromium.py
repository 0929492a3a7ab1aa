"""Hostile, empty, damaged and growing stores in a real browser: nothing runs, nothing overflows, nothing fails.

Needs Chromium (Debian's package `chromium`); run by `make test-all`.
"""

import threading
from pathlib import Path
from typing import Any

import pytest
from crawling import open_by_links
from shelved import WORDS, Shelved, put
from strange import HURT, hostile

from artifacts.catalog import SENTENCES
from artifacts.runs import save_run
from artifacts.store import Store

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


def test_what_others_have_written_runs_nothing_and_breaks_no_page(open_page: Any, store: Store) -> None:
    record = hostile(store)
    page = open_page(store, f"/run/{record.id}")
    assert page.inner_text("main").count(HURT) > 20, "scores, measurements, decisions, steps, error: all as text"
    shown = set()
    for path, status in open_by_links(page):
        assert status == 200 or path.startswith("/neighbours/"), path  # Without a tagger there are none.
        assert page.locator("main script, main [onerror], img[src=x]").count() == 0, path
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), f"{path} is too wide"
        shown |= {path} if HURT in page.inner_text("body") else set()
    assert f"/run/{'bc' * 10}/comparison" in shown and "/corrections/by_hand/de-aa.jsonl" in shown


def test_an_empty_store_says_what_to_do(open_page: Any, tmp_path: Path) -> None:
    store = Store(tmp_path / "empty")
    store.create()
    page = open_page(store, "/")
    assert "crosstag run configs/quickstart.yaml" in page.inner_text("main")
    assert {status for _, status in open_by_links(page)} == {200}


def test_a_damaged_artifact_is_named_and_the_rest_works(open_page: Any, shelved: Shelved) -> None:
    table = shelved.store.local("soft_labels", "b2") / "data.parquet"
    table.write_bytes(table.read_bytes()[:-9])
    (shelved.store.local("gold", "dd") / "manifest.json").write_text("{")
    page = open_page(shelved.store, "/artifacts")
    assert "gold/dd: its manifest is missing or cannot be read" in page.inner_text(".error")
    page.click("a[href$='/soft_labels/b2']")
    assert "soft_labels/b2" in page.inner_text(".error") and "gone or changed" in page.inner_text(".error")
    page.click("nav >> text=Runs")
    assert page.inner_text("h1") == "Runs"
    statuses = dict(open_by_links(page))
    assert {status for path, status in statuses.items() if "b2" not in path and "/cc/" not in path} == {200}


def test_a_run_that_goes_on_is_seen_to_grow(open_page: Any, shelved: Shelved) -> None:
    record = hostile(shelved.store, hurt="x").model_copy(update={"id": "ad" * 10, "state": "done", "error": None})
    save_run(shelved.store, record)
    page = open_page(shelved.store, f"/run/{record.id}")
    done, steps = threading.Event(), record.steps

    def write() -> None:
        nonlocal steps
        for number in range(1, 60):
            if done.wait(0.05):
                break
            made = put(shelved.store, SENTENCES, f"e{number:03x}", {"sentence_id": [number], "words": [WORDS[0]]})
            steps = (*steps, record.steps[0].model_copy(update={"reference": made}))
            save_run(shelved.store, record.model_copy(update={"steps": steps}))

    writer = threading.Thread(target=write)
    writer.start()
    try:
        counts = []
        for _ in range(4):
            page.reload()
            counts.append(int(page.inner_text("summary:has-text(' steps')").split()[0]))
    finally:
        done.set()
        writer.join()
    page.reload()
    counts.append(int(page.inner_text("summary:has-text(' steps')").split()[0]))
    assert counts == sorted(counts) and counts[-1] == len(steps) > len(record.steps)
