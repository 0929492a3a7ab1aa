"""Pages of runs, artifacts and sentences, over stores that are whole, empty, damaged or strange."""

import re
from pathlib import Path

import pytest
from charted import Charted
from fastapi.testclient import TestClient
from shelved import Shelved, certain, put

from artifacts.catalog import SOFT_LABELS
from artifacts.runs import Column, Line, Measurements, all_runs, save_run
from artifacts.store import Store
from flows.pages.app import create_app
from flows.pages.shelf import Shelf

OWN = "http://127.0.0.1:4280"


def test_a_run_shows_its_scores_steps_and_settings(finished: Path) -> None:
    store = Store(finished)
    (run,) = all_runs(store)
    text = TestClient(create_app(store), base_url=OWN).get(f"/run/{run.id[:8]}").text
    f1 = f"{100 * run.models[-1].scores['test'].overall.f1:.1f}"
    assert f"<td>{f1}</td>" in text and "M_tgt^2" in text and "neighbours: 10" in text
    assert text.count("/artifact/") >= len(run.steps)


def test_a_run_of_label_shows_who_labelled_how_much_and_what_it_took(labelled: Path) -> None:
    store = Store(labelled)
    (run,) = all_runs(store)
    text = TestClient(create_app(store), base_url=OWN).get(f"/run/{run.id}").text
    labels = store.metadata(run.steps[-1].reference)
    assert "labelled by first word" in text and "label, en-de" in text
    assert f"{labels['labelled']:,} of {labels['words']:,} words have a label" in text
    assert re.search(r"(\d+) of \1 sentences were asked, which took \d+ tokens", text)
    assert f'href="/sentences/{run.steps[-1].reference}"' in text


def test_why_a_step_ran_is_what_differs_from_the_one_before(finished: Path) -> None:
    """The second iteration's collaborator differs from the first's in what it learns, in its seed and its betas."""
    store = Store(finished)
    pages = TestClient(create_app(store), base_url=OWN)
    first, second = sorted(
        (m for m in store.manifests_of("tagger") if m.recipe.step == "train_collaborator"), key=lambda m: m.made
    )
    text = pages.get(f"/artifact/tagger/{second.key}/why").text
    (run,) = all_runs(store)
    assert re.findall('href="(/artifact/[^"]*|/run/[^"]*)"', text.partition("compared with")[2]) == [
        f"/artifact/tagger/{first.key}",
        f"/run/{run.id}",
    ]
    told = re.findall("<li>(.*)</li>", text)
    assert any(each.startswith("config.seed: ") for each in told) and "input soft_labels has new content" in told
    assert "<header>" in text
    part = pages.get(f"/artifact/tagger/{first.key}/why", headers={"hx-request": "true"}).text
    assert re.findall("<li>(.*)</li>", part) == ["never made in this store before"] and "<header>" not in part
    assert "compared with" not in part


def test_a_comparison_leads_to_its_runs_has_no_labels_and_differs_from_no_run(store: Store) -> None:
    charted = Charted(store)
    runs = Measurements(
        title="runs",
        first="configuration",
        columns=(Column(name="run", form="text"),),
        lines=(Line(name="quickstart", reference=charted.target, cells=("ab12",)),),
    )
    comparison = charted.record.model_copy(update={"id": "cd34", "method": "compare", "measurements": (runs,)})
    save_run(store, comparison)
    pages = TestClient(create_app(store), base_url=OWN)
    text = pages.get("/run/cd34").text
    assert '<td><a href="/run/ab12">ab12</a></td>' in text and "Labels" not in text
    assert "Labels" in pages.get("/run/ab12").text
    for pair in ("run=ab12&run=cd34", "run=cd34&run=ab12"):
        answer = pages.get(f"/runs/difference?{pair}")
        assert answer.status_code == 404 and "run cd34: it is a comparison" in answer.text
    assert pages.get("/runs/difference?run=ab12&run=ab12").status_code == 200


def test_the_graph_has_a_line_for_every_input(finished: Path) -> None:
    store = Store(finished)
    (run,) = all_runs(store)
    text = TestClient(create_app(store), base_url=OWN).get(f"/run/{run.id}/graph?scores=true").text
    made = {f"{m.kind}:{m.digest}" for m in store.manifests()}
    named = {str(step.reference) for step in run.steps}
    inputs = sum(
        len({each for each in m.recipe.inputs.values() if each in made})
        for m in store.manifests()
        if f"{m.kind}/{m.key}" in named
    )
    assert text.count('class="edge"') == inputs and text.count("<rect") == len(named)


def test_an_empty_store_says_so(tmp_path: Path) -> None:
    store = Store(tmp_path / "empty")
    store.create()
    pages = TestClient(create_app(store), base_url=OWN)
    assert "No run is on record" in pages.get("/").text
    assert "Nothing here yet" in pages.get("/artifacts").text


def test_what_is_damaged_is_named_and_the_rest_works(pages: TestClient, shelved: Shelved) -> None:
    table = shelved.store.local("soft_labels", "b2") / "data.parquet"
    table.write_bytes(table.read_bytes()[:-7])
    (shelved.store.local("gold", "dd") / "manifest.json").write_text("{")
    listing = pages.get("/artifacts")
    assert listing.status_code == 200 and "gold/dd: its manifest is missing or cannot be read" in listing.text
    assert pages.get("/sentences/soft_labels/b2").status_code == 409
    damaged = pages.get("/artifact/soft_labels/b2")
    assert damaged.status_code == 409 and "soft_labels/b2" in damaged.text and "gone or changed" in damaged.text
    assert pages.get(f"/sentences/{shelved.weights}").status_code == 200
    (shelved.store.root / "run" / "ab").mkdir(parents=True)
    (shelved.store.root / "run" / "ab" / "run.json").write_text("{")
    assert "run ab: its record" in pages.get("/runs").text


