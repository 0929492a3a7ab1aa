"""One sentence and one word in a real browser: from page to page, neighbours on demand, two scripts, hostile words.

Needs Chromium (Debian's package `chromium`); run by `make test-all`.
"""

import shutil
from pathlib import Path
from typing import Any

import pytest
from shelved import certain, put

from artifacts.catalog import CONJUGATE_PAIRS, LEXICON, RELIABILITY, SENTENCES, SOFT_LABELS
from artifacts.reference import Reference
from artifacts.runs import all_runs
from artifacts.store import Store

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
_PATIENCE_MS = 300_000


def test_from_a_sentence_to_a_word_its_neighbours_and_the_students_answer(
    open_page: Any, finished: Path, tmp_path: Path
) -> None:
    store = Store(shutil.copytree(finished, tmp_path / "store"))
    (run,) = all_runs(store)
    scores = next(s.reference for s in run.steps if s.step == "score_reliability" and s.stage == "iteration 2, D_tgt")
    page = open_page(store, f"/sentences/{scores}")
    page.click("a.id >> nth=3")
    assert "/sentence/" in page.url and "What the student was trained on" in page.inner_text("main")
    page.click("text=ask it")
    page.wait_for_selector(".answer .word", timeout=_PATIENCE_MS)
    words = page.locator(".lines .words").first.locator(".word")
    assert page.locator(".answer .word").count() == words.count()
    chosen = words.nth(1).inner_text().splitlines()[0]
    words.nth(1).click()
    page.wait_for_url("**/word/**")
    assert page.inner_text("h1 bdi") in chosen and page.locator("svg.bars").count() == 2
    page.click("tr.under button")
    page.click("text=read them")
    page.wait_for_selector(".neighbours table", timeout=_PATIENCE_MS)
    assert page.locator(".neighbours tbody tr").count() == 10
    neighbour = page.locator(".neighbours td a").first
    named = neighbour.inner_text()
    neighbour.click()
    assert page.inner_text("h1 bdi") == named
    page.click("tr.under button")
    page.wait_for_selector(".neighbours table", timeout=_PATIENCE_MS)
    assert not page.locator("text=read them").count(), "any other word's come at once"


def labelled(store: Store, words: list[list[str]], tags: list[list[str]]) -> tuple[Reference, Reference]:
    """Sentences, soft labels of them, and how far to trust these."""
    ids = list(range(len(words)))
    text = put(store, SENTENCES, "aa", {"sentence_id": ids, "words": words})
    columns = {"sentence_id": ids, "words": words, "probabilities": certain(tags)}
    labels = put(store, SOFT_LABELS, "bb", columns, sentences=text)
    halves = [[0.5] * len(sentence) for sentence in words]
    scores = {"sentence_id": ids, "agreement": halves, "weight": halves}
    put(store, RELIABILITY, "cc", scores, about={"class_mean": {}, "neighbours": 1}, soft_labels=labels)
    return text, labels


def test_arabic_runs_from_right_to_left_and_chinese_from_left_to_right(open_page: Any, store: Store) -> None:
    words = [["زار", "محمد", "القاهرة"], ["王", "明", "去", "北京"]]
    text, _ = labelled(store, words, [["O", "B-PER", "B-LOC"], ["B-PER", "I-PER", "O", "B-LOC"]])
    pairs = {"sentence_id": [0], "words": [words[0]], "translation": [["Mohammed", "visited", "Cairo"]],
             "starts": [[1, 2]], "ends": [[2, 3]], "translated_starts": [[0, 2]], "translated_ends": [[1, 3]],
             "reasons": [["", ""]]}  # fmt: skip
    put(store, CONJUGATE_PAIRS, "dd", pairs, sentences=text)
    lexicon = {"source": ["Cairo"], "target": ["القاهرة"], "csls": [0.5], "rank": [0]}
    put(store, LEXICON, "ee", lexicon, about={"source_language": "en", "target_language": "de"})
    page = open_page(store, f"/sentence/{text}/0")
    for line, rising in (("h2 + .words", False), ("tr:has-text('sentence') .words", False),
                         ("tr:has-text('translation') .words", True)):  # fmt: skip
        places = [box.bounding_box()["x"] for box in page.locator(line).first.locator(".word").all()]
        assert len(places) == 3 and places == sorted(places, reverse=not rising), line
    colours = [
        page.locator(f"tr:has-text('{name}') .type-1").first.inner_text() for name in ("sentence", "translation")
    ]
    assert colours == ["القاهرة", "Cairo"]
    page.click(".lines a.quiet:has-text('القاهرة')")
    assert page.inner_text("h1 bdi") == "القاهرة" and "Cairo" in page.inner_text("h2:has-text('Lexicon') ~ table")
    page.goto(page.url.replace("/0/2", "/1/3"))
    assert page.inner_text("h1 bdi") == "北京"
    places = [box.bounding_box()["x"] for box in page.locator("main > .words .word").all()]
    assert len(places) == 4 and places == sorted(places)


@pytest.mark.parametrize("page_of", ["/sentence/{}/0", "/word/{}/0/{}"])
def test_hostile_words_run_nothing_and_break_no_page(open_page: Any, store: Store, page_of: str) -> None:
    hostile = [
        "<script>document.title='x'</script>",
        "\u202etfel",
        "a" * 10_000,
        "'\"&amp;<img src=x onerror=alert(1)>",
    ]
    text, _ = labelled(store, [hostile], [["O", "B-PER", "B-LOC", "O"]])
    for place, word in enumerate(hostile):
        page = open_page(store, page_of.format(text, place))
        assert page.title() == ("Sentence 0" if "sentence" in page_of else word[:40].strip())
        assert page.locator("script").count() == 1 and page.locator("img").count() == 0
        shown = page.locator(".words").first.locator(".word")
        assert [box.text_content() for box in shown.all()] == hostile
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), "a long word breaks"
