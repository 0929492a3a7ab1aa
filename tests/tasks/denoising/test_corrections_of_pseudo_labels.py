"""What people say stands in for what taggers say, with weight 1; everything else stays as it is."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from artifacts.catalog import CORRECTIONS, RELIABILITY, SOFT_LABELS, VOTES
from artifacts.errors import InputError
from artifacts.job import Job
from artifacts.reference import Reference
from artifacts.runtime import Runtime
from artifacts.step import run_alone
from artifacts.store import Store
from tasks.denoising.correct_soft_labels import correct_soft_labels
from tasks.denoising.correct_votes import correct_votes
from tasks.denoising.corrected import CorrectedWords, corrected_places
from tasks.denoising.trust_corrections import trust_corrections
from tasks.distillation.teaching import read_teaching
from tasks.words.agreement import WhichSentences

LABELS = ["O", "B-PER", "I-PER"]
WORDS = [["Ada", "Koch", "lebt"], ["Ja"], ["In", "Ulm"]]
IDS = [3, 5, 9]
DOUBT = [0.5, 0.25, 0.25]
PutTable = Callable[..., Reference]


@pytest.fixture
def soft_labels(put_table: PutTable) -> Reference:
    columns = {"sentence_id": IDS, "words": WORDS, "probabilities": [[DOUBT for _ in words] for words in WORDS]}
    return put_table(SOFT_LABELS, columns, {"language": "de", "labels": LABELS})


@pytest.fixture
def reliability(put_table: PutTable) -> Reference:
    columns = {"sentence_id": IDS, "agreement": [[0.5] * 3, [0.25], [0.5] * 2],
               "weight": [[0.125] * 3, [0.25], [0.5] * 2]}  # fmt: skip
    return put_table(RELIABILITY, columns, {"labels": LABELS, "class_mean": {}, "neighbours": 1})


def corrections(put_table: PutTable, tags: dict[int, list[str]], author: str = "ada", **metadata: Any) -> Reference:
    words = dict(zip(IDS, WORDS, strict=True))
    columns = {
        "sentence_id": list(tags),
        "words": [words.get(each, ["?"]) for each in tags],
        "tags": list(tags.values()),
        "before": [["O"] * len(each) for each in tags.values()],
        "author": [author] * len(tags),
        "made": ["2026-11-29T01:02:03Z"] * len(tags),
    }
    about = {"language": "de", "labels": LABELS, "corpus": "sentences/ab", "authors": {author: len(tags)}}
    return put_table(CORRECTIONS, columns, {**about, **metadata})


def test_corrected_words_stand_where_their_sentences_do() -> None:
    # Sentences 3, 5, 9 have words 0 1 2, 3, 4 5; those of 3 and 9 are corrected, 7 is in another part of the text.
    sentences = WhichSentences(np.array(IDS), np.array([3, 1, 2]))
    given = WhichSentences(np.array([3, 7, 9]), np.array([3, 2, 2]))
    places, labels = corrected_places(sentences, CorrectedWords(given, np.array([1, 2, 0, 9, 9, 0, 1])))
    assert places.tolist() == [0, 1, 2, 4, 5] and labels.tolist() == [1, 2, 0, 0, 1]
    nothing = CorrectedWords(WhichSentences(np.array([7]), np.array([2])), np.array([0, 0]))
    assert [len(each) for each in corrected_places(sentences, nothing)] == [0, 0]
    # The order in which sentences stand is theirs.
    turned = WhichSentences(np.array([9, 3]), np.array([2, 3]))
    places, labels = corrected_places(turned, CorrectedWords(given, np.array([1, 2, 0, 9, 9, 0, 1])))
    assert sorted(zip(places.tolist(), labels.tolist(), strict=True)) == [(0, 0), (1, 1), (2, 1), (3, 2), (4, 0)]


def test_corrected_sentences_are_one_hot_and_the_others_untouched(
    store: Store, put_table: PutTable, soft_labels: Reference
) -> None:
    given = corrections(put_table, {3: ["B-PER", "I-PER", "O"], 9: ["O", "O"]})
    made = run_alone(store, correct_soft_labels, soft_labels, given)
    rows = store.table(made).to_pylist()
    assert [row["words"] for row in rows] == WORDS and [row["sentence_id"] for row in rows] == IDS
    assert rows[0]["probabilities"] == [[0.0, 1.0, 0.0], [0.0, 0.0, 1.0], [1.0, 0.0, 0.0]]
    assert rows[1]["probabilities"] == [DOUBT]
    assert rows[2]["probabilities"] == [[1.0, 0.0, 0.0]] * 2
    assert store.metadata(made) == {"language": "de", "labels": LABELS, "corrected": 2}


def test_who_corrected_changes_no_label(store: Store, put_table: PutTable, soft_labels: Reference) -> None:
    made = [
        run_alone(store, correct_soft_labels, soft_labels, corrections(put_table, {5: ["B-PER"]}, author))
        for author in ("ada", "ben")
    ]
    assert made[0].key != made[1].key and made[0].digest == made[1].digest


def test_what_people_said_weighs_1(
    store: Store, put_table: PutTable, soft_labels: Reference, reliability: Reference
) -> None:
    given = corrections(put_table, {3: ["B-PER", "I-PER", "O"], 9: ["O", "O"]})
    made = run_alone(store, trust_corrections, soft_labels, reliability, given)
    rows = store.table(made).to_pylist()
    assert [row["weight"] for row in rows] == [[1.0] * 3, [0.25], [1.0] * 2]
    assert [row["agreement"] for row in rows] == [[0.5] * 3, [0.25], [0.5] * 2]
    corrected = run_alone(store, correct_soft_labels, soft_labels, given)
    teaching = read_teaching(Job(store, Runtime(store=str(store)), writer=None), corrected, made)  # type: ignore[arg-type]
    assert teaching.weights.tolist() == [1, 1, 1, 0.25, 1, 1]
    assert teaching.probabilities.argmax(axis=1).tolist() == [1, 2, 0, 0, 0, 0]


def test_what_people_said_is_a_vote_where_taggers_differ_and_where_they_agree(
    store: Store, put_table: PutTable
) -> None:
    said = [["B-PER", None, "O"], [None], ["O", None]]
    about = {"language": "de", "labels": LABELS, "words": 6, "agreed": {"O": 2, "B-PER": 1, "I-PER": 0}}
    votes = put_table(VOTES, {"sentence_id": IDS, "words": WORDS, "votes": said}, about)
    given = corrections(put_table, {3: ["B-PER", "I-PER", "O"], 9: ["B-PER", "I-PER"]})
    made = run_alone(store, correct_votes, votes, given)
    rows = store.table(made).to_pylist()
    assert [row["votes"] for row in rows] == [["B-PER", "I-PER", "O"], [None], ["B-PER", "I-PER"]]
    assert [row["words"] for row in rows] == WORDS
    assert store.metadata(made) == {**about, "agreed": {"O": 1, "B-PER": 2, "I-PER": 2}, "corrected": 2}


def test_a_label_that_nobody_votes_for_is_counted_as_that(store: Store, put_table: PutTable) -> None:
    about = {"language": "de", "labels": LABELS, "words": 6, "agreed": {"O": 1, "B-PER": 1, "I-PER": 1}}
    said = [["B-PER", "I-PER", None], [None], ["O", None]]
    votes = put_table(VOTES, {"sentence_id": IDS, "words": WORDS, "votes": said}, about)
    made = run_alone(store, correct_votes, votes, corrections(put_table, {3: ["O", "O", "B-PER"]}))
    assert store.metadata(made)["agreed"] == {"O": 3, "B-PER": 1, "I-PER": 0}


def test_weights_of_other_labels_or_sentences_are_refused(
    store: Store, put_table: PutTable, soft_labels: Reference
) -> None:
    columns = {"sentence_id": IDS, "agreement": [[0.5] * 3, [0.25], [0.5] * 2],
               "weight": [[0.5] * 3, [0.25], [0.5] * 2]}  # fmt: skip
    others = put_table(RELIABILITY, columns, {"labels": ["O", "B-X"], "class_mean": {}, "neighbours": 1})
    with pytest.raises(InputError, match="soft labels has O, B-PER, I-PER; reliability has O, B-X"):
        run_alone(store, trust_corrections, soft_labels, others, corrections(put_table, {5: ["O"]}))
    fewer = {name: column[:2] for name, column in columns.items()}
    less = put_table(RELIABILITY, fewer, {"labels": LABELS, "class_mean": {}, "neighbours": 1})
    with pytest.raises(InputError, match="soft labels and reliability: 3 and 2 sentences"):
        run_alone(store, trust_corrections, soft_labels, less, corrections(put_table, {5: ["O"]}))


def test_corrections_that_do_not_fit_are_refused(
    store: Store, put_table: PutTable, soft_labels: Reference, reliability: Reference
) -> None:
    shorter = corrections(put_table, {3: ["B-PER", "O"]})
    with pytest.raises(InputError, match="sentence 3 has 2 words, with pseudo-labels it has 3"):
        run_alone(store, correct_soft_labels, soft_labels, shorter)
    with pytest.raises(InputError, match="sentence 3 has 2 words"):
        run_alone(store, trust_corrections, soft_labels, reliability, shorter)
    with pytest.raises(InputError, match="sentence 4 has no pseudo-labels"):
        run_alone(store, correct_soft_labels, soft_labels, corrections(put_table, {4: ["O"]}))
    with pytest.raises(InputError, match="pseudo-labels has O, B-PER, I-PER; corrections has O, B-X"):
        run_alone(store, correct_soft_labels, soft_labels, corrections(put_table, {5: ["O"]}, labels=["O", "B-X"]))
