"""The pages in a real browser: no error, no refusal of the policy, filters, pages, two scripts of the world.

Needs Chromium (Debian's package `chromium`); run by `make test-all`.
"""

from pathlib import Path
from typing import Any

import pytest
from shelved import LABELS, TEACHERS, Panelled, Shelved, certain, put

from artifacts.catalog import SENTENCES, SOFT_LABELS
from artifacts.runs import all_runs
from artifacts.store import Store

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


def test_from_the_list_of_runs_to_the_least_trusted_words(open_page: Any, finished: Path) -> None:
    store = Store(finished)
    (run,) = all_runs(store)
    page = open_page(store, "/")
    page.click(f"text={run.id[:10]}")
    assert "colada" in page.inner_text("h1")
    page.locator("a:text-is('why')").first.click()
    page.wait_for_selector(".reasons")
    assert page.inner_text(".reasons") == "never made in this store before" and "/run/" in page.url
    page.click("a[href^='/sentences/reliability/']")
    page.select_option("select[name=sort]", "weight")
    with page.expect_navigation():
        page.click("button:has-text('show')")
    least = [float(text) for text in page.locator(".least").all_inner_texts()]
    assert len(least) == 30 and least == sorted(least)
    page.click("a[rel=next]")
    assert float(page.locator(".least").first.inner_text()) >= least[-1]
    page.click("h1 a")
    page.click("text=Made of >> xpath=../ul/li/a >> nth=0")
    assert "/artifact/" in page.url


def test_two_runs_are_chosen_and_their_difference_shown(open_page: Any, finished: Path) -> None:
    page = open_page(Store(finished), "/runs")
    page.check("input[name=run]")
    page.click("text=difference")
    assert "1 runs were chosen" in page.inner_text(".error")


def test_arabic_runs_from_right_to_left_and_chinese_stands_in_order(open_page: Any, store: Store) -> None:
    words = [["زار", "محمد", "القاهرة"], ["王", "明", "去", "北京"]]
    tags = [["O", "B-PER", "B-LOC"], ["B-PER", "I-PER", "O", "B-LOC"]]
    text = put(store, SENTENCES, "aa", {"sentence_id": [0, 1], "words": words})
    columns = {"sentence_id": [0, 1], "words": words, "probabilities": certain(tags)}
    labels = put(store, SOFT_LABELS, "bb", columns, sentences=text)
    page = open_page(store, f"/sentences/{labels}")
    for row, rising in ((0, False), (1, True)):
        places = [box.bounding_box()["x"] for box in page.locator(".words").nth(row).locator(".word").all()]
        assert places == sorted(places, reverse=not rising)
    assert len(LABELS) == 5 and page.locator(".type-0").count() == 3 and page.locator(".type-1").count() == 2


def test_from_the_words_that_a_teacher_says_otherwise_to_what_each_says_of_one(open_page: Any, store: Store) -> None:
    panelled = Panelled(store)
    page = open_page(store, f"/artifact/{panelled.panel}")
    page.click("text=its sentences")
    words = page.locator(".words").first.locator(".word")
    places = [box.bounding_box()["x"] for box in words.all()]
    assert len(places) == 3 and places == sorted(places, reverse=True)
    page.select_option("select[name=dissent]", "1")
    page.select_option("select[name=type]", "PER")
    page.click("button:has-text('show')")
    assert page.locator(".hit").count() == 1 and page.locator(".hit .type-1, .hit sup").last.inner_text() == "O"
    assert page.locator(".hit").get_attribute("title").splitlines()[1:] == [
        f"{TEACHERS[0]}: B-PER 0.90", f"{TEACHERS[1]}: O 0.60", f"{TEACHERS[2]}: ?",
    ]  # fmt: skip
    page.click(".hit")
    assert page.inner_text("h1 bdi") == "محمد"
    rows = page.locator("table.panel tbody tr")
    assert [row.inner_text().split("\t")[:2] for row in rows.all()] == [
        [TEACHERS[0], "B-PER"], [TEACHERS[1], "O"], [TEACHERS[2], "?"],
        ["mean; 0.600 with the same word elsewhere (same_word)", "0.625"],
    ]  # fmt: skip


def test_hostile_words_run_nothing_and_turn_nothing_around(open_page: Any, store: Store) -> None:
    words = [["<script>document.title='x'</script>", "\u202etfel", "a" * 10_000, "'\"&amp;"]]
    text = put(store, SENTENCES, "aa", {"sentence_id": [0], "words": words})
    columns = {"sentence_id": [0], "words": words, "probabilities": certain([["O"] * 4])}
    page = open_page(store, f"/sentences/{put(store, SOFT_LABELS, 'bb', columns, sentences=text)}")
    assert page.title() == "Sentences"
    assert [box.inner_text() for box in page.locator(".word").all()] == words[0]
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), "a long word breaks"


def test_a_store_that_is_being_written_to_shows_what_is_there(open_page: Any, shelved: Shelved) -> None:
    page = open_page(shelved.store, "/artifacts")
    before = page.locator("tbody tr").count()
    put(shelved.store, SENTENCES, "ab", {"sentence_id": [0], "words": [["neu"]]})
    page.reload()
    assert page.locator("tbody tr").count() == before + 1
