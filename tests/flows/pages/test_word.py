"""The page of one word, and its neighbours on demand."""

import re
import shutil
import time
from pathlib import Path

import numpy as np
import pytest
from fastapi.testclient import TestClient
from shelved import Shelved

from artifacts.reference import Reference
from artifacts.runs import RunRecord, all_runs
from artifacts.store import Store
from flows.pages.app import create_app
from flows.parts.nearest_words import make_bank_of, weighed_by

OWN = "http://127.0.0.1:4280"
WRITES = {"sec-fetch-site": "same-origin"}


@pytest.fixture(scope="module")
def asked(finished: Path, tmp_path_factory: pytest.TempPathFactory) -> Store:
    """A copy of the store of a run: a question about neighbours leaves a bank of words there."""
    return Store(shutil.copytree(finished, tmp_path_factory.mktemp("asked") / "store"))


@pytest.fixture
def run(asked: Store) -> RunRecord:
    return all_runs(asked)[0]


def weights_of(run: RunRecord, stage: str) -> Reference:
    (found,) = [s.reference for s in run.steps if s.step == "score_reliability" and s.stage == stage]
    return found


def waited_for(pages: TestClient, path: str) -> str:
    """The page when nothing is under way any more."""
    deadline = time.monotonic() + 200
    while 'role="status"' in (text := pages.get(path).text):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    return text


def test_a_word_shows_a_bar_for_each_iteration_and_its_lambda_mu_and_w(asked: Store, run: RunRecord) -> None:
    scores = weights_of(run, "iteration 2, D_tgt")
    row = asked.rows_where(scores, "sentence_id", 3)[0]
    text = TestClient(create_app(asked), base_url=OWN).get(f"/word/{scores}/3/1").text
    assert text.count('<svg class="bars"') == 2 and text.count("<rect") == 2 * 9
    assert f"{row['agreement'][1]:.3f} <meter" in text and f"{row['weight'][1]:.3f} <meter" in text
    assert "gold, for evaluation alone" in text and "Lexicon" in text


def test_neighbours_are_found_when_the_bank_is_made_and_making_it_is_a_write(asked: Store, run: RunRecord) -> None:
    scores = weights_of(run, "iteration 1, D_tgt")
    pages = TestClient(create_app(asked), base_url=OWN)
    path = f"/neighbours/{scores.key}/3/1"
    assert "read them" in pages.get(path).text and not (asked.root / ".inspect").exists()
    assert pages.post(path).status_code == 403, "another page cannot start it"
    text = pages.post(path, headers=WRITES).text
    assert 'role="status"' in text and 'hx-trigger="load delay:1s"' in text
    text = waited_for(pages, path)
    matching = round(10 * asked.rows_where(scores, "sentence_id", 3)[0]["agreement"][1])
    assert f"{matching} of 10 nearest words speak for" in text and "read them" not in text
    assert text.count("/word/soft_labels/") == 10
    cosines = [float(each) for each in re.findall(r'<td class="number">(-?\d\.\d{4})</td>', text)]
    assert len(cosines) == 10 and cosines == sorted(cosines, reverse=True)
    assert pages.get(f"/neighbours/{scores.key}/3/999").status_code == 404
    assert pages.get(f"/neighbours/{scores.key}/99999/0").status_code == 404
    part = pages.get(f"/neighbours/{scores.key}/99999/0", headers={"hx-request": "true"})
    assert part.status_code == 200 and "it has no word 0 in a sentence 99999" in part.text and "<html" not in part.text


def test_a_neighbour_stands_in_its_own_sentence(asked: Store, run: RunRecord) -> None:
    scores = weights_of(run, "iteration 2, D_tgt")
    weighed = weighed_by(asked, scores)
    bank = make_bank_of(asked, weighed, "cpu", lambda words: None)
    vectors = np.fromfile(bank.folder / "vectors.f32", np.float32).reshape(bank.words, bank.width)
    table = asked.table(weighed.soft_labels)
    cosines = vectors @ vectors[bank.starts[4] + 2]
    cosines[bank.starts[4] + 2] = -2
    row, place = (int(each[0]) for each in bank.places(np.array([cosines.argmax()])))
    text = TestClient(create_app(asked), base_url=OWN).get(f"/neighbours/{scores.key}/{table['sentence_id'][4]}/2").text
    assert f"/word/{weighed.soft_labels}/{table['sentence_id'][row]}/{place}" in text


@pytest.mark.slow
def test_what_fails_is_told_and_may_be_tried_again(asked: Store, run: RunRecord, tmp_path: Path) -> None:
    store = Store(shutil.copytree(asked.root, tmp_path / "store", ignore=shutil.ignore_patterns(".inspect")))
    scores = weights_of(run, "iteration 1, D_trans")
    pages, path = TestClient(create_app(store), base_url=OWN), f"/neighbours/{scores.key}/3/0"
    (store.root / ".inspect").write_text("no folder")
    pages.post(path, headers=WRITES)
    text = waited_for(pages, path)
    assert "make_bank_alone: its process ended with exit code 1" in text and "try again" in text
    (store.root / ".inspect").unlink()
    pages.post(path, headers=WRITES)
    assert "nearest words speak for" in waited_for(pages, path)
    store.drop_files(weighed_by(store, scores).tagger.kind, weighed_by(store, scores).tagger.key)
    dropped = pages.get(path, headers={"hx-request": "true"}).text
    assert "were dropped, without which no neighbours are found" in dropped


@pytest.mark.slow
def test_the_student_is_asked_once_and_remembered(asked: Store, run: RunRecord) -> None:
    pages = TestClient(create_app(asked), base_url=OWN)
    text = next(s.reference for s in run.steps if s.stage == "target text" and s.reference.kind == "sentences")
    path = f"/answer/{text}/3?run={run.id}"
    assert "ask it" in pages.get(path).text
    assert pages.post(path).status_code == 403
    pages.post(path, headers=WRITES)
    answer = waited_for(pages, path)
    words = asked.rows_where(text, "sentence_id", 3)[0]["words"]
    assert len(re.findall('<span class="word[" ]', answer)) == len(words) and "probability" in answer
    assert pages.get(f"/answer/{text}/3?run=ff").status_code == 404


def test_what_is_no_word_is_told_and_hostile_words_stand_as_text(pages: TestClient, shelved: Shelved) -> None:
    answer = pages.get(f"/word/{shelved.first}/0/3")
    assert answer.status_code == 404 and "sentence 0 has 3 words, none at place 3" in answer.text
    assert pages.get(f"/word/{shelved.first}/0/-1").status_code == 404
    assert pages.get(f"/neighbours/{shelved.weights.key}/0/0").status_code == 404, "no step of ours made this table"
    text = pages.get(f"/word/{shelved.first}/2/0").text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text and "<script>alert" not in text