def test_what_is_not_there_is_told(pages: TestClient) -> None:
    for path, told in (("/run/ff", "no run"), ("/artifact/gold/ff", "nothing"), ("/sentences/nokind/aa", "nothing")):
        answer = pages.get(path)
        assert answer.status_code == 404 and told in answer.text, path
    assert pages.get("/artifact/..%2f..%2fetc/passwd").status_code == 404
    assert pages.get("/static/../app.py").status_code == 404


def test_hostile_words_stand_as_text(pages: TestClient, shelved: Shelved) -> None:
    text = pages.get(f"/sentences/{shelved.weights}").text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text and "<script>alert" not in text
    text = pages.get(f"/sentences/{shelved.weights}", params={"text": '"><script>x'}).text
    assert "<script>x" not in text and "0 sentences" in text


def test_filters_and_comparison_are_in_the_address(pages: TestClient, shelved: Shelved) -> None:
    text = pages.get(f"/sentences/{shelved.weights}", params={"weight_to": "0.3", "type": "LOC", "sort": "weight"}).text
    assert "2 sentences, 2 such words" in text and 'value="0.3"' in text
    text = pages.get(f"/sentences/{shelved.first}", params={"other": str(shelved.second), "differs": "type"}).text
    assert "4 words are labelled otherwise" in text and "1 sentences, 1 such words" in text
    part = {"sentence_id": [1], "words": [["Nichts"]], "probabilities": certain([["B-PER"]])}
    some = put(shelved.store, SOFT_LABELS, "ee", part, sentences=shelved.text)
    offered = pages.get(f"/sentences/{shelved.first}").text
    assert f'<option value="{some}"' in offered and "in both" not in offered
    text = pages.get(f"/sentences/{shelved.first}", params={"other": str(some)}).text
    assert "1 words are labelled otherwise" in text and "compared: 2 are here alone, 0 there" in text
    for wrong in ("low", "1e39", "-1e39", "inf", "nan"):
        answer = pages.get(f"/sentences/{shelved.weights}", params={"weight_to": wrong})
        assert answer.status_code == 404 and f"weight_to={wrong}: expected a number" in answer.text
    assert pages.get(f"/sentences/{shelved.weights}", params={"weight_to": "1e37"}).status_code == 200


def test_the_next_page_keeps_what_the_address_says_whatever_it_is_called(
    pages: TestClient, shelved: Shelved, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flows.pages.sentences._ROWS", 1)
    text = pages.get(f"/sentences/{shelved.weights}", params={"path": "x", "type": "LOC"}).text
    assert 'href="?first=1&amp;path=x&amp;type=LOC">next' in text


def test_the_list_of_artifacts_reads_each_manifest_once(
    pages: TestClient, shelved: Shelved, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []
    manifest = Store.manifest

    def counted(self: Store, kind: str, key: str) -> object:
        read.append(f"{kind}/{key}")
        return manifest(self, kind, key)

    monkeypatch.setattr(Store, "manifest", counted)
    for _ in range(2):
        assert pages.get("/artifacts").status_code == 200
        assert len(read) == 5 == len(set(read))


@pytest.mark.parametrize("query", ["sort=word", "sort=label", "sort=sentence_id", "sort=said"])
def test_sentences_are_sorted_by_numbers_that_say_how_far_words_are_trusted(
    pages: TestClient, shelved: Shelved, query: str
) -> None:
    answer = pages.get(f"/sentences/{shelved.weights}?{query}")
    assert answer.status_code == 404 and ("expected one of probability" in answer.text or "no said" in answer.text)


def test_gold_labels_have_no_words_to_look_for(pages: TestClient, shelved: Shelved) -> None:
    assert 'name="text"' in pages.get(f"/sentences/{shelved.first}").text
    assert 'name="text"' not in pages.get(f"/sentences/{shelved.gold}").text
    answer = pages.get(f"/sentences/{shelved.gold}?text=Ada")
    assert answer.status_code == 404 and "no words to look for" in answer.text


def test_labels_to_compare_with_are_those_of_the_same_text(shelved: Shelved) -> None:
    shelf = Shelf(shelved.store)
    others = shelf.of_same_text(shelved.weights, ("soft_labels", "reliability"))
    assert {m.key for m in others} == {"b1", "b2"}
    assert shelf.gold_of(f"sentences:{shelved.text.digest}") == []


def test_gold_labels_are_found_by_what_was_measured_with_them(finished: Path) -> None:
    shelf = Shelf(Store(finished))
    (text,) = [m for m in shelf.manifests().values() if m.kind == "sentences" and m.label == "test"]
    (gold,) = shelf.gold_of(f"sentences:{text.digest}")
    assert (gold.kind, gold.label) == ("gold", "test")


@pytest.mark.parametrize("query", ["first=-1", "first=x", f"first={10**20}", "differs=every"])
def test_an_address_that_cannot_be_meant_is_refused(pages: TestClient, shelved: Shelved, query: str) -> None:
    answer = pages.get(f"/sentences/{shelved.weights}?{query}")
    assert answer.status_code == 422 and "change that in the address" in answer.text and query[:5] in answer.text


def test_a_page_that_is_none_is_told_as_a_page(pages: TestClient) -> None:
    answer = pages.get("/nothing")
    assert answer.status_code == 404 and "there is no such page" in answer.text and "<main>" in answer.text
