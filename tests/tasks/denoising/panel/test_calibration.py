"""Temperatures by hand, and the two steps that fit one on labelled sentences and read soft labels at it."""

import math

import numpy as np
import pytest

from artifacts.catalog import GOLD, LABELLED, SOFT_LABELS
from artifacts.errors import InputError
from artifacts.step import run_alone
from tasks.denoising.panel import temper_labels as reading
from tasks.denoising.panel.calibrate_teacher import calibrate_teacher
from tasks.denoising.panel.temper_labels import temper_labels
from tasks.denoising.panel.temperature import (
    LEAST,
    MOST,
    best_temperature,
    calibration_error,
    mean_surprise,
    tempered,
)

LABELS = ["O", "B-PER", "I-PER"]
META = {"language": "en", "labels": LABELS}


def test_a_temperature_is_the_root_of_probabilities():
    # Odds of 9 to 1 become 3 to 1 at T = 2, and 81 to 1 at T = 1/2; T = 1 changes nothing.
    said = np.array([[0.9, 0.1], [0.5, 0.5]], dtype=np.float32)
    assert tempered(said, 2.0) == pytest.approx(np.array([[0.75, 0.25], [0.5, 0.5]]), abs=1e-6)
    assert tempered(said, 0.5)[0] == pytest.approx([81 / 82, 1 / 82], abs=1e-6)
    assert tempered(said, 1.0) == pytest.approx(said)
    # 16 : 4 : 1 become 4 : 2 : 1.
    assert tempered(np.array([[16, 4, 1]]) / 21, 2.0) == pytest.approx(np.array([[4, 2, 1]]) / 7)


def test_what_float32_made_zero_stays_a_number():
    said = np.array([[1, 0, 0]], dtype=np.float32)
    assert tempered(said, 4.0).sum() == pytest.approx(1) and np.isfinite(np.log(tempered(said, 4.0))).all()
    assert mean_surprise(said, np.array([1])) == pytest.approx(-math.log(np.finfo(np.float32).tiny))


def test_probabilities_of_float32_are_computed_in_float64():
    said = np.array([[0.3, 0.4, 0.3]], dtype=np.float32)
    third, most = float(said[0, 0]), float(said[0, 1])
    assert tempered(said, 2.0)[0, 1] == pytest.approx(most**0.5 / (most**0.5 + 2 * third**0.5), rel=1e-14)
    assert mean_surprise(said, np.array([2])) == pytest.approx(-math.log(third), rel=1e-14)
    assert calibration_error(said, np.array([1])) == pytest.approx(1 - most, rel=1e-14)


@pytest.mark.parametrize(("right", "temperature"), [(3, 2.0), (9, 1.0)])
def test_the_best_temperature_makes_a_tagger_as_sure_as_it_is_right(right, temperature):
    """It gives 9 to 1 everywhere, and is right of 3 words in 4 (odds of 3, the root of 9), or of 9 in 10."""
    of = {3: 4, 9: 10}[right]
    said, true = np.tile([0.9, 0.1], (of, 1)), np.array([0] * right + [1] * (of - right))
    found = best_temperature(said, true)
    assert found == pytest.approx(temperature, rel=1e-4)
    share, after = right / of, tempered(said, found)
    assert calibration_error(said, true) == pytest.approx(0.9 - share)
    assert calibration_error(after, true) == pytest.approx(0, abs=1e-4)
    assert mean_surprise(said, true) == pytest.approx(-share * math.log(0.9) - (1 - share) * math.log(0.1))
    assert mean_surprise(after, true) == pytest.approx(-share * math.log(share) - (1 - share) * math.log(1 - share))


def test_a_tagger_that_doubts_itself_for_nothing_becomes_surer():
    # 3 to 1 everywhere, and right of 9 words in 10: odds of 9 are those of 3 at T = 1/2.
    said, true = np.tile([0.25, 0.75], (10, 1)), np.array([1] * 9 + [0])
    assert best_temperature(said, true) == pytest.approx(0.5, rel=1e-4)


def test_temperatures_have_bounds():
    said = np.array([[0.9, 0.1]])
    # Odds of 9^16 are as good as certain in float64, so that a tagger that is always right may end before the bound.
    assert LEAST < best_temperature(said, np.array([0])) < 1 / 16
    assert best_temperature(said, np.array([1])) == pytest.approx(MOST, rel=1e-3)


def test_the_calibration_error_is_a_mean_over_bins_by_their_words():
    """Four words: two of .6 of which one is right, gap .1; one of .9 that is right, gap .1; one of 1 that is not."""
    said = np.array([[0.6, 0.4], [0.4, 0.6], [0.1, 0.9], [1.0, 0.0]])
    true = np.array([0, 0, 1, 1])
    assert calibration_error(said, true, bins=5) == pytest.approx((2 * 0.1 + abs(2 - 1.9)) / 4 + 0.2)
    assert calibration_error(said, true, bins=10) == pytest.approx((2 * 0.1 + 0.1 + 1) / 4)
    # In one bin, what is too sure and what is not sure enough make up for each other: 2 are right, 3.1 expected.
    assert calibration_error(said, true, bins=1) == pytest.approx(1.1 / 4)


