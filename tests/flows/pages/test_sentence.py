"""The page of one sentence, on stores that were put together by hand and on that of a run."""

import math
from pathlib import Path
from typing import Any

import pytest
from charted import Charted, made
from fastapi.testclient import TestClient
from shelved import Shelved, put

from artifacts.catalog import (
    ALIGNED_TRANSLATION,
    CANDIDATE_SCORES,
    CONJUGATE_PAIRS,
    MACHINE_TRANSLATION,
    MARKED_TRANSLATION,
    PREDICTIONS,
    PROJECTION,
    SPAN_LABELS,
    STUDENT,
    TAGGER,
)
from artifacts.runs import all_runs, save_run
from artifacts.store import Store
from flows.pages.app import create_app
from flows.pages.labels_said import span_histories, words_with
from flows.pages.sentence import translated
from flows.pages.shelf import Shelf
from flows.pages.stations import follow

OWN = "http://127.0.0.1:4280"


def test_a_sentence_of_a_run_shows_labels_of_each_iteration_and_what_taught_the_student(finished: Path) -> None:
    store = Store(finished)
    (run,) = all_runs(store)
    soft = [step for step in run.steps if step.step == "label_words" and step.stage.endswith("D_tgt")]
    text = TestClient(create_app(store), base_url=OWN).get(f"/sentence/{soft[0].reference}/4").text
    assert "iteration 1, D_tgt" in text and "iteration 2, D_tgt" in text and "iteration 1, D_trans" not in text
    assert "M_trans^1" in text and "M_trans^2" in text and "for evaluation alone" in text
    lessons = text.partition("What the student was trained on")[2]
    assert str(soft[1].reference) in lessons and str(soft[0].reference) not in lessons and "reliability/" in lessons


def test_labels_and_weights_that_taught_the_student_stand_in_one_cell_with_one_badge(
    pages: TestClient, shelved: Shelved
) -> None:
    store, charted = shelved.store, Charted(shelved.store)
    tagger = made(store, TAGGER, "e1", of={"soft_labels": shelved.first, "reliability": shelved.weights})
    student = made(store, STUDENT, "e2", of={"tagger": tagger})
    step = charted.record.steps[0]
    taken = (shelved.text, shelved.first, shelved.second, shelved.weights)
    steps = tuple(step.model_copy(update={"reference": each}) for each in taken)
    save_run(store, charted.record.model_copy(update={"id": "ee11", "steps": steps, "student": student}))
    text = pages.get(f"/sentence/{shelved.text}/0?run=ee11").text
    assert f'weighed: <a href="/artifact/{shelved.weights}"' in text and text.count('class="taught"') == 1


def test_a_source_sentence_shows_its_translation_word_by_word_and_the_labels_there(finished: Path) -> None:
    store = Store(finished)
    (run,) = all_runs(store)
    train = next(step.reference for step in run.steps if step.stage == "source train")
    pages = TestClient(create_app(store), base_url=OWN)
    text = pages.get(f"/sentence/{train}/4").text
    assert "Its translation" in text and "iteration 1, D_trans" in text
    translation = next(step.reference for step in run.steps if step.step == "translate_words")
    assert "Word by word" in pages.get(f"/sentence/{translation}/4").text


def test_projections_pairs_and_markers_show_colours_and_reasons(pages: TestClient, shelved: Shelved) -> None:
    ids, words = {"sentence_id": [2]}, [["<script>alert(1)</script>", "in", "New", "York"]]
    tags = [["B-PER", "O", "B-LOC"]]
    tagged = put(shelved.store, PREDICTIONS, "90", {**ids, "words": words, "tags": [["O"] * 4]}, text=shelved.text)
    projection = {
        **ids, "words": words, "forward": ["Ada in York"], "source_words": [["Ada", "in", "York"]],
        "source_tags": tags, "output": ["__SLOT1__ York __SLOT1__ und __SLOT0__ Ada __SLOT0__"], "output_tags": [[]],
        "entities": [["York", "Ada"]], "entity_types": [["LOC", "PER"]], "matches": [[3, -1]], "tags": [[]],
        "reason": ["all_outside"],
    }  # fmt: skip
    put(shelved.store, PROJECTION, "91", projection, sentences=shelved.text)
    marked = {
        **ids,
        "source_words": [["Ada", "in", "York"]],
        "source_tags": tags,
        "marked_source": ["__SLOT0__ Ada __SLOT0__"],
        "output": ["__SLOT0__ Ada"],
        "words": [[]],
        "tags": [[]],
        "entities": [[]],
        "reason": ["marker_lost"],
    }
    put(shelved.store, MARKED_TRANSLATION, "92", marked, data=tagged)
    pairs = {
        **ids, "words": words, "translation": [["in", "new", "york"]], "starts": [[2, 0]], "ends": [[4, 1]],
        "translated_starts": [[1, -1]], "translated_ends": [[3, -1]], "reasons": [["", "placeholder_lost"]],
    }  # fmt: skip
    put(shelved.store, CONJUGATE_PAIRS, "93", pairs, tagged=tagged)
    text = pages.get(f"/sentence/{shelved.text}/2").text
    # York is entity 1 of the source: it has that colour there, in the back-translation and in the raw sentence; and
    # in the source of the marked translation.
    assert text.count('<span class="word piece type-1">York') == 3 + 1
    assert "word 3" in text and "not found" in text
    assert "dropped: all_outside" in text and "the source tagger found no entity in its translation" in text
    assert "dropped: marker_lost" in text and "a marker stands there once or not at all" in text
    assert '<span class="word piece type-0">New York' in text and '<span class="word piece type-0">new york' in text
    assert "dropped: placeholder_lost" in text and "<script>alert" not in text


