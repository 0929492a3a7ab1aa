"""A sentence followed through runs that were put together by hand."""

from datetime import UTC, datetime
from typing import Any

import pytest
from shelved import Shelved, certain, put

from artifacts.catalog import (
    LABELLED,
    PREDICTIONS,
    SCORES,
    SENTENCES,
    SOFT_LABELS,
    SPAN_LABELS,
    STUDENT,
    TAGGER,
    TRANSLATION,
    VOTES,
    ModelKind,
)
from artifacts.manifest import Manifest, Recipe
from artifacts.reference import Reference
from artifacts.runs import RunRecord, StepTaken
from artifacts.store import STORE_FORMAT, Store
from flows.pages.shelf import Shelf
from flows.pages.stations import Followed, follow, student_lessons


def model(store: Store, kind: ModelKind, key: str, step: str = "train", **inputs: Reference) -> Reference:
    """A model made of these."""
    named = {name: f"{each.kind}:{each.digest}" for name, each in inputs.items()}
    recipe = Recipe(step=step, parameters={}, inputs=named, code="", schemas={}, store_format=STORE_FORMAT)
    with store.writing(kind, key, recipe) as writer:
        (writer.folder / "weights").write_text(key)
    assert writer.reference is not None
    return writer.reference


def run_of(*steps: Reference, student: Reference | None = None) -> RunRecord:
    """A run whose steps gave these, each in a stage of its own."""
    taken = tuple(
        StepTaken(step="a_step", stage=f"stage {n}", reference=each, status="ran", seconds=1.0)
        for n, each in enumerate(steps)
    )
    now = datetime.now(UTC)
    return RunRecord.model_construct(id="ab", method="colada", started=now, steps=taken, student=student, models=())


def described(store: Store, reference: Reference) -> Manifest:
    return store.describe(reference)


def measured(store: Store, key: str, predictions: Reference, gold: Reference) -> Reference:
    return put(store, SCORES, key, _no_scores(), predictions=predictions, gold=gold)


def _no_scores() -> dict[str, Any]:
    return {field.name: [] for field in SCORES.schema}


def kinds(found: Followed) -> list[str]:
    return [f"{each.kind}/{each.manifest.key}" for each in found.stations]


def test_all_that_is_about_a_sentence_comes_in_the_order_of_the_run(shelved: Shelved) -> None:
    store = shelved.store
    votes = put(
        store, VOTES, "ee", {"sentence_id": [2], "words": [["x"]], "votes": [[None]]}, teacher=shelved.first
    )  # fmt: skip
    other = put(store, SENTENCES, "f0", {"sentence_id": [2], "words": [["anders"]]})
    strange = put(
        store, SOFT_LABELS, "f1", {"sentence_id": [2], "words": [["anders"]], "probabilities": certain([["O"]])},
        sentences=other,
    )  # fmt: skip
    run = run_of(shelved.text, shelved.second, strange, shelved.weights, votes, shelved.first)
    found = follow(store, Shelf(store), run, described(store, shelved.text), 2)
    assert kinds(found) == ["soft_labels/b2", "reliability/cc", "votes/ee", "soft_labels/b1"]
    assert [each.stage for each in found.stations] == ["stage 1", "stage 3", "stage 4", "stage 5"]
    assert found.own is not None and found.own["words"] == ["<script>alert(1)</script>", "in", "New", "York"]
    assert found.of("reliability")[0].row["weight"] == pytest.approx([0.2, 0.5, 0.8, 0.3])
    # Sentence 1 has no vote in that table.
    assert kinds(follow(store, Shelf(store), run, described(store, shelved.text), 1)) == [
        "soft_labels/b2", "reliability/cc", "soft_labels/b1",
    ]  # fmt: skip
    assert len(follow(store, Shelf(store), None, described(store, shelved.text), 2).stations) == 4


def test_gold_is_shown_where_something_was_measured_by_it_and_only_that_kind(shelved: Shelved) -> None:
    store = shelved.store
    before = follow(store, Shelf(store), None, described(store, shelved.text), 0)
    assert before.stations and not before.of("gold"), "nothing says that they are of these sentences"
    columns = {"sentence_id": [0], "words": [["Ada"]], "tags": [["B-PER"]]}
    source_like = put(store, LABELLED, "d1", columns)
    tags = put(store, PREDICTIONS, "d2", columns, soft_labels=shelved.first)
    scores = [measured(store, "d3", tags, shelved.gold), measured(store, "d4", tags, source_like)]
    run = run_of(shelved.text, shelved.gold, source_like, tags, *scores)
    found = follow(store, Shelf(store), run, described(store, shelved.text), 0)
    assert kinds(found) == ["gold/dd", "predictions/d2"]


