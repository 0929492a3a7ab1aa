"""Every sort of page in a real browser, over a store of each method: it opens, nothing complains, it fits the window.

Needs Chromium (Debian's package `chromium`); run by `make test-all`.
"""

from collections.abc import Callable
from typing import Any
from urllib.parse import urljoin, urlsplit

import pytest
from crawling import KINDS, is_followed, named, shape

from artifacts.store import Store

pytestmark = [pytest.mark.slow, pytest.mark.server, pytest.mark.usefixtures("server"), pytest.mark.timeout(1200)]
_FILES = (".csv", ".md", ".tex", ".json")
_LINKS = """parts => parts.map(part => part.getAttribute('href') || part.getAttribute('hx-get'))"""


def followed(page: Any) -> set[str]:
    """Where the links of the open page lead."""
    here = page.eval_on_selector_all("a[href], [hx-get]", _LINKS)
    parts = [urlsplit(urljoin(page.url, each)) for each in here]
    paths = {each.path + (f"?{each.query}" if each.query else "") for each in parts}
    return {each for each in paths if is_followed(each)}


@pytest.mark.parametrize("method", KINDS)
def test_every_sort_of_page_opens_and_its_questions_are_answered(
    open_page: Callable[..., Any], store_of: Callable[[str], Store], method: str
) -> None:
    page = open_page(store_of(method), "/")
    waiting, seen, shapes, asked = {"/runs"}, set[str](), set[str](), set[str]()
    while waiting:
        path = waiting.pop()
        seen.add(path)
        if shape(path) in shapes:
            continue
        shapes.add(shape(path))
        if path.endswith(_FILES):
            answer = page.request.get(urljoin(page.url, path))
            assert answer.status == 200 and answer.body(), path
            continue
        answer = page.goto(urljoin(page.url, path))
        assert answer.status == 200, path
        text = page.inner_text("body")
        assert all(each in text or each in page.title() for each in named(path)), path
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), f"{path} is too wide"
        pictures = page.eval_on_selector_all("img:not([loading=lazy])", "all => all.map(one => one.naturalWidth)")
        assert all(pictures), f"{path}: a picture does not show"
        waiting |= followed(page) - seen
        kind = "/".join(path.partition("?")[0].split("/")[:3])
        if page.locator("form.filters").count() and kind not in asked:
            asked.add(kind)
            with page.expect_navigation() as told:
                page.locator("form.filters button").first.click()
            assert told.value.status == 200 and page.locator("form.filters").count() == 1, path
    assert len(shapes) > 40 and asked
