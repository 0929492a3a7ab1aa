"""Pages over a store in a bucket: one of each sort answers, and they are the sorts that a folder has.

Run by `make test-all`: moto's service takes a second of every page.
"""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from bucket_service import Shelf, copied
from crawling import is_followed, is_page, links
from fastapi.testclient import TestClient
from httpx import Response

from artifacts.store import Store
from flows.pages.app import create_app

pytestmark = [pytest.mark.slow, pytest.mark.server, pytest.mark.usefixtures("server"), pytest.mark.timeout(1200)]


def sort(link: str) -> tuple[str, str, list[str]]:
    """The same for pages of one sort, whatever they are about: /artifact/tagger/12ab/why, /artifact/gold/34cd/why."""
    path, _, query = link.partition("?")
    first, *rest = path.strip("/").split("/")
    last = rest[-1] if rest and not re.search(r"\d", rest[-1]) else ""
    return first, last, sorted(re.findall(r"(\w+)=", query))


def one_of_each(store: Store) -> dict[str, Response]:
    """Answers that can be reached by links, one of each sort."""
    pages, waiting, seen, sorts = TestClient(create_app(store), base_url="http://127.0.0.1:4280"), ["/"], {}, []
    while waiting:
        path = waiting.pop(0)
        if sort(path) in sorts:
            continue
        sorts.append(sort(path))
        seen[path] = pages.get(path)
        if is_page(seen[path].headers["content-type"]):
            waiting += [each for each in sorted(links(seen[path].text)) if is_followed(each)]
    return seen


@pytest.mark.parametrize("method", ["colada", "comparisons"])
def test_one_of_each_sort_answers(store_of: Callable[[str], Store], method: str, shelf: Shelf) -> None:
    folder = store_of(method)
    copied(Path(str(folder)), shelf.url)
    seen, expected = one_of_each(Store(shelf.url)), one_of_each(folder)
    assert {path: answer.status_code for path, answer in seen.items() if answer.status_code != 200} == {}
    for path, answer in seen.items():
        if path.startswith("/artifact/"):
            assert not re.findall('class="error"[^>]*>([^<]*)', answer.text), path
    assert {sort(path)[:2] for path in seen} == {sort(path)[:2] for path in expected} and len(seen) > 12


def test_labels_that_people_correct_are_refused_with_what_to_do(store_of: Callable[[str], Store], shelf: Shelf) -> None:
    folder = store_of("colada")
    copied(Path(str(folder)), shelf.url)
    pages = TestClient(create_app(Store(shelf.url)), base_url="http://127.0.0.1:4280")
    (soft,) = [m for m in folder.manifests_of("soft_labels") if m.label == "iteration 1, D_tgt"]
    answer = pages.get(f"/corrections/of/{soft.name}")
    assert "are kept in a folder, not in an object store" in answer.text and "crosstag corrections queue" in answer.text
