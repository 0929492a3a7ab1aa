"""Corrections in a real browser, by keys and by clicks.

Needs Chromium (Debian's package `chromium`); run by `make test-all`.
"""

from collections.abc import Callable
from typing import Any

import pytest
from shelved import Shelved, certain, put

from artifacts.catalog import SENTENCES, SOFT_LABELS
from artifacts.store import Store
from tasks.corpus.corrections import load_corrections

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


@pytest.fixture
def said() -> Callable[[Store], list[tuple[int, list[str], str]]]:
    def read(store: Store) -> list[tuple[int, list[str], str]]:
        (file,) = (store.root / "by_hand").glob("*.jsonl")
        lines = [line.correction for line in load_corrections(file)]
        return [(each.sentence_id, list(each.tags or ()), each.author) for each in lines]

    return read


def test_a_person_corrects_by_keys_alone(open_page: Any, shelved: Shelved, said: Any) -> None:
    page = open_page(shelved.store, f"/sentences/{shelved.weights}")
    page.click("text=correct them")
    page.wait_for_selector("form.scripted")
    assert "sentence 0" in page.inner_text("h1") and page.locator(".choice select").first.is_hidden()
    assert page.locator(".choice.current .word").inner_text() == "Ada"
    page.fill("input[name=author]", "Ada Köhler")
    page.locator("h1").click()
    # Types by their keys: 1 LOC, 2 PER. Ada sah Ulm: LOC, PER, nothing.
    page.keyboard.press("1")
    assert page.locator(".choice.current .word").inner_text() == "sah"
    page.keyboard.press("2")
    page.keyboard.press("0")
    page.keyboard.press("Enter")
    page.wait_for_url("**sentence=2")
    assert page.input_value("input[name=author]") == "Ada Köhler"
    # <script> in New York: in New is one person; then New begins another one, of which York is no longer a part.
    for key in ("0", "2", "2", "0", "ArrowLeft", "2"):
        page.keyboard.press(key)
    page.keyboard.press("Enter")
    page.wait_for_url("**sentence=1")
    page.keyboard.press("p")
    page.wait_for_url("**sentence=2")
    page.keyboard.press("n")
    page.wait_for_url("**sentence=1")
    assert said(shelved.store) == [
        (0, ["B-LOC", "B-PER", "O"], "Ada Köhler"),
        (2, ["O", "B-PER", "B-PER", "O"], "Ada Köhler"),
    ]


def test_a_person_corrects_by_clicks_and_withdraws(open_page: Any, shelved: Shelved, said: Any) -> None:
    page = open_page(shelved.store, f"/corrections/of/{shelved.weights}?sentence=2")
    page.wait_for_selector("form.scripted")
    page.click(".word:text-is('York')")
    page.click("button[data-type='']")
    # What goes on from a word that is something else now begins anew.
    page.click(".word:text-is('in')")
    page.click("button[data-type=LOC]")
    page.fill("input[name=author]", "ben")
    page.keyboard.type("1n0")  # Keys in a field are its own.
    page.click("button[name=save]")
    page.wait_for_url("**sentence=1")
    page.goto(page.url.replace("sentence=1", "sentence=2"))
    page.wait_for_selector("form.scripted")
    assert "Corrected by ben1n0" in page.inner_text("main")
    page.click("button[name=withdraw]")
    page.wait_for_selector("text=These are the model's labels")
    made = said(shelved.store)
    assert made[0] == (2, ["B-PER", "B-LOC", "B-LOC", "O"], "ben1n0") and made[1][1] == []
    page.click("nav >> text=Corrections")
    page.click("text=.jsonl")
    assert page.locator("tbody tr").count() == 2 and page.locator("tbody tr.replaced").count() == 2


def test_arabic_goes_to_the_left_and_hostile_words_are_text(open_page: Any, store: Store, said: Any) -> None:
    words = [
        ["زار", "محمد", "القاهرة"],
        ["<script>document.title='x'</script>", "\u202etfel", "a" * 10_000, "'\"&amp;"],
    ]
    text = put(store, SENTENCES, "aa", {"sentence_id": [0, 1], "words": words})
    columns = {"sentence_id": [0, 1], "words": words, "probabilities": certain([["O"] * 3, ["O"] * 4])}
    labels = put(store, SOFT_LABELS, "bb", columns, sentences=text)
    page = open_page(store, f"/corrections/of/{labels}?sentence=0")
    page.wait_for_selector("form.scripted")
    page.fill("input[name=author]", "ada")
    page.locator("h1").click()
    page.keyboard.press("ArrowLeft")
    assert page.locator(".choice.current .word").inner_text() == "محمد"
    places = [box.bounding_box()["x"] for box in page.locator(".choice .word").all()]
    assert places == sorted(places, reverse=True)
    page.keyboard.press("2")
    page.keyboard.press("Enter")
    page.wait_for_url("**sentence=1")
    page.wait_for_selector("form.scripted")
    assert [box.inner_text() for box in page.locator(".choice .word").all()] == words[1]
    assert page.title() == "Correct sentence 1"
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), "a long word breaks"
    assert said(store) == [(0, ["O", "B-PER", "O"], "ada")]
