"""Which links of a page are followed, and what the page at the end of each has to name."""

import re
from collections.abc import Iterator
from html import unescape
from typing import Any
from urllib.parse import parse_qsl, urljoin, urlsplit

from fastapi.testclient import TestClient
from httpx import Response

KINDS = {
    "colada": {"reliability", "soft_labels", "translation", "lexicon", "alignment", "detection", "reliability_bins"},
    "unitrans": {"votes", "vote_quality"},
    "glode": {"span_labels", "span_reach", "type_shares"},
    "conner": {"conjugate_pairs", "pair_agreement"},
    "crop": {"projection", "machine_translation", "training_set", "marked_pairs", "translator", "bleu"},
    "comparisons": {"significance", "outcomes"},
    "label": {"labeller_answers", "partial_soft_labels", "gold"},
}
"""Methods and commands, and kinds of artifacts that a store has in which it ended."""

# Of sentences and words, of which every table has its own, one of each table is followed.
_FILES = (".csv", ".md", ".tex", ".json", ".svg")
_CHOICES = ("category", "seen", "kind")
_ONE_OF = {"sentence": "/1", "word": "/1/0"}


def links(text: str) -> set[str]:
    """The addresses on a page, of parts that it fetches, too; what stays on it, such as `?first=20`, is left out."""
    found = re.findall(r'(?:href|src|hx-get)="(/[^"]*)"', text)
    return {unescape(each) for each in found}


def is_followed(link: str) -> bool:
    """Whether a crawl goes there."""
    path, _, query = link.partition("?")
    kind = path.split("/")[1]
    if kind == "corrections" and "sentence=" in query:
        return query == "sentence=1"
    if kind == "errors" and "sentences" in path:
        return "beside" not in query or "category=missed" in query
    return path.endswith(_ONE_OF.get(kind, ""))


def named(link: str) -> list[str]:
    """What the page of an address has to show."""
    kind, *rest = link.partition("?")[0].strip("/").split("/")
    if kind == "run":
        return [rest[0][:10]]
    if kind in ("artifact", "sentences") or (kind == "corrections" and rest[:1] == ["of"]):
        offset = 1 if kind == "corrections" else 0
        return [f"{rest[offset]}/{rest[offset + 1][:10]}"]
    if kind in ("sentence", "word"):
        return [f"{'Sentence' if kind == 'sentence' else 'word'} {rest[2 if kind == 'sentence' else 3]}"]
    return [{"runs": "Runs", "artifacts": "Artifacts", "errors": "Errors", "corrections": "Corrections"}.get(kind, "")]


def is_page(content_type: str) -> bool:
    """Whether an answer is HTML."""
    return content_type.startswith("text/html")


def shape(link: str) -> str:
    """The same for links to pages of one sort about things of one kind."""
    path, _, query = link.partition("?")
    path = re.sub(r"/types-\d+(?=\.)", "/types-*", path)  # The same chart of each test set.
    asked = [f"{name}={value if name in _CHOICES else ''}" for name, value in parse_qsl(query)]
    return re.sub(r"/(?=[0-9a-f]*\d)[0-9a-f]+(?=/|$)", "/*", path) + "?" + "&".join(asked)


def crawl(pages: TestClient, *, all_links: bool = True) -> dict[str, Response]:
    """Answers that can be reached by links, by address: all, or one of each shape."""
    waiting, seen, shapes = {"/"}, dict[str, Response](), set[str]()
    while waiting:
        path = waiting.pop()
        if not all_links and shape(path) in shapes:
            continue
        shapes.add(shape(path))
        seen[path] = pages.get(path)
        if is_page(seen[path].headers["content-type"]):
            waiting |= {each for each in links(seen[path].text) if each not in seen and is_followed(each)}
    return seen


def open_by_links(page: Any) -> Iterator[tuple[str, int]]:
    """Opens one page of each shape that links lead to, in a browser: its address, and the status of the answer."""
    waiting, seen, shapes = {"/runs"}, set[str](), set[str]()
    while waiting:
        path = waiting.pop()
        seen.add(path)
        if shape(path) in shapes:
            continue
        shapes.add(shape(path))
        if path.endswith(_FILES):
            answer = page.request.get(urljoin(page.url, path))
            assert answer.body(), path
            yield path, answer.status
            continue
        answer = page.goto(urljoin(page.url, path))
        waiting |= _on(page) - seen
        yield path, answer.status


def _on(page: Any) -> set[str]:
    """Where the links of the open page lead, those to other pages of its list, too."""
    found = page.eval_on_selector_all(
        "a[href], [hx-get]", "parts => parts.map(part => part.getAttribute('href') || part.getAttribute('hx-get'))"
    )
    parts = [urlsplit(urljoin(page.url, each)) for each in found]
    paths = {each.path + (f"?{each.query}" if each.query else "") for each in parts}
    return {each for each in paths if is_followed(each)}
