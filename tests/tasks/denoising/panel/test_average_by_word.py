"""What is said of a word is brought nearer to what is said of it elsewhere; worked by hand."""

from collections.abc import Callable

import numpy as np
import pytest

from artifacts.catalog import SOFT_LABELS
from artifacts.reference import Reference
from artifacts.step import run_alone
from artifacts.store import Store
from tasks.denoising.panel import average_by_word as averaging
from tasks.denoising.panel.average_by_word import average_by_word

LABELS = ["O", "B-LOC", "B-ORG"]
ABOUT = {"language": "nl", "labels": LABELS, "teachers": ["a", "b"]}
WORDS = [["Gent", "wint"], ["In", "Gent", "gent"], ["Gent"]]
SAID = [
    [[0.1, 0.3, 0.6], [1.0, 0.0, 0.0]],
    [[0.9, 0.1, 0.0], [0.0, 0.9, 0.1], [0.2, 0.4, 0.4]],
    [[0.2, 0.6, 0.2]],
]


@pytest.fixture
def said(put_table: Callable[..., Reference]) -> Reference:
    return put_table(SOFT_LABELS, {"sentence_id": [3, 5, 9], "words": WORDS, "probabilities": SAID}, ABOUT)


def averaged(store: Store, said: Reference, share: float) -> list[list[list[float]]]:
    table = store.table(run_alone(store, average_by_word, said, share))
    assert table["sentence_id"].to_pylist() == [3, 5, 9] and table["words"].to_pylist() == WORDS
    found: list[list[list[float]]] = table["probabilities"].to_pylist()
    return found


@pytest.mark.parametrize("at_a_time", [1, 8192])
def test_occurrences_of_a_word_come_nearer_to_their_mean(
    store: Store, said: Reference, monkeypatch: pytest.MonkeyPatch, at_a_time: int
) -> None:
    monkeypatch.setattr(averaging, "SENTENCES_AT_A_TIME", at_a_time)
    # Gent three times: mean .1, .6, .3. A fourth is written otherwise.
    found = averaged(store, said, 0.25)
    assert found[0][0] == pytest.approx([0.1, 0.75 * 0.3 + 0.15, 0.75 * 0.6 + 0.075])
    assert found[1][1] == pytest.approx([0.025, 0.675 + 0.15, 0.075 + 0.075])
    assert found[2][0] == pytest.approx([0.175, 0.6, 0.225])
    for sentence, word in ((0, 1), (1, 0), (1, 2)):
        assert found[sentence][word] == pytest.approx(SAID[sentence][word]), "what stands there once stays"
    assert all(sum(word) == pytest.approx(1) for sentence in found for word in sentence)


def test_the_share_is_how_near_they_come(store: Store, said: Reference) -> None:
    gent = [averaged(store, said, share)[0][0] for share in (0.0, 0.5, 1.0)]
    assert gent == [pytest.approx(row) for row in (SAID[0][0], [0.1, 0.45, 0.45], [0.1, 0.6, 0.3])]


@pytest.mark.parametrize("at_a_time", [1, 8192])
def test_what_changed_is_counted_and_what_is_known_of_the_labels_stays(
    store: Store, said: Reference, monkeypatch: pytest.MonkeyPatch, at_a_time: int
) -> None:
    monkeypatch.setattr(averaging, "SENTENCES_AT_A_TIME", at_a_time)
    made = run_alone(store, average_by_word, said, 0.75)
    assert store.metadata(made) == {**ABOUT, "same_word": 0.75}
    notes = store.describe(made).notes
    # Of Gent's three, the first was an organisation.
    assert (notes["words_seen_again"], notes["labels_changed_by_words"]) == (3, 1)


def test_twice_is_again(store: Store, put_table: Callable[..., Reference]) -> None:
    columns = {"sentence_id": [0], "words": [["a", "b", "a"]], "probabilities": [[[0.5, 0.25, 0.25]] * 3]}
    made = run_alone(store, average_by_word, put_table(SOFT_LABELS, columns, ABOUT), 0.5)
    assert store.describe(made).notes == {"words_seen_again": 2, "labels_changed_by_words": 0}


def test_a_text_without_words_of_one_kind_twice_stays(store: Store, put_table: Callable[..., Reference]) -> None:
    columns = {"sentence_id": [0, 1], "words": [["a", "b"], []], "probabilities": [[[0.5, 0.25, 0.25]] * 2, []]}
    said = put_table(SOFT_LABELS, columns, ABOUT)
    table = store.table(run_alone(store, average_by_word, said, 0.9))
    np.testing.assert_allclose(table["probabilities"].to_pylist()[0], [[0.5, 0.25, 0.25]] * 2)
    assert table["probabilities"].to_pylist()[1] == []
