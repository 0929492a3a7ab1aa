"""Approximate randomisation, against the chances of small cases."""

from collections.abc import Callable

import numpy as np
import pytest

from artifacts.catalog import GOLD, PREDICTIONS
from artifacts.errors import InputError
from artifacts.reference import Reference
from artifacts.step import run_alone
from artifacts.store import Store
from tasks.evaluation.significance import compare_labels, randomised, sentence_counts
from tasks.words.spans import entity_spans

LABELS = ["O", "B-LOC", "I-LOC", "B-PER", "I-PER"]
META = {"language": "de", "labels": LABELS}
WORDS = [["Rom", "liegt"], ["Anna", "Berg"], ["in", "Ulm"], ["so", "ist"]]
GOLD_TAGS = [["B-LOC", "O"], ["B-PER", "I-PER"], ["O", "B-LOC"], ["O", "O"]]
NOTHING = [["O", "O"]] * 4


def side(*sentences: tuple[int, int, int]) -> np.ndarray:
    """One seed: right, predicted and gold entities of each sentence."""
    return np.array([sentences])


def test_a_sentence_counts_what_is_right_predicted_and_gold_by_type() -> None:
    # Sentence 0: LOC right. Sentence 1: PER in gold, its first word alone predicted, as PER. Sentence 2: LOC missed.
    ids = {label: number for number, label in enumerate(LABELS)}
    lengths = np.array([2, 2, 2])
    truth, guess = (
        entity_spans(np.array([ids[tag] for tag in tags]), lengths, LABELS)
        for tags in (
            ["B-LOC", "O", "B-PER", "I-PER", "O", "B-LOC"],
            ["B-LOC", "O", "B-PER", "O", "O", "O"],
        )
    )
    counts = sentence_counts(truth, guess, 3, 2)
    assert counts[:, 0].tolist() == [[1, 1, 1], [0, 0, 0], [0, 0, 1]]  # LOC
    assert counts[:, 1].tolist() == [[0, 0, 0], [0, 1, 1], [0, 0, 0]]  # PER


def test_the_chance_that_three_sentences_all_speak_for_one_model_is_a_quarter() -> None:
    # F1 1 against 0. Of the 8 ways to swap three sentences only two, none and all, differ by as much: 2 / 8.
    found = randomised(side(*[(1, 1, 1)] * 3), side(*[(0, 0, 1)] * 3), 9999, 0)
    assert (found.first, found.second) == (1.0, 0.0)
    assert found.p_value == pytest.approx(0.25, abs=0.02)


def test_ten_sentences_are_harder_to_explain_by_chance() -> None:
    # 2 / 1024; sentences on which both say the same change nothing.
    same = [(1, 1, 1)] * 5
    found = randomised(side(*[(1, 1, 1)] * 10, *same), side(*[(0, 0, 1)] * 10, *same), 9999, 0)
    assert found.p_value == pytest.approx(2 / 1024, abs=0.001)
    assert found.second == pytest.approx(2 * 5 / (5 + 15))


def test_models_that_say_the_same_differ_by_chance_alone() -> None:
    found = randomised(side((1, 2, 1), (0, 0, 3)), side((1, 2, 1), (0, 0, 3)), 99, 0)
    assert found.p_value == 1.0


def test_p_counts_the_labels_as_they_are_among_the_swaps() -> None:
    # No swap of 9 out of 40 sentences that all speak for one model comes near: (0 + 1) / (9 + 1).
    assert randomised(side(*[(1, 1, 1)] * 40), side(*[(0, 0, 1)] * 40), 9, 0).p_value == 0.1


def test_a_sentence_is_swapped_in_all_seeds_together() -> None:
    # Seed 1 speaks for the first model, seed 2 as much for the second: their mean F1 is the same, whatever is swapped.
    one, other = [(1, 1, 1)] * 10, [(0, 0, 1)] * 10
    found = randomised(np.array([one, other]), np.array([other, one]), 999, 0)
    assert (found.first, found.second, found.p_value) == (0.5, 0.5, 1.0)
    # Three sentences are three witnesses, however many seeds repeat them.
    found = randomised(np.array([one[:3]] * 5), np.array([other[:3]] * 5), 9999, 0)
    assert found.p_value == pytest.approx(0.25, abs=0.02)


def test_a_model_that_finds_nothing_has_f1_0() -> None:
    assert randomised(side((0, 0, 0)), side((0, 0, 0)), 9, 0).first == 0.0


@pytest.fixture
def labels(put_table: Callable[..., Reference]) -> Callable[[list[list[str]]], Reference]:
    def put(tags: list[list[str]]) -> Reference:
        return put_table(PREDICTIONS, {"sentence_id": range(4), "words": WORDS, "tags": tags}, META)

    return put


@pytest.fixture
def gold(put_table: Callable[..., Reference]) -> Reference:
    return put_table(GOLD, {"sentence_id": range(4), "tags": GOLD_TAGS}, META)


def test_the_step_compares_overall_and_by_type(store: Store, gold: Reference, labels: Callable[..., Reference]) -> None:
    locations = [["B-LOC", "O"], ["O", "O"], ["O", "B-LOC"], ["O", "O"]]
    found = run_alone(store, compare_labels, (labels(locations),), (labels(NOTHING),), gold, "a and b")
    overall, location, person = store.table(found).to_pylist()
    # 2 right of 2 predicted and 3 gold: F1 4/5. Two sentences speak for the first: 2 of 4 swaps differ as much.
    assert (overall["type"], overall["f1_first"], overall["f1_second"]) == ("overall", pytest.approx(0.8), 0.0)
    assert overall["p_value"] == pytest.approx(0.5, abs=0.02)
    assert (location["type"], location["f1_first"]) == ("LOC", 1.0)
    assert (person["type"], person["f1_first"], person["p_value"]) == ("PER", 0.0, 1.0)
    assert store.metadata(found) == {"name": "a and b", "seeds": 1, "samples": 9999}


def test_sides_with_another_number_of_seeds_are_refused(
    store: Store, gold: Reference, labels: Callable[..., Reference]
) -> None:
    one, other = labels(NOTHING), labels(GOLD_TAGS)
    with pytest.raises(InputError, match="2 and 1 seeds; expected as many"):
        run_alone(store, compare_labels, (one, other), (one,), gold, "a and b")


def test_labels_of_other_sentences_are_refused(
    store: Store, put_table: Callable[..., Reference], gold: Reference, labels: Callable[..., Reference]
) -> None:
    fewer = put_table(PREDICTIONS, {"sentence_id": [0], "words": WORDS[:1], "tags": NOTHING[:1]}, META)
    with pytest.raises(InputError, match="4 and 1 sentences"):
        run_alone(store, compare_labels, (labels(NOTHING),), (fewer,), gold, "a and b")


def test_other_entity_types_are_refused(
    store: Store, put_table: Callable[..., Reference], gold: Reference, labels: Callable[..., Reference]
) -> None:
    table = {"sentence_id": range(4), "words": WORDS, "tags": NOTHING}
    other = put_table(PREDICTIONS, table, {**META, "labels": ["O", "B-ORG", "I-ORG"]})
    with pytest.raises(InputError, match="label sets differ"):
        run_alone(store, compare_labels, (labels(NOTHING),), (other,), gold, "a and b")
