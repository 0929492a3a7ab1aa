"""All pages over stores that are hostile, empty, damaged, or written to at that moment: what is wrong is told, no more.

The same in a real browser: test_strange_stores_in_chromium.py.
"""

import re
import threading
from pathlib import Path

import pytest
from crawling import crawl, is_page
from fastapi.testclient import TestClient
from shelved import WORDS, Shelved, put
from strange import hostile

from artifacts.catalog import SENTENCES
from artifacts.runs import save_run
from artifacts.store import Store
from flows.pages.app import create_app

NO_BANK = "/neighbours/"  # No tagger is there to make it.
OWN = "http://127.0.0.1:4280"


def test_what_others_have_written_is_text_on_every_page(store: Store) -> None:
    record = hostile(store)
    pages = TestClient(create_app(store), base_url=OWN)
    seen = crawl(pages)
    seen["difference"] = pages.get("/runs/difference", params={"run": [record.id, "bb" * 10]})
    wrong = {path: answer.status_code for path, answer in seen.items() if answer.status_code != 200}
    assert not [path for path in wrong if NO_BANK not in path], wrong
    shown = {path for path, answer in seen.items() if "&lt;script&gt;hurt(1)" in answer.text}
    for path, answer in seen.items():
        assert not is_page(answer.headers["content-type"]) or "<script>hurt" not in answer.text, path
        assert "<img src=x" not in answer.text or not is_page(answer.headers["content-type"]), path
    kinds = {"/".join(path.partition("?")[0].split("/")[:2]) for path in shown}
    assert {"/runs", "/run", "/artifacts", "/artifact", "/sentences", "/errors", "/corrections"} <= kinds
    for path in (f"/run/{record.id}", f"/run/{record.id}/charts", f"/run/{record.id}/report", f"/run/{record.id}/graph",
                 f"/run/{'bc' * 10}/comparison", "difference", "/corrections/by_hand/de-aa.jsonl"):  # fmt: skip
        assert path in shown, path


def test_every_page_of_an_empty_store_says_that_nothing_is_there(tmp_path: Path) -> None:
    store = Store(tmp_path / "empty")
    store.create()
    seen = crawl(TestClient(create_app(store), base_url=OWN))
    assert {answer.status_code for answer in seen.values()} == {200}
    assert {"/runs", "/artifacts", "/errors", "/corrections"} <= set(seen)


@pytest.mark.parametrize(
    ("key", "how"),
    [
        ("aa", "cut"),
        ("aa", "manifest"),
        ("b1", "gone"),
        ("b1", "manifest"),
        ("cc", "cut"),
        ("cc", "manifest"),
        ("dd", "cut"),
    ],
)
def test_a_damaged_artifact_takes_its_own_pages_alone(shelved: Shelved, key: str, how: str) -> None:
    kind = {"aa": "sentences", "cc": "reliability", "dd": "gold"}.get(key, "soft_labels")
    folder = shelved.store.local(kind, key)
    if how == "manifest":
        (folder / "manifest.json").write_text('{"kind": 1')
    elif how == "gone":
        (folder / "data.parquet").unlink()
    else:
        table = folder / "data.parquet"
        table.write_bytes(table.read_bytes()[:-9])
    seen = crawl(TestClient(create_app(shelved.store), base_url=OWN))
    refused = {path: answer for path, answer in seen.items() if answer.status_code != 200 and NO_BANK not in path}
    for path, answer in refused.items():
        assert answer.status_code in (404, 409), path
        told = re.findall('class="error"[^>]*>([^<]*)', answer.text)
        assert any(f"{kind}/{key}" in each or "not in this store" in each for each in told), (path, told)
    assert {"/runs", "/artifacts", "/errors", "/corrections"} <= seen.keys() - refused.keys()
    whole = {"aa": "/sentences/soft_labels/b1", "b1": "/sentences/soft_labels/b2"}.get(key, "/sentences/soft_labels/b1")
    assert whole not in refused and (how == "manifest" or seen[whole].status_code == 200)


@pytest.mark.slow
def test_pages_of_a_store_that_is_written_to_never_fail(shelved: Shelved) -> None:
    record = hostile(shelved.store, hurt="x").model_copy(update={"state": "running", "ended": None, "error": None})
    done = threading.Event()

    def write() -> None:
        for number in range(1, 100):
            if done.wait(0.02):
                break
            reference = put(shelved.store, SENTENCES, f"e{number:03x}", {"sentence_id": [0], "words": [WORDS[0]]})
            steps = (*record.steps, record.steps[0].model_copy(update={"reference": reference}))
            save_run(shelved.store, record.model_copy(update={"id": "ad" * 10, "steps": steps}))
            if number > 3:
                shelved.store.remove(SENTENCES.name, f"e{number - 3:03x}")

    writer = threading.Thread(target=write)
    writer.start()
    try:
        seen = crawl(TestClient(create_app(shelved.store), base_url=OWN), all_links=False)
        statuses = {path: answer.status_code for path, answer in seen.items()}
    finally:
        done.set()
        writer.join()
    # What was removed between a list and its page is told as that.
    gone = [path for path, status in statuses.items() if status != 200 and NO_BANK not in path]
    assert all(re.match("/(artifact|sentences|sentence|word)/sentences/e", path) for path in gone), gone
    assert all(statuses[path] in (404, 409) for path in gone)
    assert "/run/" + "ad" * 10 in statuses
