"""Tables in windows of any width, and frames beside words, in a real browser.

Needs Chromium (Debian's package `chromium`); run by `make test-all`.
"""

from typing import Any

import pytest
from charted import Charted
from shelved import Shelved

from artifacts.store import Store

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
# Words and numbers of cells that stand on two lines; a hyphen may end one.
_BROKEN = """() => {
  const found = []
  for (const cell of document.querySelectorAll("th, td")) {
    const walker = document.createTreeWalker(cell, NodeFilter.SHOW_TEXT)
    for (let text; (text = walker.nextNode()); )
      for (const part of text.data.matchAll(/[^\\s-]+/g)) {
        const range = document.createRange()
        range.setStart(text, part.index)
        range.setEnd(text, part.index + part[0].length)
        if (new Set([...range.getClientRects()].map(box => Math.round(box.top))).size > 1) found.push(part[0])
      }
  }
  return found
}"""


def test_tables_break_no_word_and_scroll_by_themselves(open_page: Any, store: Store) -> None:
    Charted(store)
    page = open_page(store, "/runs")
    widest = 0
    for width in (420, 1300):
        page.set_viewport_size({"width": width, "height": 800})
        for path in ("/runs", "/run/ab12", "/artifacts", "/artifact/scores/d1"):
            page.goto(page.url.partition("/r")[0].partition("/a")[0] + path)
            assert page.evaluate(_BROKEN) == [], (width, path)
            assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), (width, path)
            widest = max(
                widest, page.evaluate("Math.max(...[...document.querySelectorAll('table')].map(t => t.scrollWidth))")
            )
    assert widest > 420


def test_a_frame_leaves_the_space_to_the_next_word(open_page: Any, shelved: Shelved) -> None:
    """The frame of Ulm is 2 px wide, 1 px outside the word."""
    page = open_page(shelved.store, f"/word/{shelved.first}/0/1")
    before, framed, after = (each.bounding_box() for each in page.locator("p.words .word").all())
    assert framed["x"] - 3 >= before["x"] + before["width"] + 2
    assert after["x"] >= framed["x"] + framed["width"] + 3 + 2
