"""Eq. 2 and 3 of CoLaDa by hand, and their limits."""

import math

import numpy as np
import pytest
from pydantic import ValidationError

from tasks.denoising.reliability import (
    Reliability,
    class_means,
    label_agreement,
    match_groups,
    reliability_weights,
)


def test_agreement_is_the_share_of_matching_neighbours() -> None:
    # K = 4 with 3, 1, 4 matches: 3/4, 1/4, 4/4.
    agreement = label_agreement(np.array([3, 1, 4]), np.array([4, 4, 4]), np.array([0, 1, 0]))
    assert agreement.tolist() == [0.75, 0.25, 1.0]


def test_agreement_with_one_neighbour_is_one_or_nothing() -> None:
    assert label_agreement(np.array([0, 1]), np.array([1, 1]), np.array([0, 0])).tolist() == [0.0, 1.0]


def test_agreement_by_class_maximum_makes_the_best_word_of_a_label_one() -> None:
    # Label 0 has at most 4 matches: 2/4, 4/4. Label 1 has at most 1: 1/1, 0/1. Label 2 never matches: 0.
    agreement = label_agreement(np.array([2, 4, 1, 0, 0]), np.full(5, 8), np.array([0, 0, 1, 1, 2]), "class_maximum")
    assert agreement.tolist() == [0.5, 1.0, 1.0, 0.0, 0.0]


def test_without_neighbours_nothing_speaks_against_a_label() -> None:
    assert label_agreement(np.array([0]), np.array([0]), np.array([0])).tolist() == [1.0]


def test_class_means_leave_empty_classes_undefined() -> None:
    # Label 0: (1 + 0.5) / 2; label 1: no word; label 2: 0.25.
    means = class_means(np.array([1.0, 0.5, 0.25]), np.array([0, 0, 2]), 3)
    assert means[0] == 0.75 and math.isnan(means[1]) and means[2] == 0.25


def test_class_means_have_a_place_for_every_class() -> None:
    means = class_means(np.array([0.5, 0.25]), np.array([0, 1]), 4)
    assert means[:2].tolist() == [0.5, 0.25] and means.shape == (4,) and np.isnan(means[2:]).all()


def test_weights_follow_equation_3() -> None:
    # mu = 0.75; alpha (lambda - mu) = ln 3 for alpha = 4 ln 3 and lambda = 1: sigmoid(ln 3) = 3 / (3 + 1).
    # lambda = 0.5: sigmoid(-ln 3) = 1 / (1 + 3).
    weights = reliability_weights(
        np.array([1.0, 0.5]), np.array([0, 0]), np.array([0.75, math.nan]), sharpness=4 * math.log(3)
    )
    assert weights == pytest.approx([0.75, 0.25])


def test_rescaled_weights_reach_one_in_every_class() -> None:
    # 0.75 and 0.25 over 0.75; the only word of label 1 is at its mean: 0.5 over 0.5.
    weights = reliability_weights(
        np.array([1.0, 0.5, 0.3]), np.array([0, 0, 1]), np.array([0.75, 0.3]), 4 * math.log(3), "class_maximum"
    )
    assert weights == pytest.approx([1.0, 1 / 3, 1.0])


def test_no_words_have_no_weights() -> None:
    none, labels = np.empty(0), np.empty(0, dtype=int)
    assert label_agreement(none, none, labels, "class_maximum").tolist() == []
    assert reliability_weights(none, labels, np.array([0.5]), 6.0, "class_maximum").tolist() == []


def test_without_sharpness_all_words_weigh_a_half() -> None:
    weights = reliability_weights(np.array([0.0, 0.4, 1.0]), np.array([0, 0, 0]), np.array([0.4]), sharpness=0.0)
    assert weights.tolist() == [0.5, 0.5, 0.5]


def test_with_great_sharpness_words_below_their_class_mean_are_dropped() -> None:
    weights = reliability_weights(np.array([0.3, 0.5, 0.9]), np.array([0, 0, 0]), np.array([0.5]), sharpness=1e9)
    assert weights.tolist() == [0.0, 0.5, 1.0]


def test_labels_match_by_themselves_or_by_type() -> None:
    labels = ["O", "B-LOC", "I-LOC", "B-PER", "I-PER"]
    assert match_groups(labels, "label").tolist() == [0, 1, 2, 3, 4]
    assert match_groups(labels, "type").tolist() == [0, 1, 1, 3, 3]
    assert match_groups(["O", "B-X", "I-X", "B-Y", "I-Y"], "type").tolist() == [0, 1, 1, 3, 3]


def test_a_type_named_o_does_not_match_outside_words() -> None:
    groups = match_groups(["O", "B-O", "I-O"], "type")
    assert groups[1] == groups[2] != groups[0]


def test_defaults_are_the_papers() -> None:
    config = Reliability()
    assert (config.neighbours, config.sharpness, config.match, config.normaliser) == (500, 6.0, "label", "neighbours")


@pytest.mark.parametrize(
    "values",
    [{"neighbours": -1}, {"sharpness": -1}, {"exclude_duplicates": True, "product": "bf16"}, {"product": "int8"}],
)
def test_values_out_of_range_are_refused(values: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Reliability.model_validate(values)


@pytest.mark.parametrize("values", [{"exclude_duplicates": True}, {"product": "bf16"}])
def test_duplicates_are_left_out_in_float32(values: dict[str, object]) -> None:
    assert Reliability.model_validate(values).enabled
