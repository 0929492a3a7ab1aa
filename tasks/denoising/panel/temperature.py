"""One number that makes a tagger as sure as it is right (temperature scaling, Guo et al., 2017)."""

import numpy as np

LEAST, MOST = 0.05, 20.0
"""Temperatures between which the best one is looked for."""

_SMALLEST = np.finfo(np.float32).tiny  # What float32 made 0 has a logarithm all the same, of -87.


def tempered(probabilities: np.ndarray, temperature: float) -> np.ndarray:
    """Probabilities at a temperature, which leaves their order as it is (Guo et al., Eq. 9).

        p_T(c) = p(c)^(1/T) / sum_k p(k)^(1/T), which is softmax(z / T) for p = softmax(z)

    Args:
        probabilities: [N, C]; rows sum to 1.
        temperature: T; 1 changes nothing, more makes less sure.

    Returns:
        [N, C] float64; rows sum to 1.
    """
    powers: np.ndarray = np.power(np.maximum(probabilities, _SMALLEST), 1 / temperature, dtype=np.float64)
    return powers / powers.sum(axis=1, keepdims=True)


def mean_surprise(probabilities: np.ndarray, label_ids: np.ndarray) -> float:
    """Negative log-likelihood of the true labels, in nats per word.

    Args:
        probabilities: [N, C].
        label_ids: [N] true ones.
    """
    true = probabilities[np.arange(len(label_ids)), label_ids]
    return float(-np.log(np.maximum(true, _SMALLEST), dtype=np.float64).mean())


def best_temperature(probabilities: np.ndarray, label_ids: np.ndarray) -> float:
    """The temperature at which true labels are least surprising; the loss is convex in 1/T, so there is one.

    Args:
        probabilities: [N, C], N at least 1.
        label_ids: [N] true ones.

    Returns:
        T, between LEAST and MOST; near LEAST for a tagger that is always right, near MOST for one that guesses.
    """
    # Here, because importing scipy takes a quarter of a second that `crosstag --help` does not have.
    from scipy.optimize import minimize_scalar

    found = minimize_scalar(
        lambda log: mean_surprise(tempered(probabilities, np.exp(log)), label_ids),
        bounds=(np.log(LEAST), np.log(MOST)),
        method="bounded",
    )
    return float(np.exp(found.x))


def calibration_error(probabilities: np.ndarray, label_ids: np.ndarray, bins: int = 15) -> float:
    """How far probabilities are from shares of right labels (expected calibration error, Guo et al., Eq. 3).

        ECE = sum_m |B_m| / N |acc(B_m) - conf(B_m)|, B_m the words whose largest probability is in (m - 1, m] / M

    Args:
        probabilities: [N, C], N at least 1.
        label_ids: [N] true ones.
        bins: M; the paper's tables have 15.

    Returns:
        In [0, 1]; 0 is best.
    """
    confidence = probabilities.max(axis=1).astype(np.float64)
    right = probabilities.argmax(axis=1) == label_ids
    place = np.minimum(np.ceil(confidence * bins), bins).astype(np.int64)  # In float32 a row's sum may exceed 1.
    return float(np.abs(np.bincount(place, right - confidence)).sum() / len(label_ids))
