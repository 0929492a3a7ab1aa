"""The page of errors: every number leads to as many rows, and what was asked for is framed in its sentence."""

import re
from datetime import UTC, datetime
from html import unescape
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from fastapi.testclient import TestClient
from shelved import put

from artifacts.catalog import GOLD, LABELLED, PREDICTIONS, SENTENCES
from artifacts.reference import Reference
from artifacts.runs import Caller, Machine, RunRecord, StepTaken, all_runs, save_run
from artifacts.runtime import Runtime, running
from artifacts.store import Store
from flows.pages.app import create_app
from flows.pages.outcome_tables import Wanted, ask
from tasks.evaluation.outcomes import CATEGORIES, SEEN, judge_entities

WORDS = [["Anna", "lives", "in", "New", "York"], ["Paris"], ["<script>rain"], ["Anna", "met", "Berlin"]]
TRUE = [["B-PER", "O", "O", "B-LOC", "I-LOC"], ["B-LOC"], ["O"], ["B-PER", "O", "B-PER"]]
# right, boundary | type | spurious | missed, right
ONE = [["B-PER", "O", "O", "O", "B-LOC"], ["B-PER"], ["B-LOC"], ["O", "O", "B-PER"]]
# missed, right | right | nothing | right, right
OTHER = [["O", "O", "O", "B-LOC", "I-LOC"], ["B-LOC"], ["O"], ["B-PER", "O", "B-PER"]]
# Anna twice as PER, Berlin as LOC alone, Paris as LOC.
SOURCE, SOURCE_TAGS = [["Anna", "Berlin"], ["Paris", "Anna"]], [["B-PER", "B-LOC"], ["B-LOC", "B-PER"]]


@pytest.fixture
def judged(store: Store) -> tuple[Reference, Reference]:
    """Two models on one test set, in a run on record each."""
    ids = [3, 5, 6, 9]
    text = put(store, SENTENCES, "aa", {"sentence_id": ids, "words": WORDS})
    gold = put(store, GOLD, "ab", {"sentence_id": ids, "tags": TRUE}, sentences=text)
    training = put(store, LABELLED, "ac", {"sentence_id": [0, 1], "words": SOURCE, "tags": SOURCE_TAGS})
    found = []
    for key, tags in (("ba", ONE), ("bb", OTHER)):
        said = put(store, PREDICTIONS, key, {"sentence_id": ids, "words": WORDS, "tags": tags}, sentences=text)
        runtime = Runtime(store=str(store.root))
        with running(runtime):
            arguments = judge_entities.bound(said, gold, training)
            label = f"model {key} on test"
            made = judge_entities.compute(store, runtime, arguments, label=label, in_flow=False)
        save_run(store, record_of(key, made, label))
        found.append(made)
    return found[0], found[1]


def record_of(identity: str, made: Reference, label: str) -> RunRecord:
    taken = StepTaken(step="judge_entities", stage=label, reference=made, status="ran", seconds=1.0)
    machine = Machine(host="here", platform="linux", processors=1, device="cpu", versions={})
    return RunRecord(
        id=identity, method="toy", name=f"toy-{identity}", configuration={}, runtime={}, caller=Caller(by="python"),
        revision=None, machine=machine, started=datetime(2026, 1, 1, int(identity, 16) - 185, tzinfo=UTC),
        state="done", steps=(taken,),
    )  # fmt: skip


@pytest.fixture
def pages(store: Store, judged: Any) -> TestClient:
    return TestClient(create_app(store), base_url="http://127.0.0.1:4280")


def numbers(text: str) -> list[tuple[int, str]]:
    """The numbers that lead to sentences, with their addresses."""
    found = re.findall(r'<a href="(/errors/sentences[^"]*)">([\d,]+)</a>', text)
    return [(int(shown.replace(",", "")), unescape(where)) for where, shown in found]


