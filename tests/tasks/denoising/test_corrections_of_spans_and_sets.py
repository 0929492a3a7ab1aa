"""What people say of sentences stands in for labels of spans, and for labels that were projected or dropped."""

from collections.abc import Callable
from typing import Any

import pytest

from artifacts.catalog import CORRECTIONS, SPAN_LABELS, TRAINING_SET
from artifacts.errors import InputError
from artifacts.reference import Reference
from artifacts.step import run_alone
from artifacts.store import Store
from tasks.denoising.correct_span_labels import correct_span_labels
from tasks.denoising.correct_training_set import correct_training_set

LABELS = ["O", "B-LOC", "I-LOC", "B-PER", "I-PER"]
CLASSES = ["O", "LOC", "PER"]
DOUBT = [0.5, 0.25, 0.25]
PutTable = Callable[..., Reference]


def corrections(put_table: PutTable, language: str, said: dict[int, tuple[str, list[str]]], **about: Any) -> Reference:
    columns = {
        "sentence_id": list(said),
        "words": [words.split() for words, _ in said.values()],
        "tags": [tags for _, tags in said.values()],
        "before": [tags for _, tags in said.values()],
        "author": ["ada"] * len(said),
        "made": ["2026-11-29T01:02:03Z"] * len(said),
    }
    meta = {"language": language, "labels": LABELS, "corpus": f"sentences/{language}", "authors": {"ada": len(said)}}
    return put_table(CORRECTIONS, columns, {**meta, **about})


# --- Spans (GLoDe)

SPANS = [(2, 0, 1), (2, 0, 2), (2, 1, 2), (2, 1, 3), (2, 2, 3), (4, 0, 1)]


@pytest.fixture
def span_labels(put_table: PutTable) -> Reference:
    """Sentence 2 has three words, sentence 4 one; spans have up to two."""
    ids, starts, ends = zip(*SPANS, strict=True)
    columns = {
        "sentence_id": ids,
        "start": starts,
        "end": ends,
        "text": ["?"] * 6,
        "label": ["O"] * 6,
        "probability": [0.5] * 6,
        "probabilities": [DOUBT] * 6,
        "decision": [None] * 6,
    }
    meta = {"language": "de", "classes": CLASSES, "most_words": 2, "epoch": 0, "thresholds": {}}
    return put_table(SPAN_LABELS, columns, meta)


def test_entities_are_their_class_for_sure_and_other_spans_of_the_sentence_none(
    store: Store, put_table: PutTable, span_labels: Reference
) -> None:
    given = corrections(put_table, "de", {2: ("a b c", ["B-LOC", "B-PER", "I-PER"])})
    made = run_alone(store, correct_span_labels, span_labels, given)
    rows = store.table(made).to_pylist()
    assert [(row["sentence_id"], row["start"], row["end"]) for row in rows] == SPANS
    assert [row["label"] for row in rows] == ["LOC", "O", "O", "PER", "O", "O"]
    assert [row["probability"] for row in rows] == [1.0] * 5 + [0.5]
    assert rows[0]["probabilities"] == [0, 1, 0] and rows[5]["probabilities"] == DOUBT
    about = {"language": "de", "classes": CLASSES, "most_words": 2, "epoch": 0, "thresholds": {}}
    assert store.metadata(made) == {**about, "corrected": [2]}


def test_what_no_span_can_hold_is_refused(store: Store, put_table: PutTable, span_labels: Reference) -> None:
    long = corrections(put_table, "de", {2: ("a b c", ["B-PER", "I-PER", "I-PER"])})
    with pytest.raises(InputError, match=r"sentence 2 has an entity of 3 words, and spans have at most 2; raise spans"):
        run_alone(store, correct_span_labels, span_labels, long)
    # The last span of sentence 2 is there, one from its third word on is not, as where a window ends.
    cut = corrections(put_table, "de", {2: ("a b c d", ["O", "O", "B-PER", "I-PER"])})
    with pytest.raises(InputError, match=r"sentence 2 is cut into windows inside its entity of words 3 to 4, .* raise"):
        run_alone(store, correct_span_labels, span_labels, cut)
    with pytest.raises(InputError, match="sentence 3 has no pseudo-labels"):
        run_alone(store, correct_span_labels, span_labels, corrections(put_table, "de", {3: ("a", ["O"])}))
    fewer = corrections(put_table, "de", {4: ("a", ["O"])}, labels=["O", "B-PER", "I-PER"])
    with pytest.raises(InputError, match="label sets differ"):
        run_alone(store, correct_span_labels, span_labels, fewer)


# --- Sets of sentences (CROP)


@pytest.fixture
def data(put_table: PutTable) -> Reference:
    rows = [
        ("Anna", "en", "labelled", "labelled/ab", 1),
        ("Ulm", "de", "projected", "sentences/de", 1),
        ("Ada", "de", "relabelled", "sentences/de", 5),
        ("Gent", "nl", "projected", "sentences/nl", 1),
    ]
    words, languages, origins, corpora, ids = zip(*rows, strict=True)
    columns = {"sentence_id": range(4), "words": [[word] for word in words], "tags": [["B-PER"]] * 4}
    columns |= {"language": languages, "origin": origins, "corpus": corpora, "source_sentence_id": ids}
    counts = {"en": {"labelled": 1}, "de": {"projected": 1, "relabelled": 1}, "nl": {"projected": 1}}
    return put_table(TRAINING_SET, columns, {"language": "en+de+nl", "labels": LABELS, "sentences": counts})


def test_corrected_sentences_replace_projected_ones_and_come_back_where_they_were_dropped(
    store: Store, put_table: PutTable, data: Reference
) -> None:
    # Sentence 1 of de was projected, 3 was dropped; sentences 1 of en and nl are others.
    de = corrections(put_table, "de", {1: ("Ulm", ["B-LOC"]), 3: ("Ja", ["O"])})
    made = run_alone(store, correct_training_set, data, (de,))
    rows = store.table(made).to_pylist()
    assert [(row["words"], row["tags"], row["language"], row["origin"], row["source_sentence_id"]) for row in rows] == [
        (["Anna"], ["B-PER"], "en", "labelled", 1),
        (["Ada"], ["B-PER"], "de", "relabelled", 5),
        (["Gent"], ["B-PER"], "nl", "projected", 1),
        (["Ulm"], ["B-LOC"], "de", "corrected", 1),
        (["Ja"], ["O"], "de", "corrected", 3),
    ]
    assert [row["sentence_id"] for row in rows] == [0, 1, 2, 3, 4]
    assert [row["corpus"] for row in rows[3:]] == ["sentences/de"] * 2
    assert store.metadata(made)["sentences"] == {
        "en": {"labelled": 1},
        "de": {"corrected": 2, "relabelled": 1},
        "nl": {"projected": 1},
    }
    nl = corrections(put_table, "nl", {1: ("Gent", ["B-LOC"])})
    both = store.table(run_alone(store, correct_training_set, data, (de, nl)))
    assert [tags for tags, origin in zip(both["tags"].to_pylist(), both["origin"].to_pylist(), strict=True)
            if origin == "corrected"] == [["B-LOC"], ["O"], ["B-LOC"]]  # fmt: skip
    assert len(both) == 5
    with pytest.raises(InputError, match="label sets differ"):
        wrong = corrections(put_table, "de", {1: ("Ulm", ["O"])}, labels=["O", "B-LOC", "I-LOC"])
        run_alone(store, correct_training_set, data, (wrong,))
