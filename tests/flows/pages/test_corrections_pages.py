"""Corrections made in the pages: kept with author and time, withdrawn, listed; refused where they cannot be kept."""

import errno
from collections.abc import Callable
from html import unescape
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from shelved import LABELS, Shelved, certain, put

from artifacts.catalog import LABELLED, SENTENCES, SOFT_LABELS
from artifacts.store import Store
from flows.pages.app import create_app
from tasks.corpus.corrections import Correction, latest, load_corrections

OWN = "http://127.0.0.1:4280"
FIRST, SECOND, THIRD = (
    {"tag": ["B-PER", "O", "O"], "author": "ada"},
    {"tag": ["B-LOC"], "author": "ben"},
    {"tag": ["O", "O", "B-LOC", "I-LOC"], "author": "ada"},
)
Save = Callable[..., str]


@pytest.fixture
def said(shelved: Shelved) -> Callable[[], list[Correction]]:
    """What the only file of corrections says, in its order."""

    def read() -> list[Correction]:
        files = list((shelved.store.root / "by_hand").glob("*"))
        return [line.correction for file in files for line in load_corrections(file)]

    return read


def save(pages: TestClient, of: object, sentence: int, **given: object) -> tuple[int, str]:
    """Sends the form of a sentence; gives the status, and where it leads or what it says."""
    answer = pages.post(f"/corrections/of/{of}/{sentence}", data=given, headers={"origin": OWN}, follow_redirects=False)
    return answer.status_code, answer.headers.get("location") or unescape(answer.text)


def test_the_queue_begins_with_the_least_trusted_sentence_and_ends_with_the_last(
    pages: TestClient, shelved: Shelved, said: Callable[[], list[Correction]]
) -> None:
    # The least weights are .1 (sentence 0), .6 (1) and .2 (2).
    of = f"/corrections/of/{shelved.weights}"
    assert pages.get(of, follow_redirects=False).headers["location"] == f"{of}?sentence=0"
    text = pages.get(of).text
    assert "Correct sentence 0" in text and "0.100" in text and "3 of 3 left" in text and "by_hand" in text
    assert save(pages, shelved.weights, 0, **FIRST) == (303, f"{of}?sentence=2")
    assert save(pages, shelved.weights, 2, **THIRD) == (303, f"{of}?sentence=1")
    assert save(pages, shelved.weights, 1, **SECOND) == (303, of)
    assert "All 3 sentences" in pages.get(of).text
    made = said()
    assert [(each.sentence_id, list(each.tags or ()), each.author) for each in made] == [
        (0, ["B-PER", "O", "O"], "ada"),
        (2, ["O", "O", "B-LOC", "I-LOC"], "ada"),
        (1, ["B-LOC"], "ben"),
    ]
    assert made[0].before == ("B-PER", "O", "B-LOC") and made[0].sentences == shelved.text.content
    assert made[1].words == ("<script>alert(1)</script>", "in", "New", "York")


def test_a_correction_is_shown_replaced_and_withdrawn(
    pages: TestClient, shelved: Shelved, said: Callable[[], list[Correction]]
) -> None:
    page = f"/corrections/of/{shelved.first}?sentence=0"
    assert "withdraw" not in pages.get(page).text
    save(pages, shelved.weights, 0, **FIRST)
    # Another artifact of the same text has the same corrections.
    text = pages.get(page).text
    assert "Corrected by <bdi>ada</bdi>" in text and "<sup>B-LOC</sup>" in text and 'value="ada"' in text
    save(pages, shelved.first, 0, tag=["O", "O", "B-LOC"], author="ben")
    assert said()[1].before == ("B-PER", "O", "O")
    assert save(pages, shelved.first, 0, withdraw="yes", author="eva") == (303, page), "stays there, also at 0"
    (file,) = (shelved.store.root / "by_hand").glob("*.jsonl")
    assert file.name == f"de-{shelved.text.digest[:20]}.jsonl"
    assert latest(load_corrections(file)) == [] and len(load_corrections(file)) == 3
    assert "These are the model" in pages.get(page).text
    listing = pages.get(f"/corrections/by_hand/{file.name}").text
    assert [listing.count(each) for each in (">ada<", ">ben<", ">eva<", "withdrawn")] == [1, 1, 1, 1]
    assert save(pages, shelved.first, 0, withdraw="yes", author="eva")[0] == 400
    overview = pages.get("/corrections").text
    assert file.name in overview and f"target.corrections={file}" in overview


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"tag": ["B-PER", "O"], "author": "ada"}, "3 words, 2 tags"),
        ({"tag": ["I-PER", "O", "O"], "author": "ada"}, "word 0, 'Ada': tag 'I-PER' at the start of a sentence"),
        ({"tag": ["B-ORG", "O", "O"], "author": "ada"}, "label 'B-ORG' is not one of O, B-LOC"),
        ({"tag": ["<b>", "O", "O"], "author": "ada"}, "label '<b>' is not one of"),
        ({"tag": ["O", "O", "O"], "author": "  "}, "author: String should have at least 1 character"),
        ({"tag": ["O", "O", "O"], "author": "a\nb"}, "expected a name on one line"),
        ({"tag": ["O", "O", "O"]}, "author"),
        ({"tag": [], "author": "ada"}, "3 words, 0 tags"),
    ],
)
def test_what_cannot_be_kept_is_told_and_nothing_is_written(
    pages: TestClient, shelved: Shelved, given: dict[str, object], told: str
) -> None:
    status, text = save(pages, shelved.weights, 0, **given)
    assert status == 400 and told in text
    assert not (shelved.store.root / "by_hand").exists()


