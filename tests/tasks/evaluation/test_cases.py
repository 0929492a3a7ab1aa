from collections.abc import Callable

import pytest

from artifacts.catalog import PREDICTIONS, TRANSLATION
from artifacts.errors import InputError
from artifacts.reference import Reference
from artifacts.show import preview
from artifacts.step import run_alone
from artifacts.store import Store
from tasks.evaluation.cases import compare_cases

LABELS = ["O", "B-LOC", "B-ORG"]
META = {"language": "de", "labels": LABELS}
WORDS = [["Kongo", "grenzt", "an"], ["Rom", "."], ["Ulm"]]
GIVEN = [["B-ORG", "O", "O"], ["B-LOC", "O"], ["B-LOC"]]


@pytest.fixture
def translation(put_table: Callable[..., Reference]) -> Reference:
    columns = {
        "sentence_id": [0, 1, 2],
        "words": WORDS,
        "tags": GIVEN,
        "source_words": [["Congo", "borders", "on"], ["Rome", "."], ["Ulm"]],
        "origin": [["lexicon"] * len(words) for words in WORDS],
        "corpus": ["labelled/ab"] * 3,
        "source_sentence_id": [0, 1, 2],
    }
    return put_table(TRANSLATION, columns, META)


def predictions(put_table: Callable[..., Reference], tags: list[list[str]]) -> Reference:
    rows = len(tags)
    return put_table(PREDICTIONS, {"sentence_id": range(rows), "words": WORDS[:rows], "tags": tags}, META)


def test_sentences_that_differ_are_kept_with_all_three_labellings(
    store: Store, put_table: Callable[..., Reference], translation: Reference
) -> None:
    # Sentence 0: the method alone differs, in one word. 1: all three agree. 2: translate-train alone differs.
    baseline = predictions(put_table, [GIVEN[0], GIVEN[1], ["O"]])
    ours = predictions(put_table, [["B-LOC", "O", "O"], GIVEN[1], GIVEN[2]])
    cases = run_alone(store, compare_cases, translation, baseline, ours)
    rows = store.table(cases).to_pylist()
    assert [row["sentence_id"] for row in rows] == [0, 2]
    assert [(row["translation"], row["translate_train"], row["method"]) for row in rows] == [
        (["B-ORG", "O", "O"], ["B-ORG", "O", "O"], ["B-LOC", "O", "O"]),
        (["B-LOC"], ["O"], ["B-LOC"]),
    ]
    assert store.metadata(cases) == {
        "language": "de",
        "sentences": 3,
        "cases": 2,
        "words": 6,
        "by_translate_train": 1,
        "by_method": 1,
    }
    assert preview(store, cases, 1) == [
        "[0] Congo borders on\n"
        "    translation      Kongo/B-ORG grenzt an\n"
        "    translate-train  Kongo/B-ORG grenzt an\n"
        "    method           Kongo/B-LOC grenzt an"
    ]


def test_labels_of_other_sentences_are_refused(
    store: Store, put_table: Callable[..., Reference], translation: Reference
) -> None:
    whole, part = predictions(put_table, GIVEN), predictions(put_table, GIVEN[:2])
    with pytest.raises(InputError, match="translation and the method's labels: 3 and 2 sentences"):
        run_alone(store, compare_cases, translation, whole, part)
