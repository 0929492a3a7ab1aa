"""The page of an artifact of each kind, made; and opened in both of Prefect's UIs in a real browser, and read.

The latter needs Chromium (Debian's package `chromium`); run by `make test-all`.
"""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from live_server import serving
from prefect import flow
from prefect.client.orchestration import get_client

from artifacts.catalog import RELIABILITY, SOFT_LABELS, Dataset, catalogue
from artifacts.manifest import Recipe
from artifacts.reference import Reference
from artifacts.report import artifact_page, report_artifact
from artifacts.show import preview
from artifacts.store import STORE_FORMAT, Store

LABELS = ["O", "B-PER", "B-LOC"]
WORDS, TAGS = ["Ada", "wohnt", "in", "_Ulm_", "<b>"], ["B-PER", "O", "O", "B-LOC", "O"]
KNOWN = {
    "words": WORDS,
    "tags": TAGS,
    "votes": TAGS,
    "output_tags": TAGS,
    "source_words": WORDS,
    "source_tags": TAGS,
    "probabilities": [0.1, 0.7, 0.2],
    "entities": ["Ada"],
    "entity_types": ["PER"],
    "matches": [0],
    "starts": [0, 3],
    "ends": [1, 4],
    "translated_starts": [0, 3],
    "translated_ends": [1, 4],
    "shares": [1.0, 0.5],
    "similarities": [0.9, 0.8],
    "reasons": ["", ""],
    "text": " ".join(WORDS),
    "reason": "",
}


def holds(type_: pa.DataType, known: Any) -> bool:
    """Whether a known value, or the known words or tags of a sentence, is one for a column of this type."""
    if isinstance(known, list):
        return pa.types.is_list(type_) and (pa.types.is_list(type_.value_type) or holds(type_.value_type, known[0]))
    of_type = {str: pa.types.is_string, float: pa.types.is_floating, int: pa.types.is_integer}
    return of_type[type(known)](type_)


def value(name: str, type_: pa.DataType) -> Any:
    """A value of a column: as many words, tags and numbers in a list as the sentence has words."""
    if name in KNOWN and holds(type_, KNOWN[name]):
        of_words = pa.types.is_list(type_) and pa.types.is_list(type_.value_type)
        return [KNOWN[name]] * 5 if of_words else KNOWN[name]
    if pa.types.is_list(type_):
        return [value("", type_.value_type)] * 5
    if pa.types.is_string(type_):
        return "Ulm | an der *Donau*"
    return True if pa.types.is_boolean(type_) else 0.5 if pa.types.is_floating(type_) else 0


def columns(kind: Dataset) -> list[tuple[str, pa.DataType]]:
    return [(field.name, field.type) for field in kind.schema]


def put(store: Store, kind: Any) -> Reference:
    """An artifact of a kind: a table with one row, or a folder with one file."""
    inputs = {}
    if kind is RELIABILITY:
        soft_labels = put(store, SOFT_LABELS)
        inputs["soft_labels"] = f"soft_labels:{soft_labels.digest}"
    known = store.known(kind.name, "ab")
    if known is not None:
        return known
    recipe = Recipe(step="a_step", parameters={}, inputs=inputs, code="", schemas={}, store_format=STORE_FORMAT)
    with store.writing(kind, "ab", recipe) as writer:
        if isinstance(kind, Dataset):
            row = {name: value(name, type_) for name, type_ in columns(kind)}
            writer.write(pa.Table.from_pylist([row], schema=kind.schema), {"labels": LABELS, "language": "de"})
        else:
            (writer.folder / "config.json").write_text("{}")
    assert writer.reference is not None
    return writer.reference


@pytest.mark.parametrize("kind", catalogue().values(), ids=list(catalogue()))
def test_a_page_is_made_of_every_kind(store: Store, kind: Any) -> None:
    reference = put(store, kind)
    page = artifact_page(store, reference).replace("\\", "")
    assert f"{kind.name}/ab" in page
    (first,) = preview(store, reference, 1)
    assert first.split()[0] in page


@pytest.fixture
def pages(tmp_path: Path, store: Store) -> Iterator[tuple[str, dict[str, str]]]:
    """A server's address, and the id of an artifact of the UI for each kind."""
    (tmp_path / "home").mkdir()
    with serving(tmp_path / "home", ui=True) as url:

        @flow(name="pages", log_prints=False)
        def report_all() -> None:
            for kind in catalogue().values():
                report_artifact(store, put(store, kind), "target text")

        report_all()
        with get_client(sync_client=True) as client:
            ids = {str(each.key): str(each.id) for each in client.read_artifacts()}
        yield url.removesuffix("/api"), ids


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_page_of_every_kind_can_be_read_in_both_uis(pages: tuple[str, dict[str, str]], store: Store) -> None:
    from playwright.sync_api import expect, sync_playwright

    chromium = shutil.which("chromium")
    assert chromium, "this test needs Chromium: apt-get install chromium"
    url, ids = pages
    expect.set_options(timeout=60_000)
    assert set(ids) == {name.replace("_", "-") for name in catalogue()}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        )
        page = browser.new_page(viewport={"width": 1200, "height": 900})
        for prefix in ("", "/v2"):
            for name in catalogue():
                page.goto(f"{url}{prefix}/artifacts/artifact/{ids[name.replace('_', '-')]}")
                header, cells, body = page.locator("table th").first, page.locator("table td"), page.locator("body")
                # The new UI draws a page twice, so each look is repeated until it is right.
                expect(header).to_have_text("what", ignore_case=True)
                expect(header).to_be_visible()
                expect(cells.nth(0)).to_have_text("artifact")
                expect(cells.nth(1)).to_have_text(f"{name}/ab")
                (first,) = preview(store, store.find(f"{name}/ab"), 1)
                expect(body).to_contain_text(first, use_inner_text=True)
                kind = catalogue()[name]
                if isinstance(kind, Dataset) and ("words", pa.list_(pa.string())) in columns(kind):
                    assert all(word in first for word in WORDS)
        browser.close()