def test_every_number_leads_to_as_many_entities(pages: TestClient, judged: tuple[Reference, Reference]) -> None:
    text = pages.get("/errors?run=ba&run=bb").text
    found = numbers(text)
    for shown, where in found:
        assert f"<p>{shown:,} entities in " in pages.get(where).text, where
    # Categories of both: 5 with an entity and 2; seen and times: right and gold of each group with one; and pairs.
    assert len(found) == 5 + 2 + (3 + 3) + (3 + 3) + (1 + 2) + (2 + 2) + 5
    # What the first gets wrong, the second finds, but for one that it misses itself.
    crossed = text[text.index('class="numbers crossed"') :]
    assert [shown for shown, _ in numbers(crossed)] == [1, 1, 1, 1, 1]
    assert {re.search("category=(.*)&there=(.*)", where).groups() for _, where in numbers(crossed)} == {
        ("right", "right"), ("right", "missed"), ("boundary", "right"), ("type", "right"), ("missed", "right")
    }  # fmt: skip
    for name in (*CATEGORIES, *SEEN, "once", "2 to 5 times", "6 and more times"):
        assert f"<th>{name}</th>" in text
    assert "model ba" in text and "model bb" in text and "<option selected>test</option>" in text


def lines(text: str, sentence: int) -> dict[str, list[tuple[str, str, bool]]]:
    """Of a sentence on the page the entities of every line: words, type, whether framed."""
    tables = [each for each in text.split("<table")[1:] if f'/{sentence}">{sentence}</a>' in each]
    (table,) = tables
    shown = {}
    for row in table.split("<tr>")[1:]:
        head = re.sub("<[^>]*>", "", row[row.index("<th>") : row.index("</th>")]).split()
        spans = re.findall(r'<span class="word entity type-\d+ o10( hit)?">(.*?)<sub>(.*?)</sub>', row)
        shown[" ".join(head)] = [(unescape(words), kind, bool(hit)) for hit, words, kind in spans]
    return shown


def test_a_sentence_shows_gold_and_both_models_with_what_was_asked_framed(
    pages: TestClient, judged: tuple[Reference, Reference]
) -> None:
    one, other = judged
    text = pages.get(f"/errors/sentences?of={one}&beside={other}&category=boundary").text
    assert "1 entities in 1 sentences" in text
    assert lines(text, 3) == {
        "3 gold": [("Anna", "PER", False), ("New York", "LOC", True)],
        "model ba": [("Anna", "PER", False), ("York", "LOC", True)],
        "model bb": [("New York", "LOC", True)],
        "": [],
    }
    assert "boundary: <bdi>New York</bdi> LOC → <bdi>York</bdi> LOC, in training 0 times as this type" in text


def test_words_that_are_code_are_text(pages: TestClient, judged: tuple[Reference, Reference]) -> None:
    text = pages.get(f"/errors/sentences?of={judged[0]}&category=spurious").text
    assert "<script>rain" not in text and "&lt;script&gt;rain" in text
    assert lines(text, 6)["model ba"] == [("<script>rain", "LOC", True)] and lines(text, 6)["6 gold"] == []


@pytest.mark.parametrize(
    ("asked", "sentences"),
    [
        ({}, [3, 5, 6, 9]),
        ({"category": "right"}, [3, 9]),
        ({"category": "gold"}, [3, 5, 9]),
        ({"category": "predicted"}, [3, 5, 6, 9]),
        ({"seen": "unseen"}, [3, 6]),
        ({"seen": "as the same type", "category": "right"}, [3]),
        ({"seen": "as other types only"}, [9]),
        ({"frequency": "1"}, [5, 9]),
        ({"frequency": "2 to 5"}, [3, 9]),
        ({"type": "LOC"}, [3, 5, 6]),  # Of a spurious one the predicted type.
        ({"type": "PER", "category": "missed"}, [9]),
        ({"category": "missed", "there": "right"}, [9]),
        ({"there": "missed"}, [3]),
    ],
)
def test_rows_are_chosen_by_all_that_is_asked(
    store: Store, judged: tuple[Reference, Reference], asked: dict[str, str], sentences: list[int]
) -> None:
    tables = {name: store.table(each) for name, each in zip("ab", judged, strict=True)}
    flat = [(i, p, w) for i, words in zip([3, 5, 6, 9], WORDS, strict=True) for p, w in enumerate(words)]
    columns = dict(zip(("sentence_id", "place", "word"), map(list, zip(*flat, strict=True)), strict=True))
    found = ask(pa.table(columns), tables, Wanted(**asked))
    assert [each.sentence_id for each in found.sentences] == sentences and found.all_sentences == len(sentences)
    again = ask(pa.table(columns), tables, Wanted(**asked), first=1, rows=1)
    assert [each.sentence_id for each in again.sentences] == sentences[1:2] and again.rows == found.rows


