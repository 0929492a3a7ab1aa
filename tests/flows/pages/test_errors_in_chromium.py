"""The pages of errors in a real browser: from a run to a number, and from it to its sentences.

Needs Chromium (Debian's package `chromium`); run by `make test-all`.
"""

import re
from pathlib import Path
from typing import Any

import pytest

from artifacts.runs import all_runs
from artifacts.store import Store

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


def test_from_a_run_to_the_sentences_behind_a_number(open_page: Any, finished: Path) -> None:
    store = Store(finished)
    (run,) = all_runs(store)
    page = open_page(store, f"/run/{run.id}")
    page.click("text=errors >> nth=0")
    row = page.locator("table >> nth=0 >> tbody tr").last
    assert row.locator("td").first.inner_text() == "M_tgt^2"
    missed = row.locator("td").nth(6)
    count = int(missed.inner_text())
    missed.locator("a").click()
    assert f"{count} entities in " in page.inner_text("main")
    assert page.locator("select[name=category]").input_value() == "missed"
    first = page.locator("table.judged").first
    gold, *models = first.locator("th").all_inner_texts()[:3]
    assert gold.endswith("gold") and models == ["M_tgt^2", "source-only (M_src)"]
    assert first.locator("tr >> nth=0 >> .hit").count() >= 1 and first.locator("tr >> nth=1 >> .hit").count() == 0
    # What stands beside can be taken away, and another question asked; the number follows.
    page.select_option("select[name=beside]", "")
    page.select_option("select[name=category]", "gold")
    page.click("button:has-text('show')")
    assert page.locator("table.judged").first.locator("tr").count() == 3
    found = re.search(r"([\d,]+) entities in", page.inner_text("main"))
    assert found and int(found[1].replace(",", "")) == run.models[-1].scores["test"].overall.gold
    page.click("a[rel=next]")
    assert "sentences 21 to" in page.inner_text("main")


def test_the_sentence_of_an_error_can_be_followed(open_page: Any, finished: Path) -> None:
    store = Store(finished)
    (run,) = all_runs(store)
    made = next(step.reference for step in run.steps if step.reference.kind == "outcomes")
    page = open_page(store, f"/errors/sentences?of={made}&category=missed")
    number = page.locator("a.id").first.inner_text()
    page.locator("a.id").first.click()
    assert f"Sentence {number}" in page.title()
