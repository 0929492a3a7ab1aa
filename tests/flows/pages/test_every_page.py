"""Links over a store of each method and one of comparisons: no page fails, and each shows what it names.

One link of each shape of the stores with most sorts of pages; by `make test-all` every one of each.
"""

import re
from collections.abc import Callable
from html import unescape

import pytest
from crawling import KINDS, crawl, is_page, named
from fastapi.testclient import TestClient

from artifacts.store import Store
from flows.pages.app import create_app

pytestmark = [pytest.mark.server, pytest.mark.usefixtures("server")]
ALWAYS = ("glode", "label")


@pytest.mark.parametrize("all_links", [False, pytest.param(True, marks=pytest.mark.slow)])
@pytest.mark.parametrize(
    "method", [each if each in ALWAYS else pytest.param(each, marks=pytest.mark.slow) for each in KINDS]
)
def test_every_link_leads_to_a_page_that_shows_what_it_names(
    store_of: Callable[[str], Store], method: str, all_links: bool
) -> None:
    pages = TestClient(create_app(store_of(method)), base_url="http://127.0.0.1:4280")
    wrong = {}
    for path, answer in (seen := crawl(pages, all_links=all_links)).items():
        shown = unescape(re.sub("<[^>]*>", "", answer.text)) if is_page(answer.headers["content-type"]) else ""
        missing = [each for each in named(path) if shown and each not in shown]
        damage = re.findall('class="error"[^>]*>([^<]*)', answer.text) if path.startswith("/artifact/") else []
        if answer.status_code != 200 or missing or damage:
            wrong[path] = (answer.status_code, *missing, *damage)
    assert wrong == {}
    assert {path.split("/")[2] for path in seen if path.startswith("/artifact/")} >= KINDS[method]
    assert {path.split("/")[1].partition("?")[0] for path in seen} >= {
        "runs",
        "run",
        "artifact",
        "sentences",
        "sentence",
    }