@pytest.mark.parametrize(
    ("where", "status", "message"),
    [
        ("/errors?run=ba&run=bb&test=other", 404, "test=other: these runs have judged test"),
        ("/errors?run=zz", 404, "no run fits"),
        ("/errors/sentences?of={one}&category=wrong", 404, "category=wrong: expected one of right, boundary"),
        ("/errors/sentences?of={one}&there=right", 404, "choose a model to stand beside"),
        ("/errors/sentences?of=gold/ab", 404, "gold/ab: expected outcomes"),
        ("/errors/sentences?of={one}&beside=outcomes/ee", 404, "outcomes/ee"),
    ],
)
def test_what_is_not_there_is_told(
    pages: TestClient, judged: tuple[Reference, Reference], where: str, status: int, message: str
) -> None:
    answer = pages.get(where.format(one=judged[0]))
    assert answer.status_code == status and message in unescape(answer.text)


def test_two_models_that_say_the_same_are_one_outcome_and_not_put_beside_itself(
    pages: TestClient, store: Store, judged: tuple[Reference, Reference]
) -> None:
    record = record_of("bc", judged[0], "model ba on test")
    same = record.steps[0].model_copy(update={"stage": "model bc on test"})
    save_run(store, record.model_copy(update={"steps": (*record.steps, same)}))
    text = pages.get("/errors?run=bc").text
    assert "model ba" in text and "model bc" in text and "beside=" not in text and "Gold entities in both" not in text


def test_outcomes_of_other_sentences_are_not_put_beside_each_other(
    pages: TestClient, store: Store, judged: tuple[Reference, Reference]
) -> None:
    ids, lower = [3, 5, 6, 9], [[word.lower() for word in sentence] for sentence in WORDS]
    text = put(store, SENTENCES, "ad", {"sentence_id": ids, "words": lower})
    said = put(store, PREDICTIONS, "bd", {"sentence_id": ids, "words": lower, "tags": ONE}, sentences=text)
    runtime = Runtime(store=str(store.root))
    with running(runtime):
        arguments = judge_entities.bound(said, store.find("gold/ab"), store.find("labelled/ac"))
        made = judge_entities.compute(store, runtime, arguments, label="model bd on test", in_flow=False)
    save_run(store, record_of("bd", made, "model bd on test"))
    assert "not judged on the same sentences" in unescape(pages.get("/errors?run=ba&run=bd").text)
    offered = pages.get(f"/errors/sentences?of={judged[0]}").text
    assert "model bb on test" in offered and "model bd on test" not in offered
    answer = pages.get(f"/errors/sentences?of={judged[0]}&beside={made}")
    assert answer.status_code == 404 and "of other sentences or gold labels" in answer.text


def test_test_sets_whose_names_end_alike_are_told_apart(
    pages: TestClient, store: Store, judged: tuple[Reference, Reference]
) -> None:
    stages = ("model bf on test on tweets", "model bf on dev on tweets")
    first, second = (record_of("bf", made, stage) for made, stage in zip(judged, stages, strict=True))
    save_run(store, first.model_copy(update={"steps": first.steps + second.steps}))
    text = pages.get("/errors?run=bf").text
    assert "<option selected>test on tweets</option>" in text and "<option>dev on tweets</option>" in text
    assert ">model bf</a>" in text


def test_a_store_without_any_says_so(tmp_path: Path) -> None:
    store = Store(tmp_path / "empty")
    store.create()
    answer = TestClient(create_app(store), base_url="http://127.0.0.1:4280").get("/errors")
    assert answer.status_code == 200 and "No run has judged the entities" in answer.text


def test_one_run_is_put_beside_what_it_is_measured_against(finished: Path) -> None:
    store = Store(finished)
    (run,) = all_runs(store)
    pages = TestClient(create_app(store), base_url="http://127.0.0.1:4280")
    assert f"/errors?run={run.id}" in pages.get(f"/run/{run.id}").text
    text = pages.get("/errors").text
    assert "M_tgt^2 down, source-only (M_src) across" in text
    table = next(each for each in run.measurements if each.title.startswith("entities by what became of them"))
    for line in table.lines:
        for category, count in zip(CATEGORIES, line.cells, strict=False):
            where = f"/errors/sentences?of={line.reference}&category={category}"
            assert f"<p>{count:,} entities in " in pages.get(where).text