def test_brackets_show_which_entity_is_which(pages: TestClient, shelved: Shelved) -> None:
    tagged = put(shelved.store, PREDICTIONS, "90", {"sentence_id": [2], "words": [["x"]], "tags": [["O"]]},
                 text=shelved.text)  # fmt: skip
    texts = {"source": ["[Ada] in [York]"], "output": ["In [York] : [Ada]"]}
    output = put(
        shelved.store, MACHINE_TRANSLATION, "95", {"sentence_id": [2], **texts}, about={"markers": "brackets"},
        sentences=tagged,
    )  # fmt: skip
    marked = {
        "sentence_id": [2], "source_words": [["Ada", "in", "York"]], "source_tags": [["B-PER", "O", "B-LOC"]],
        "marked_source": texts["source"], "output": texts["output"], "words": [["In", "York", ":", "Ada"]],
        "tags": [["O", "B-LOC", "O", "B-PER"]], "entities": [[1, 0]], "reason": [""],
    }  # fmt: skip
    about = {"markers": "brackets"}
    put(shelved.store, MARKED_TRANSLATION, "96", marked, about=about, data=tagged, translation=output)
    text = pages.get(f"/sentence/{shelved.text}/2").text
    # In the tagged sentence, the marked one, the output and the result; and in what the machine was given.
    assert (
        text.count('<span class="word piece type-1">York') == 4 + 1 == text.count('<span class="word piece type-0">Ada')
    )
    assert text.count("[York]") == 1, "what the machine gave back says nothing by itself"


def test_labels_placed_by_alignment_show_where_and_why_not(pages: TestClient, shelved: Shelved) -> None:
    row = {
        "sentence_id": [2],
        "source_words": [["Ada", "in", "New", "York", "<b>"]],
        "source_tags": [["B-PER", "O", "B-LOC", "I-LOC", "B-LOC"]],
        "words": [["In", "Neu", "York", "Ada"]],
        "tags": [[]],
        "starts": [[3, 1, -1]],
        "ends": [[4, 3, -1]],
        "shares": [[1.0, 0.5, 0.0]],
        "similarities": [[0.75, 0.25, None]],
        "reasons": [["", "", "unaligned"]],
        "reason": ["unaligned"],
    }
    put(shelved.store, ALIGNED_TRANSLATION, "94", row, data=shelved.text)
    text = pages.get(f"/sentence/{shelved.text}/2").text
    assert '<span class="word piece type-1">New York' in text and '<span class="word piece type-1">Neu York' in text
    assert "(0.50, 0.25)" in text and "(0.00)" in text and "no word of the entity has a link" in text
    assert text.count("dropped: unaligned") == 2 and "<b>" not in text


@pytest.mark.parametrize(
    ("reason", "told"),
    [
        ("overlap", "the entity shares words in the translation with one that has a larger share of links"),
        ("too_long", "the entity would have too many words in the translation"),
    ],
)
def test_a_reason_that_several_tables_have_is_told_as_the_tables_own(
    pages: TestClient, shelved: Shelved, reason: str, told: str
) -> None:
    row = {
        "sentence_id": [2], "source_words": [["Ada"]], "source_tags": [["B-PER"]], "words": [["Ada"]], "tags": [[]],
        "starts": [[-1]], "ends": [[-1]], "shares": [[1.0]], "similarities": [[None]], "reasons": [[reason]],
        "reason": [reason],
    }  # fmt: skip
    put(shelved.store, ALIGNED_TRANSLATION, "94", row, data=shelved.text)
    assert pages.get(f"/sentence/{shelved.text}/2").text.count(told) == 2