def translated(store: Store) -> tuple[Reference, Reference, Reference]:
    """Two labelled sentences, the second translated twice, and labels of the translations."""
    source = put(store, LABELLED, "a1", {"sentence_id": [0, 1], "words": [["In", "Ulm"], ["Ada"]],
                                        "tags": [["O", "B-LOC"], ["B-PER"]]})  # fmt: skip
    rows = {
        "sentence_id": [0, 1, 2], "words": [["in", "Ulm"], ["Ada"], ["ADA"]],
        "tags": [["O", "B-LOC"], ["B-PER"], ["B-PER"]], "source_words": [["In", "Ulm"], ["Ada"], ["Ada"]],
        "origin": [["lexicon", "entity"], ["entity"], ["entity"]], "corpus": [source.content] * 3,
        "source_sentence_id": [0, 1, 1],
    }  # fmt: skip
    translation = put(store, TRANSLATION, "a2", rows, data=source)
    labels = put(
        store, SOFT_LABELS, "a3",
        {"sentence_id": [0, 1, 2], "words": rows["words"], "probabilities": certain(rows["tags"])},
        sentences=translation,
    )  # fmt: skip
    return source, translation, labels


def test_a_source_sentence_leads_to_its_translations_and_their_labels_and_back(store: Store) -> None:
    source, translation, labels = translated(store)
    shelf, run = Shelf(store), run_of(source, translation, labels)
    found = follow(store, shelf, run, described(store, source), 1)
    assert [(each.sentence_id, kinds(each)) for each in found.copies] == [(1, ["soft_labels/a3"]),
                                                                         (2, ["soft_labels/a3"])]  # fmt: skip
    (station,) = found.stations
    assert [row["words"] for row in station.rows] == [["Ada"], ["ADA"]] and found.source is None
    back = follow(store, shelf, run, described(store, translation), 2)
    assert back.source is not None and (back.source[0].key, back.source[1]["words"]) == ("a1", ["Ada"])
    assert kinds(back) == ["soft_labels/a3"] and back.copies == ()


def test_rows_of_another_corpus_with_the_same_numbers_are_not_taken_for_translations(store: Store) -> None:
    source, translation, _ = translated(store)
    other = put(store, LABELLED, "b9", {"sentence_id": [1], "words": [["Bob"]], "tags": [["B-PER"]]})
    found = follow(store, Shelf(store), run_of(source, other, translation), described(store, other), 1)
    assert found.stations == () and found.copies == ()


def test_what_the_student_was_trained_on_is_marked(shelved: Shelved) -> None:
    store = shelved.store
    tagger = model(store, TAGGER, "11", soft_labels=shelved.first, reliability=shelved.weights)
    chosen = model(store, TAGGER, "12", "choose_epoch", tagger=tagger, scores=shelved.text)
    student = model(store, STUDENT, "13", tagger=chosen)
    run = run_of(shelved.text, shelved.first, shelved.second, shelved.weights, student=student)
    found = follow(store, Shelf(store), run, described(store, shelved.text), 0)
    assert [each.manifest.key for each in found.stations if each.taught] == ["b1", "cc"]
    without = follow(store, Shelf(store), run_of(shelved.first), described(store, shelved.text), 0)
    assert not any(each.taught for each in without.stations)


def test_refined_span_labels_teach_the_next_epoch_and_the_last_ones_nobody(store: Store) -> None:
    def spans(key: str, epoch: int, **inputs: Reference) -> Reference:
        row = {"sentence_id": [0], "start": [0], "end": [1], "text": ["Ada"], "label": ["PER"], "probability": [0.9],
               "probabilities": [[0.1, 0.9]], "decision": [None if epoch == 0 else [0.0, float(epoch)]]}  # fmt: skip
        return put(store, SPAN_LABELS, key, row, about={"epoch": epoch, "classes": ["O", "PER"]}, **inputs)

    text = put(store, SENTENCES, "a0", {"sentence_id": [0], "words": [["Ada"]]})
    initial = spans("a1", 0, sentences=text)
    tagger = model(store, TAGGER, "11", span_labels=initial, sentences=text)
    refined = [spans(f"b{epoch}", epoch, tagger=tagger, initial=initial) for epoch in (1, 2)]
    student = model(store, STUDENT, "13", tagger=tagger)
    makers = Shelf(store).by_content()
    assert student_lessons(makers, run_of(student=student)) == {
        f"{each.kind}:{each.digest}" for each in (text, initial, refined[0])
    }


def test_an_artifact_that_cannot_be_read_is_named_and_the_others_are_followed(shelved: Shelved) -> None:
    table = shelved.store.local("soft_labels", "b2") / "data.parquet"
    table.write_bytes(table.read_bytes()[:-7])
    run = run_of(shelved.first, shelved.second)
    found = follow(shelved.store, Shelf(shelved.store), run, described(shelved.store, shelved.text), 0)
    assert kinds(found) == ["soft_labels/b1"]
    assert len(found.unread) == 1 and found.unread[0].startswith("soft_labels/b2: ")
