"""From matching neighbours to loss weights: label consistency, class means, reliability (CoLaDa, Eq. 2-3)."""

from collections.abc import Sequence
from typing import Literal

import numpy as np
from pydantic import Field, model_validator

from artifacts.settings import Settings
from tasks.denoising.neighbours.product import Product

Match = Literal["label", "type"]
Normaliser = Literal["neighbours", "class_maximum"]
Rescale = Literal["none", "class_maximum"]


class Reliability(Settings):
    """How far each pseudo-label is trusted, judged by the labels of similar words."""

    enabled: bool = Field(
        True, title="Weigh words", description="Off: every word has weight 1 (CoLaDa's first ablation)."
    )
    neighbours: int = Field(
        500,
        ge=0,
        title="Neighbours K",
        description="Words a label is compared with; all others in a smaller corpus. 0: every word has weight 1.",
    )
    sharpness: float = Field(
        6.0, ge=0, title="Sharpness α", description="0: every word weighs 0.5; large: weights are 0 or 1."
    )
    layers: Literal["last", "last3"] | int = Field(
        "last",
        title="Layers",
        description="Representation of a word: the last layer, the mean of the last three, or one layer by number.",
    )
    pooling: Literal["first", "mean"] = Field(
        "first", title="Pooling", description="A word's first sub-word, or the mean of all its sub-words."
    )
    labels_from: Literal["argmax", "viterbi"] = Field(
        "argmax", title="Labels from", description="Each word's most probable label, or the best valid IOB2 sequence."
    )
    match: Match = Field(
        "label", title="Match", description="A neighbour agrees by the same label, or (type) also B-X with I-X."
    )
    normaliser: Normaliser = Field(
        "neighbours",
        title="Normaliser",
        description="Divide matches by K, or by the largest number of matches of a word with that label.",
    )
    rescale: Rescale = Field(
        "none", title="Rescale", description="Divide weights by the largest weight of a word with that label, or not."
    )
    product: Product = Field(
        "float32",
        title="Product",
        description="Precision of the vectors in the search; bf16 is faster and changes some agreements by about 1/K.",
    )
    exclude_duplicates: bool = Field(
        False, title="Leave out duplicates", description="Leave out neighbours with a cosine within 1e-6 of 1."
    )

    @model_validator(mode="after")
    def _duplicates_need_float32(self) -> "Reliability":
        if self.exclude_duplicates and self.product != "float32":
            raise ValueError("exclude_duplicates compares cosines with 1, which bf16 is too coarse for; use float32")
        return self


def match_groups(labels: Sequence[str], match: Match) -> np.ndarray:
    """[C] int group of each label; neighbours match a word within its group.

    `label` gives each label its own group (Eq. 2); `type` puts B-X and I-X together, O alone (the published code).
    """
    names = [label if match == "label" or label == "O" else f"B-{label[2:]}" for label in labels]
    return np.array([names.index(name) for name in names], dtype=np.int64)


def label_agreement(
    matching: np.ndarray, found: np.ndarray, label_ids: np.ndarray, normaliser: Normaliser = "neighbours"
) -> np.ndarray:
    """Share of each word's neighbours that carry its label (CoLaDa, Eq. 2).

        lambda_i = 1/K sum over the K nearest j of I(y_j = y_i)

    Args:
        matching: [N] int, neighbours with the word's label.
        found: [N] int, neighbours looked at. A word without any has agreement 1: nothing speaks against it.
        label_ids: [N] int label ids.
        normaliser: `neighbours` divides by `found`; `class_maximum` by the largest `matching` of the label's words
            (0 where that is 0).

    Returns:
        [N] float64 in [0, 1]; higher is more trustworthy.
    """
    if normaliser == "neighbours":
        return np.where(found > 0, matching / np.maximum(found, 1), 1.0)
    return matching / np.maximum(_class_maximum(matching, label_ids), 1)


def class_means(agreement: np.ndarray, label_ids: np.ndarray, classes: int) -> np.ndarray:
    """Mean agreement of the words of each label, mu in Eq. 3.

    Args:
        agreement: [N] float.
        label_ids: [N] int label ids, below `classes`.
        classes: C.

    Returns:
        [C] float64; NaN for a label that no word has.
    """
    words = np.bincount(label_ids, minlength=classes)
    sums = np.bincount(label_ids, weights=agreement, minlength=classes)
    return np.where(words > 0, sums / np.maximum(words, 1), np.nan)


def reliability_weights(
    agreement: np.ndarray, label_ids: np.ndarray, means: np.ndarray, sharpness: float, rescale: Rescale = "none"
) -> np.ndarray:
    """Loss weight of each word's pseudo-label (CoLaDa, Eq. 3).

        w_i = sigmoid(alpha (lambda_i - mu(y_i)))

    Args:
        agreement: [N] float, lambda.
        label_ids: [N] int label ids.
        means: [C] float, mu; labels that no word has are never read.
        sharpness: alpha; 0 gives every word 0.5.
        rescale: `class_maximum` divides by the largest weight among the label's words (the published code).

    Returns:
        [N] float64 in [0, 1]; a word exactly at its class mean has 0.5 before rescaling.
    """
    distance = sharpness * (agreement - means[label_ids])
    weights = 0.5 * (1.0 + np.tanh(distance / 2.0))  # sigmoid that does not overflow
    if rescale == "none":
        return weights
    # The largest weight is at least 0.5 but for rounding, as the best word of a class is not below its mean.
    return weights / _class_maximum(weights, label_ids)


def _class_maximum(values: np.ndarray, label_ids: np.ndarray) -> np.ndarray:
    """[N] the largest value among the words with the same label."""
    largest = np.zeros(label_ids.max(initial=0) + 1, dtype=values.dtype)
    np.maximum.at(largest, label_ids, values)
    return largest[label_ids]