def test_places_by_ranking_show_how_similar_they_are_and_their_candidates(pages: TestClient, shelved: Shelved) -> None:
    row = {
        "sentence_id": [2],
        "source_words": [["Ada", "in", "Ulm"]],
        "source_tags": [["B-PER", "O", "B-LOC"]],
        "words": [["In", "Ulm", "Ada"]],
        "tags": [[]],
        "starts": [[2, -1]],
        "ends": [[3, -1]],
        "shares": [[None, None]],
        "similarities": [[0.83, 0.25]],
        "reasons": [["", "unlikely"]],
        "reason": ["unlikely"],
    }
    placed = put(shelved.store, ALIGNED_TRANSLATION, "95", row, data=shelved.text)
    logs = {"forward": [0.4, 0.2, None], "forward_self": [0.5, 0.5, 0.5]}
    scores = {
        "sentence_id": [2] * 3, "entity": [1] * 3, "start": [1, 0, 0], "end": [2, 2, 3], "source": ["Ulm"] * 3,
        "target": ["Ulm", "In Ulm", "In Ulm Ada"], "backward": [None] * 3, "backward_self": [None] * 3,
        **{name: [each and math.log(each) for each in values] for name, values in logs.items()},
    }  # fmt: skip
    put(shelved.store, CANDIDATE_SCORES, "96", scores, placed=placed)
    text = pages.get(f"/sentence/{shelved.text}/2").text
    assert "the translator&#39;s ranking" in text or "the translator's ranking" in text
    assert "(ranked, 0.83)" in text and "(ranked, 0.25)" in text and "no candidate likely enough" in text
    assert "<bdi>Ulm</bdi> 0.80; <bdi>In Ulm</bdi> 0.40</td>" in text  # what has no score is not shown


def test_spans_are_followed_from_epoch_to_epoch(pages: TestClient, shelved: Shelved) -> None:
    def spans(key: str, *rows: tuple[int, int, str, str, float, Any], epoch: int) -> None:
        names = ("start", "end", "text", "label", "probability", "decision")
        columns = {name: [row[n] for row in rows] for n, name in enumerate(names)}
        probabilities = [[1 - row[4], row[4]] for row in rows]
        columns = {**columns, "sentence_id": [0] * len(rows), "probabilities": probabilities}
        put(shelved.store, SPAN_LABELS, key, columns, about={"epoch": epoch}, sentences=shelved.text)

    spans("81", (0, 1, "Ada", "PER", 0.6, None), (2, 3, "Ulm", "O", 0.9, None), (1, 2, "sah", "O", 0.9, None), epoch=0)
    spans("82", (0, 1, "Ada", "PER", 0.8, [0.0, 1.0]), (2, 3, "Ulm", "LOC", 0.7, [0.0, 0.0]), epoch=1)
    store = shelved.store
    found = follow(store, Shelf(store), None, store.describe(shelved.text), 0)
    ada, ulm = span_histories(found.of("span_labels"))
    assert (ada.text, [each and (each[0], each[2]) for each in ada.labels]) == ("Ada", [("PER", False), ("PER", True)])
    assert (ulm.text, [each and (each[0], each[2]) for each in ulm.labels]) == ("Ulm", [("O", False), ("LOC", False)])
    text = pages.get(f"/sentence/{shelved.text}/0").text
    assert "0.80 ↻" in text and "0.60" in text and text.count("↻") == 2  # one stands in the explanation


def test_gold_labels_lead_to_the_sentences_that_something_was_measured_on(
    finished: Path, pages: TestClient, shelved: Shelved
) -> None:
    store = Store(finished)
    (run,) = all_runs(store)
    steps = {(step.stage, step.reference.kind): step.reference for step in run.steps}
    page = TestClient(create_app(store), base_url=OWN)
    shown = page.get(f"/sentence/{steps['test', 'gold']}/2").text
    assert str(steps["test", "sentences"]) in shown and "M_tgt^2" in shown and "for evaluation alone" in shown
    assert page.get(f"/word/{steps['test', 'gold']}/2/0").status_code == 200
    answer = pages.get(f"/sentence/{shelved.gold}/0")
    assert answer.status_code == 404 and "nothing was measured by it" in answer.text


def test_words_of_a_translation_stand_above_each_other_only_where_they_correspond() -> None:
    row = {"source_words": ["In", "Ulm"], "words": ["in", "Ulm"], "origin": ["lexicon", "entity"]}
    assert translated(row) == (("In", "in", "lexicon"), ("Ulm", "Ulm", "entity"))
    assert translated({**row, "origin": ["marked", "marked"]})[0] == ("", "in", "marked")
    assert translated({**row, "source_words": []})[1] == ("", "Ulm", "entity")


def test_a_dropped_sentence_has_words_without_labels() -> None:
    assert [(word.word, word.label) for word in words_with(["a", "b"], [])] == [("a", "O"), ("b", "O")]


def test_another_run_may_be_named_and_a_sentence_that_is_not_there_is_told(pages: TestClient, shelved: Shelved) -> None:
    assert "no run names it" in pages.get(f"/sentence/{shelved.first}/0").text
    gone = pages.get(f"/sentence/{shelved.first}/77")
    assert gone.status_code == 404 and "it has no sentence 77" in gone.text
    assert pages.get(f"/sentence/{shelved.first}/0?run=ff").status_code == 404
    assert pages.get(f"/sentence/{shelved.first}/x").status_code == 422