def test_rounding_above_1_makes_no_bin_of_its_own():
    said = np.array([[np.nextafter(np.float32(1), np.float32(2)), 0], [0.95, 0.05]], dtype=np.float32)
    assert calibration_error(said, np.array([1, 0]), bins=10) == pytest.approx((1 - 0.05) / 2, abs=1e-6)


SAID = [[[0.9, 0.05, 0.05], [0.1, 0.8, 0.1]], [[0.9, 0.05, 0.05]], []]
TAGS = [["O", "B-PER"], ["I-PER"], []]
WORDS = [["in", "Anna"], ["Berg"], []]


@pytest.fixture
def put_soft(put_table):
    def put(ids=(0, 1, 2), said=SAID, words=WORDS, meta=META):
        columns = {"sentence_id": list(ids), "words": words, "probabilities": said}
        return put_table(SOFT_LABELS, columns, meta)

    return put


@pytest.fixture
def labelled(put_table):
    return put_table(LABELLED, {"sentence_id": [0, 1, 2], "words": WORDS, "tags": TAGS}, META)


def test_a_teacher_is_measured_on_labelled_sentences(store, put_soft, labelled):
    made = run_alone(store, calibrate_teacher, put_soft(), labelled)
    (row,) = store.table(made).to_pylist()
    said, true = np.array([word for sentence in SAID for word in sentence]), np.array([0, 1, 2])
    assert row["temperature"] == pytest.approx(best_temperature(said, true), rel=1e-4)
    after = tempered(said, row["temperature"])
    assert (row["words"], row["accuracy"]) == (3, pytest.approx(2 / 3))
    assert row["nll"] == pytest.approx(-(math.log(0.9) + math.log(0.8) + math.log(0.05)) / 3)
    assert row["nll_calibrated"] == pytest.approx(mean_surprise(after, true), rel=1e-5) and row["temperature"] > 1
    assert row["nll_calibrated"] < row["nll"]
    # Words of .9 share a bin of fifteenths: of two one is right; that of .8 is alone.
    assert row["ece"] == pytest.approx((abs(1 - 1.8) + abs(1 - 0.8)) / 3)
    assert row["ece_calibrated"] == pytest.approx(calibration_error(after, true), abs=1e-5)
    assert store.metadata(made) == META


@pytest.mark.parametrize("at_a_time", [1, 8192])
def test_soft_labels_are_read_at_the_temperature(store, put_soft, labelled, monkeypatch, at_a_time):
    monkeypatch.setattr(reading, "SENTENCES_AT_A_TIME", at_a_time)
    calibration = run_alone(store, calibrate_teacher, put_soft(), labelled)
    temperature = store.table(calibration)["temperature"][0].as_py()
    target = put_soft((4, 7), [[[0.5, 0.3, 0.2]], SAID[0]], [["Ulm"], ["in", "Bonn"]], {**META, "language": "de"})
    made = run_alone(store, temper_labels, target, calibration)
    table = store.table(made).to_pylist()
    assert [(row["sentence_id"], row["words"]) for row in table] == [(4, ["Ulm"]), (7, ["in", "Bonn"])]
    for row, given in zip(table, ([[0.5, 0.3, 0.2]], SAID[0]), strict=True):
        assert np.array(row["probabilities"]) == pytest.approx(tempered(np.array(given), temperature), abs=1e-6)
    assert store.metadata(made) == {"language": "de", "labels": LABELS, "temperature": temperature}


def test_what_does_not_belong_together_is_refused(store, put_table, put_soft, labelled):
    with pytest.raises(InputError, match="soft labels and labelled, row 2: id 3 and 2"):
        run_alone(store, calibrate_teacher, put_soft((0, 1, 3)), labelled)
    other = {**META, "labels": ["O", "B-LOC", "I-LOC"]}
    with pytest.raises(InputError, match="soft labels has O, B-LOC, I-LOC; labelled has O, B-PER, I-PER"):
        run_alone(store, calibrate_teacher, put_soft(meta=other), labelled)
    calibration = run_alone(store, calibrate_teacher, put_soft(), labelled)
    with pytest.raises(InputError, match="soft labels has O, B-LOC, I-LOC; calibration has O, B-PER, I-PER"):
        run_alone(store, temper_labels, put_soft(meta=other), calibration)
    empty = put_table(LABELLED, {"sentence_id": [0], "words": [[]], "tags": [[]]}, META)
    with pytest.raises(InputError, match="the development corpus of the source language has no word"):
        run_alone(store, calibrate_teacher, put_soft((0,), [[]], [[]]), empty)


def test_gold_labels_of_the_target_calibrate_nobody(store, put_table, put_soft):
    gold = put_table(GOLD, {"sentence_id": [0, 1, 2], "tags": TAGS}, META)
    with pytest.raises(TypeError, match="labelled must be a reference to labelled, not gold"):
        run_alone(store, calibrate_teacher, put_soft(), gold)
