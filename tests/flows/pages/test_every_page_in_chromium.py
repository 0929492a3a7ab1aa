"""Every sort of page in a real browser, over a store of each method: it opens, nothing complains, it fits the window.

Needs Chromium (Debian's package `chromium`); run by `make test-all`.
"""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest
from crawling import KINDS, named, open_by_links

from artifacts.store import Store

pytestmark = [pytest.mark.slow, pytest.mark.server, pytest.mark.usefixtures("server"), pytest.mark.timeout(1200)]


@pytest.mark.parametrize("method", KINDS)
def test_every_sort_of_page_opens_and_its_questions_are_answered(
    open_page: Callable[..., Any], store_of: Callable[[str], Store], method: str
) -> None:
    page = open_page(store_of(method), "/")
    opened, asked = set[str](), set[str]()
    for path, status in open_by_links(page):
        assert status == 200, path
        opened.add(path)
        if urlsplit(page.url).path != path.partition("?")[0]:
            continue  # A file.
        text = page.inner_text("body")
        assert all(each in text or each in page.title() for each in named(path)), path
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), f"{path} is too wide"
        pictures = page.eval_on_selector_all("img:not([loading=lazy])", "all => all.map(one => one.naturalWidth)")
        assert all(pictures), f"{path}: a picture does not show"
        kind = "/".join(path.partition("?")[0].split("/")[:3])
        if page.locator("form.filters").count() and kind not in asked:
            asked.add(kind)
            with page.expect_navigation() as told:
                page.locator("form.filters button").first.click()
            assert told.value.status == 200 and page.locator("form.filters").count() == 1, path
    assert len(opened) > (30 if method == "label" else 40) and asked  # A run of `crosstag label` has no models.