def test_only_our_own_page_corrects_and_only_labels_of_a_target_text(pages: TestClient, shelved: Shelved) -> None:
    path = f"/corrections/of/{shelved.weights}/0"
    assert pages.post(path, data=FIRST).status_code == 403
    assert pages.post(path, data=FIRST, headers={"origin": "http://evil.example"}).status_code == 403
    assert not (shelved.store.root / "by_hand").exists()
    assert save(pages, shelved.weights, 9, **FIRST)[0] == 400
    for wrong in (shelved.gold, shelved.text, "soft_labels/ff", "reliability/.*"):
        assert pages.get(f"/corrections/of/{wrong}").status_code == 404
        assert save(pages, wrong, 0, **FIRST)[0] == 404
    for name in ("..%2fstore.json", "none.jsonl", "%2e%2e"):
        assert pages.get(f"/corrections/by_hand/{name}").status_code == 404, name
    store = shelved.store
    columns = {"sentence_id": [0], "words": [["Ja"]]}
    source = put(store, LABELLED, "e1", {**columns, "tags": [["O"]]})
    labels = put(store, SOFT_LABELS, "e2", {**columns, "probabilities": certain([["O"]])}, sentences=source)
    assert "no labels of a target text" in pages.get(f"/corrections/of/{labels}").text
    assert "correct them" not in pages.get(f"/sentences/{labels}").text
    assert f"/corrections/of/{shelved.weights}" in pages.get(f"/sentences/{shelved.weights}").text


def test_labels_of_a_translation_are_no_labels_of_the_text_that_it_was_made_with(finished: Path) -> None:
    store = Store(finished)
    pages = TestClient(create_app(store), base_url=OWN)
    for kind in ("soft_labels", "reliability"):
        for m in store.manifests_of(kind):
            answer = pages.get(f"/corrections/of/{kind}/{m.key}")
            linked = "/corrections/of/" in pages.get(f"/sentences/{kind}/{m.key}").text
            raw = m.label.endswith("D_tgt")
            assert (answer.status_code, linked) == ((200, True) if raw else (404, False)), m.label
            assert raw or m.label.endswith("D_trans")


def test_sentences_with_the_same_words_are_corrected_together(store: Store) -> None:
    columns = {"sentence_id": [0, 1, 2], "words": [["Ja"], ["Nein"], ["Ja"]]}
    text = put(store, SENTENCES, "aa", columns)
    tags = [["B-PER"], ["O"], ["O"]]
    labels = put(store, SOFT_LABELS, "bb", {**columns, "probabilities": certain(tags)}, sentences=text)
    pages = TestClient(create_app(store), base_url=OWN)
    shown = pages.get(f"/corrections/of/{labels}?sentence=2").text
    assert "2 sentences have these words" in shown and "2 of 2 left" in shown
    assert save(pages, labels, 2, tag="B-LOC", author="ada")[1].endswith("sentence=1")
    (file,) = (store.root / "by_hand").glob("*.jsonl")
    assert [(each.correction.sentence_id, each.correction.before) for each in load_corrections(file)] == [
        (0, ("B-PER",)),
        (2, ("O",)),
    ]
    save(pages, labels, 0, withdraw="yes", author="ada")
    assert latest(load_corrections(file)) == []


def test_a_damaged_file_is_named_and_the_rest_works(pages: TestClient, shelved: Shelved, tmp_path: Path) -> None:
    save(pages, shelved.weights, 0, **FIRST)
    (file,) = (shelved.store.root / "by_hand").glob("*.jsonl")
    file.write_text(file.read_text(encoding="utf-8")[:-30], encoding="utf-8")
    torn = file.read_bytes()
    assert "line 1: Invalid JSON" in pages.get("/corrections").text
    assert "line 1: Invalid JSON" in save(pages, shelved.weights, 1, **SECOND)[1]
    assert file.read_bytes() == torn and pages.get(f"/sentences/{shelved.weights}").status_code == 200
    assert len(LABELS) == 5


def test_a_folder_that_cannot_be_written_or_read_is_told(
    pages: TestClient, shelved: Shelved, monkeypatch: pytest.MonkeyPatch
) -> None:
    def denied(file: Path, *_: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", str(file))

    folder = shelved.store.root / "by_hand"
    with monkeypatch.context() as patch:
        patch.setattr("flows.pages.corrections.append_corrections", denied)
        status, text = save(pages, shelved.weights, 0, **FIRST)
    assert status == 409 and f"nothing was kept: {folder}/" in text and "Permission denied; make it possible" in text
    assert "crosstag corrections queue" in text and not folder.exists()
    folder.write_text("no folder")
    for answer in (
        pages.get(f"/corrections/of/{shelved.weights}?sentence=0"),
        pages.post(f"/corrections/of/{shelved.weights}/0", data=FIRST, headers={"origin": OWN}),
    ):
        assert answer.status_code == 409 and "Not a directory; make it possible" in answer.text
    folder.unlink()
    (folder / "de-aa.jsonl").mkdir(parents=True)
    overview = pages.get("/corrections")
    assert overview.status_code == 200 and "Is a directory; make it possible" in overview.text
    assert pages.get("/corrections/by_hand/de-aa.jsonl").status_code == 409


def test_hostile_authors_and_words_are_text(pages: TestClient, shelved: Shelved) -> None:
    author = "</b><script>alert(1)</script>; \u202e'\""
    save(pages, shelved.weights, 2, tag=THIRD["tag"], author=author)
    (file,) = (shelved.store.root / "by_hand").glob("*.jsonl")
    for path in (f"/corrections/of/{shelved.weights}?sentence=2", "/corrections", f"/corrections/by_hand/{file.name}"):
        text = pages.get(path).text
        assert "<script>alert" not in text and " style=" not in text and author.split(";")[0] in unescape(text), path
